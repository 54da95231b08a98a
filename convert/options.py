"""How to convert, and how to tell what goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""From what is done and its number of steps to a context whose value is called with the steps just done."""

SpikingRecipe = Literal["tandem", "stbp", "single-step", "weight-sharing"]
"""How a spiking network is trained through its own spikes: ``convert.training.recipes``; without few steps only by
tandem learning, over all of them."""

SurrogateName = Literal["triangle", "arctan", "rectangle"]
"""What stands for the derivative of a spike."""

BY_SURROGATE: tuple[SpikingRecipe, ...] = ("stbp", "single-step")
"""Recipes whose gradient goes through single spikes."""

Takes = Literal["rates", "counts"]
"""What a decoder on the host is given of the chip's outputs: means over the window that is read out, in the units of
the network's output, or these times the steps of the window."""

MaxPooling = Literal["average", "strided"]
"""What to put in place of max pooling."""

OF_SPIKES = "or"
"""Max pooling of spikes, which is exact: nothing is put in its place."""

LIMITS = {
    "fine_tune_epochs": (0, 10_000),
    "spiking_batches": (0, 1_000_000),
    "timesteps": (8, 100_000),
    "steps": (2, 1_000),
    "calibration_images": (1, 1_000_000),
    "metric_images": (1, 10_000_000),
    "seed": (0, 2**31 - 1),
}
"""The least and the most of whole numbers: what is beyond would fill the memory, or end never."""

FLAGS: dict[str, str | None] = {
    "fine_tune_epochs": "--fine-tune",
    "spiking_batches": "--spiking-fine-tune",
    "rates_hz": "--rates",
    "output": "--measured-output",
    "synapse_s": "--synapse",
    "memory": None,
    "decoder": None,
}
"""Options of the command that have another name, or (None) change no result."""


ChosenMetric = Literal["accuracy", "pixel_accuracy", "mse", "auc", "psnr"]
"""What says the task: classes of images or of pixels, numbers to be given, anomalies among inputs to be given again."""


