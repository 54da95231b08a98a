"""Training through the chip's own steps: a wave learns to give the Keras outputs with the spikes that it really fires.

First each layer alone learns its own activations from the spikes that it gets, then all of them together the outputs
and, where there are any, the labels. Sources: the surrogate gradient in ``wave.simulate``; distillation, Hinton et al.
2015. Shares and rates are chosen by trials on a ResNet-20: docs/few-spikes.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from convert.errors import UserError
from convert.frontends.original import Images, Original
from convert.storage.recovery import NOTES
from convert.training.descent import Descent, cosine
from convert.training.losses import Loss, cross_entropy, distillation_loss
from convert.training.wave.batch import Aim, BatchGradient, Examples, Found
from convert.training.wave.kernels import TRIANGLE, Kernel, Surrogate, Synapses
from convert.training.wave.layers import wave_layers
from convert.training.wave.parameters import WaveParameters
from convert.training.wave.schedule import Wave
from convert.upstream.types import Values

BATCH = 32

STATE = "training.npz"
"""The file of a training that is not finished."""

EVERY_S = 60.0
"""How often the state is written, and a line about it printed."""

Batches = Callable[[int], Iterable[tuple[Images, Values | None]]]
"""From a batch's number to it and all later ones: raw images (images, rows, columns, channels) and labels, if any."""

LOW_TRIANGLE = Surrogate(TRIANGLE, 1.0, 0.5)
"""Half as high as it could be: gradients then neither grow nor shrink much from layer to layer."""


@dataclass(frozen=True)
class Recipe:
    """How a wave is trained on ``count`` batches.

    ``loss`` is that of outputs before their activation with the teacher's, ``of_labels`` with the labels, weighed by
    ``labels``. ``features`` weigh the difference of each layer's rates from the activations of the original, at first
    and at the end; ``penalty`` weighs a million synaptic operations; ``local`` is the share of the batches in which
    layers learn alone; the learning rate rises over the share ``warm`` of each stage.
    """

    count: int
    loss: Loss = distillation_loss
    of_labels: Loss | None = cross_entropy
    labels: float = 1.0
    surrogate: Surrogate = LOW_TRIANGLE
    learning_rate: float = 5e-3
    local: float = 0.1
    warm: float = 0.02
    features: tuple[float, float] = (0.2, 0.002)
    penalty: float = 0.0

    @property
    def alone(self) -> int:
        """Batches in which layers learn alone."""
        return round(self.local * self.count)

    def continued(self) -> Recipe:
        """The same for a wave that has been trained: none of its layers learns alone, and activations matter little."""
        return replace(
            self, local=0.0, learning_rate=0.6 * self.learning_rate, features=(self.features[0] / 10, self.features[1])
        )

    def done(self, batch: int) -> float:
        """The share of its stage that is over when ``batch`` comes."""
        if batch < self.alone:
            return batch / self.alone
        return (batch - self.alone) / max(1, self.count - self.alone)

    def aim(self, batch: int) -> Aim:
        local = batch < self.alone
        first, last = self.features
        features = first if local else first + (last - first) * self.done(batch)
        return Aim(self.loss, self.of_labels, self.labels, features, self.penalty, self.surrogate, local)


def train_wave(
    wave: Wave,
    batches: Batches,
    teacher: Original,
    recipe: Recipe,
    *,
    kept: Path | None = None,
    every_s: float = EVERY_S,
    advance: Callable[[int], None] = lambda steps: None,
) -> Wave:
    """``wave`` trained to give the first readout of ``teacher``, and the labels.

    The folder ``kept`` has what is done of it, every ``every_s`` and when the command is told to end: a training goes
    on from there, to the same weights. It says how it goes in notes.
    """
    if not recipe.count:
        return wave
    parameters = WaveParameters(wave)
    path = None if kept is None else kept / STATE
    state = _begun(Descent.start(parameters.values), path, recipe)
    if state.batches:
        advance(state.batches)
    of_batches, diary, known = BatchGradient(parameters), _Diary(recipe.count), dict[int, Kernel | Synapses]()
    written_s = time.monotonic()
    try:
        for images, labels in islice(batches(state.batches), recipe.count - state.batches):
            now = parameters.wave(state.values)
            examples = Examples(images, *teacher.lesson(images), labels)
            found = of_batches.of(now, wave_layers(now, known), examples, recipe.aim(state.batches))
            state = _moved(state, found, recipe)
            diary.note(found, len(images), state.batches)
            advance(1)
            if path is not None and time.monotonic() - written_s >= every_s:
                state.write(path)
                diary.tell()
                written_s = time.monotonic()
    finally:
        if path is not None and state.batches:
            state.write(path)
    return parameters.wave(state.values)


def _begun(start: Descent, path: Path | None, recipe: Recipe) -> Descent:
    """What was written to ``path``, or the ``start``."""
    found = None if path is None else start.read(path)
    if found is None:
        return start
    NOTES.info("training goes on from batch %s of %s", f"{found.batches:,}", f"{recipe.count:,}")
    return found


def _moved(state: Descent, found: Found, recipe: Recipe) -> Descent:
    """One batch further; the layers' own stage leaves no momentum to the next. Raises ``UserError`` if the loss is no
    number."""
    if not np.isfinite(found.loss):
        raise UserError(
            f"training through the steps diverged at batch {state.batches + 1:,} (loss {found.loss}); check the "
            "classes of the labels, or leave them out with --labels-weight 0"
        )
    rate = cosine(recipe.learning_rate, recipe.done(state.batches), recipe.warm)
    return (state.rested() if state.batches == recipe.alone else state).step(found.gradients, rate)


@dataclass
class _Diary:
    """What the batches since the last line were like."""

    count: int
    batch: int = 0
    start_s: float = field(default_factory=time.monotonic)
    seen: list[tuple[float, float, int]] = field(default_factory=list)

    def note(self, found: Found, images: int, batch: int) -> None:
        self.seen.append((found.loss, found.agrees, images))
        self.batch = batch

    def tell(self) -> None:
        """Prints a line, and starts the next."""
        loss, agrees, _ = np.mean(self.seen, axis=0)
        seconds = time.monotonic() - self.start_s
        left_h = (self.count - self.batch) * seconds / len(self.seen) / 3600
        NOTES.info(
            "batch %s of %s: loss %.3f, the class of Keras in %.1f %%, %.1f images a second, %.1f h left",
            f"{self.batch:,}",
            f"{self.count:,}",
            loss,
            100 * agrees,
            sum(images for _, _, images in self.seen) / seconds,
            left_h,
        )
        self.seen, self.start_s = [], time.monotonic()


def shifted(images: Images, rng: np.random.Generator) -> Images:
    """``images`` moved by up to an eighth of their size at random, mirrored at their borders."""
    most = [size // 8 for size in images.shape[1:3]]
    padded = np.pad(images, ((0, 0), (most[0],) * 2, (most[1],) * 2, (0, 0)), mode="reflect")
    moved = np.empty_like(images)
    for k in range(len(images)):
        y, x = (int(rng.integers(0, 2 * n + 1)) for n in most)
        moved[k] = padded[k, y : y + images.shape[1], x : x + images.shape[2]]
    return moved
