"""What every target does: take inputs, run the network, give outputs and counts. And the registry of targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, get_args

import numpy as np

from convert.data.evaluate import Predictor
from convert.errors import UserError
from convert.left_out import require
from convert.network import INPUT, Network
from convert.network.network import Activation
from deploy import emulator
from deploy.arrays import Bool, Float32, Int32, Int64
from deploy.events.counts import LayerCounts
from deploy.nengo_loihi.board_power import BoardPower
from partition.result import Partition

from .names import TargetName

if TYPE_CHECKING:
    from convert.frontends.keras.decoder import Decoder

Counts = Int32 | Int64
"""Spikes of neurons in windows, shape (windows, neurons)."""

Window = tuple[int, int]
"""Half-open range of time steps over which the host averages rates."""


@dataclass(frozen=True)
class InputRun:
    """One input's run: ``outputs`` has shape (windows, *output shape), what the host reads at the end of each.

    A target with spikes fills ``layers``, the events of each population, and ``counts``, the spikes of each readout
    source in each window, shape (windows, neurons). ``until[population]`` has the ``EVENTS`` before the end of each
    window, shape (windows, EVENTS): those of a run of so many steps; ``busiest`` those of the busiest cores of each
    step, shape (windows, PIPELINES, BUSIEST). Both are None where a target does not count them.
    """

    outputs: Float32
    layers: dict[str, LayerCounts] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    until: dict[str, Int64] | None = None
    busiest: Int64 | None = None
    power: BoardPower | None = None
    """Of the board, measured; None on every other target."""


@dataclass(frozen=True)
class Job:
    """What to run: steps per input are ``network.timesteps``; ``continuous`` keeps the state from input to input.

    Where the network has a period, ``continuous`` lets inputs follow each other through the layers so many steps apart.
    ``original`` computes what the model does that the network was made from, if that is known. ``decoder`` is what the
    host makes of the network's first output.
    """

    network: Network
    partition: Partition
    windows: Sequence[Window]
    threads: int = 1
    continuous: bool = False
    original: Predictor | None = None
    decoder: Decoder | None = None

    @property
    def activation(self) -> Activation:
        """That of the output, as far as it is known."""
        return self.network.readouts[0].activation if self.decoder is None else self.decoder.activation or "linear"

    @property
    def following(self) -> bool:
        """Whether the next input enters while those before it are on their way."""
        return self.continuous and self.network.period is not None

    @property
    def readout_sources(self) -> tuple[str, ...]:
        """The populations whose spikes the host reads."""
        readouts = {readout.name for readout in self.network.readouts}
        sources = (p.source for p in self.network.projections if p.target in readouts and p.source != INPUT)
        return tuple(dict.fromkeys(sources))


def fitted(job: Job) -> Job:
    """``job`` with what clears layers between inputs, if anything does, as the cores of its partition need it.

    Raises ``UserError`` for what has no place in the chip's integers: nengo_loihi would only find it while it builds.
    """
    network = emulator.with_fitted_clearing(job.network, job.partition.tiles)
    emulator.discretize(network, job.partition.tiles)
    return replace(job, network=network)


class Runner(Protocol):
    """What runs inputs on a target."""

    def __call__(self, inputs: Float32, *, by_core: bool = True) -> Iterator[InputRun]:
        """The runs of ``inputs`` (n, rows, columns, channels), raw pixels, in order; ``by_core`` counts ``busiest``,
        where the target can."""
        ...


Target = Callable[[Job], Runner]
"""Prepares a job (compiles, builds) and returns what runs inputs; state is kept between calls if continuous."""


@dataclass(frozen=True)
class TargetRow:
    """A target: where its ``prepare(job)`` is, whether its spikes are those of the chip's integers, what it is, and
    what of ``convert.left_out`` it needs."""

    module: str
    exact: bool
    note: str
    needs: tuple[str, ...] = ()


NENGO = ("nengo", "nengo_loihi")
NENGO_DL = ("nengo", "nengo_dl", "tensorflow", "tf_keras")

TARGETS: dict[TargetName, TargetRow] = {
    "fast": TargetRow("deploy.targets.fast", True, "our exact emulator of the chip's integers"),
    "emulator": TargetRow("deploy.targets.nengo_loihi", True, "nengo_loihi.Simulator, target 'sim'", NENGO),
    "nengo-dl": TargetRow(
        "deploy.targets.nengo_dl", False, "float spiking neurons in NengoDL, no 8-bit weights", NENGO_DL
    ),
    "loihi": TargetRow("deploy.targets.loihi", True, "the chip, through nengo_loihi and NxSDK", NENGO),
    "keras": TargetRow("deploy.targets.keras", False, "the model that was converted: no spikes, no steps"),
}
assert tuple(TARGETS) == get_args(TargetName), "one row for each name"


def prepare(name: TargetName, job: Job) -> Runner:
    """The target called ``name``, ready to run ``job``."""
    if name not in TARGETS:
        raise UserError(f"there is no target '{name}'; choose from {', '.join(TARGETS)}")
    require(f"target '{name}'", TARGETS[name].needs)
    target: Target = import_module(TARGETS[name].module).prepare
    return target(job)


def window_counts(spikes: Bool, windows: Sequence[Window]) -> Int64:
    """Spikes (steps, neurons) counted in each window, shape (windows, neurons)."""
    running = np.concatenate([np.zeros((1, spikes.shape[1]), np.int64), np.cumsum(spikes, axis=0, dtype=np.int64)])
    return np.stack([running[stop] - running[start] for start, stop in windows])