@dataclass(frozen=True)
class Options:
    """How to convert; the defaults suit a network that was trained without the chip in mind.

    ``rates_hz`` are the rates at the ``percentile`` of the last and of the first layer on the chip.
    With ``one_scale`` they are those of the layer with the largest activations, and all layers keep their proportions.
    ``synapse_s`` None chooses a time constant for each population: see ``convert.calibration.synaptic_filters``.
    ``host_from`` is the layer of the model from which on the host computes, as Keras does, what the chip's network
    gives; ``decoder`` is the file of another model that it computes so, from rates or counts as ``decoder_takes`` says.
    ``output`` is the one of several outputs that is measured, by its name; None is the first one. ``metric`` is what is
    measured; None: what the labels can be, classes before numbers.
    ``steps`` shows each image for so many steps only; ``recipe`` says how its wave through the layers is trained, by
    which ``surrogate`` (None: ``stbp``, or without ``steps`` ``tandem``), and
    ``labels_weight`` what classes weigh there beside the original's outputs, ``spike_penalty`` a million synaptic
    operations and ``rate_loss`` rates at the ``percentile`` that are too high. Kernels lose the share ``prune`` of
    their weights. Training starts from the weights of the bundle
    ``start_from``, trained so before, if there is one. With ``follow`` each layer is cleared after an image, so that
    the next can enter while it is on its way. ``augment`` mirrors, turns and shifts
    images in training, where their task allows it.
    The layers ``relay``, their names with commas between them, get relays: ``convert.network.relays``.
    ``memory`` is the most to take, in bytes; None: what is free.
    ``metric_images`` are scored, a 64th of them where an image is a segmentation: accuracy is then one of pixels.
    """

    fine_tune_epochs: int = 0
    spiking_batches: int = 0
    steps: int | None = None
    recipe: SpikingRecipe | None = None
    surrogate: SurrogateName = "triangle"
    spike_penalty: float = 0.0
    rate_loss: float = 0.0
    prune: float = 0.0
    labels_weight: float = 1.0
    start_from: str | None = None
    follow: bool = False
    augment: bool = True
    percentile: float = 99.9
    rates_hz: tuple[float, float] = (400.0, 600.0)
    one_scale: bool = False
    max_pooling: MaxPooling | None = None
    output: str | None = None
    host_from: str | None = None
    decoder: str | None = None
    decoder_takes: Takes = "rates"
    metric: ChosenMetric | None = None
    timesteps: int = 128
    synapse_s: float | None = None
    vmin: float = -2.0
    relay: str | None = None
    calibration_images: int = 128
    metric_images: int = 256
    seed: int = 0
    memory: int | None = None

    @property
    def trained_by(self) -> SpikingRecipe:
        """The recipe, chosen or usual."""
        return self.recipe or ("tandem" if self.steps is None else "stbp")

    @property
    def relayed(self) -> tuple[str, ...]:
        """The layers whose spikes are passed on by relays."""
        return tuple(dict.fromkeys(name.strip() for name in (self.relay or "").split(",") if name.strip()))

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        numbers = {"percentile": self.percentile, "vmin": self.vmin, "synapse_s": self.synapse_s or 0.0}
        numbers |= {f"rates_hz[{i}]": rate for i, rate in enumerate(self.rates_hz)}
        problems = [
            f"{name} is {value}; give a finite number" for name, value in numbers.items() if not isfinite(value)
        ]
        problems += out_of_range({name: getattr(self, name) for name in LIMITS}, LIMITS)
        problems += self._wave_problems() + self._host_problems()
        if self.rates_hz[0] > self.rates_hz[1]:
            low, high = self.rates_hz
            problems.append(f"--rates {low:g} {high:g}: the smallest rate is above the largest; write --rates MIN MAX")
        if self.max_pooling == OF_SPIKES:
            problems.append(
                "--max-pooling or joins spikes, which only a spiking network (.nir) pools; of rates an OR is no "
                "maximum: use --max-pooling average (or strided)"
            )
        elif self.max_pooling not in (None, *get_args(MaxPooling)):
            problems.append(
                f"max_pooling '{self.max_pooling}' is not known; choose {' or '.join(get_args(MaxPooling))}"
            )
        if self.metric not in (None, *get_args(ChosenMetric)):
            problems.append(f"metric '{self.metric}' is not known; choose one of {', '.join(get_args(ChosenMetric))}")
        return problems

    def _host_problems(self) -> list[str]:
        """What is wrong with a decoder on the host."""
        problems = []
        if self.decoder_takes not in get_args(Takes):
            problems.append(f"decoder_takes '{self.decoder_takes}' is not known; choose {' or '.join(get_args(Takes))}")
        elif self.decoder_takes != "rates" and self.decoder is None:
            problems.append("--decoder-takes says what a decoder is given; add --decoder FILE, or leave it out")
        if self.host_from is None and self.decoder is None:
            return problems
        if self.host_from is not None and self.decoder is not None:
            problems.append("--host-from and --decoder both say what the host computes last; leave out one of them")
        flag = "--decoder" if self.host_from is None else "--host-from"
        given = {"--fine-tune": self.fine_tune_epochs, "--steps": self.steps}
        if found := [name for name, value in given.items() if value]:
            problems.append(
                f"{' and '.join(found)} would train the network on the chip towards what only the decoder gives; leave "
                f"out {flag}, or train the model with Keras before"
            )
        return problems

    def _wave_problems(self) -> list[str]:
        """What is wrong with showing images for a few steps."""
        problems = []
        if self.trained_by not in get_args(SpikingRecipe):
            problems.append(f"recipe '{self.recipe}' is not known; choose {' or '.join(get_args(SpikingRecipe))}")
        if self.steps is None and (flags := self._flags_of_steps()):
            batches = "" if self.spiking_batches or flags == ["--start-from"] else " and --spiking-fine-tune"
            problems.append(
                f"only images that are shown for a few steps take these; leave out {', '.join(flags)}, or give "
                f"--steps{batches}"
            )
        if self.surrogate not in get_args(SurrogateName):
            problems.append(f"surrogate '{self.surrogate}' is not known; choose {' or '.join(get_args(SurrogateName))}")
        elif self.surrogate != "triangle" and self.trained_by not in BY_SURROGATE:
            problems.append(
                f"recipe '{self.trained_by}' has no surrogate of a spike's derivative; leave out --surrogate, or "
                f"choose --recipe {' or '.join(BY_SURROGATE)}"
            )
        if self.steps is not None and not self.spiking_batches and self.start_from is None:
            problems.append(
                f"{self.steps} steps are too few for a network that is not trained through them; give the number of "
                "batches with --spiking-fine-tune"
            )
        for name in ("spike_penalty", "rate_loss"):
            weight = getattr(self, name)
            if not isfinite(weight) or weight < 0:
                problems.append(f"{name} is {weight}; give a finite number that is not negative")
        if not 0 <= self.prune <= MOST_PRUNED:
            problems.append(f"prune is {self.prune}; give a share from 0 to {MOST_PRUNED}")
        elif self.prune and self.steps is not None and self.start_from is not None and not self.spiking_batches:
            problems.append(
                "prune leaves synapses out while a network is trained; leave out --prune, or give the number of "
                "batches with --spiking-fine-tune"
            )
        if self.relayed and self.steps is not None:
            problems.append(
                "relays make spikes a step late, for which a training through few steps has no room; leave out --relay "
                "or --steps"
            )
        if not isfinite(self.labels_weight) or self.labels_weight < 0:
            problems.append(f"labels_weight is {self.labels_weight}; give a finite number that is not negative")
        return problems

    def _flags_of_steps(self) -> list[str]:
        """The options that were given, of those which need images that are shown for a few steps."""
        given = {
            "--recipe": self.trained_by in get_args(SpikingRecipe) and self.trained_by != "tandem",
            "--spike-penalty": self.spike_penalty > 0,
            "--rate-loss": self.rate_loss > 0,
            "--prune": self.prune > 0,
            "--start-from": self.start_from is not None,
            "--follow": self.follow,
        }
        return [flag for flag, is_given in given.items() if is_given]


MOST_PRUNED = 0.95
"""The largest share of weights that can be left out."""


def out_of_range(values: Mapping[str, int | None], limits: Mapping[str, tuple[int, int]]) -> list[str]:
    """A sentence for each of ``values``, if it is given, that is not within its ``limits``."""
    problems = []
    for name, (least, most) in limits.items():
        value = values[name]
        if value is not None and not least <= value <= most:
            way_out = f"at least {least}" if value < least else f"at most {most:,}"
            problems.append(
                f"{name} is {value:.6g}; use {way_out}" if value > 10**15 else f"{name} is {value}; use {way_out}"
            )
    return problems


def silent(description: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    """A ``Progress`` that tells nobody."""
    return nullcontext(lambda steps: None)
