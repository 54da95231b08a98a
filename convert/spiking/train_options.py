"""How a spiking network is trained from scratch."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import get_args

from convert.network.neuron import DECAY_ONE
from convert.options import LIMITS, SurrogateName, out_of_range

TRAIN_LIMITS = {
    "steps": LIMITS["steps"],
    "epochs": (1, 100_000),
    "batch": (1, 4096),
    "shift": (0, 1000),
    "delay": (0, 1000),
    "seed": LIMITS["seed"],
}

MOST_LEAK = (DECAY_ONE - 1) / DECAY_ONE
"""What a voltage loses in a step at most."""


@dataclass(frozen=True)
class TrainOptions:
    """How to train; see ``convert.training.recipes.stbp``.

    A recording is given in ``steps`` of ``event_dt_s`` seconds each (None: of the network's step) from
    ``event_start_s`` after its first event on. Neurons lose the share ``leak`` of their voltage in a step, which sinks
    to ``vmin`` thresholds at most. In each of ``epochs`` every recording is seen once, ``batch`` at a time, moved by up
    to ``shift`` pixels and ``delay`` steps, each event left out with probability ``drop``. ``learning_rate`` is
    relative to each tensor's size, ``surrogate`` what stands for a spike's derivative, ``spike_penalty`` what a million
    synaptic operations weigh beside the loss.
    """

    steps: int = 32
    event_dt_s: float | None = None
    event_start_s: float = 0.0
    leak: float = 0.0
    vmin: float = -2.0
    epochs: int = 50
    batch: int = 32
    learning_rate: float = 0.02
    surrogate: SurrogateName = "triangle"
    spike_penalty: float = 0.0
    shift: int = 0
    delay: int = 0
    drop: float = 0.0
    seed: int = 0

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        problems = out_of_range({name: getattr(self, name) for name in TRAIN_LIMITS}, TRAIN_LIMITS)
        bounds = {"leak": (0.0, MOST_LEAK), "drop": (0.0, 0.99), "learning_rate": (1e-9, 1.0)}
        for name, (least, most) in bounds.items():
            value = getattr(self, name)
            if not least <= value <= most:
                problems.append(f"{name} is {value}; use {least:g} to {most:.4g}")
        for name in ("event_start_s", "spike_penalty"):
            value = getattr(self, name)
            if not isfinite(value) or value < 0:
                problems.append(f"{name} is {value}; give a finite number that is not negative")
        if self.event_dt_s is not None and (not isfinite(self.event_dt_s) or self.event_dt_s <= 0):
            problems.append(f"event_dt_s is {self.event_dt_s}; give a finite number above 0")
        if not isfinite(self.vmin) or self.vmin > 0:
            problems.append(f"vmin is {self.vmin}; give a finite number that is not above 0")
        if self.surrogate not in get_args(SurrogateName):
            problems.append(f"surrogate '{self.surrogate}' is not known; choose {' or '.join(get_args(SurrogateName))}")
        return problems


FLAGS: dict[str, str | None] = {"event_dt_s": "--event-dt", "event_start_s": "--event-start"}
"""Options of the command that have another name."""
