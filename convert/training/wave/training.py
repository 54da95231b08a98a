"""Training through the chip's own steps: a wave learns to give the Keras outputs with the spikes that it really fires.

What of it is a matter of taste says a recipe: ``convert.training.recipes``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from convert.errors import UserError
from convert.frontends.original import Images, Original
from convert.storage.recovery import NOTES
from convert.training.descent import Descent, Values, cosine
from convert.training.wave.batch import BatchGradient, Examples, Found
from convert.training.wave.diary import Diary
from convert.training.wave.kernels import Kernel, Synapses
from convert.training.wave.layers import wave_layers
from convert.training.wave.one_step import all_at_once, in_one_step
from convert.training.wave.parameters import WaveParameters
from convert.training.wave.pruning import of_kept, prunable, pruned, share_lost
from convert.training.wave.recipe import Recipe
from convert.training.wave.schedule import Wave
from convert.training.wave.thresholds import before_thresholds, with_thresholds
from convert.upstream.types import Values as Labels

BATCH = 32

STATE = "training.npz"
"""The file of a training that is not finished."""

MEAN = "mean of "
"""Before the key of a value: its mean, beside it."""

EVERY_S = 60.0
"""How often the state is written, and a line about it printed."""

Batches = Callable[[int], Iterable[tuple[Images, Labels | None]]]
"""From a batch's number to it and all later ones: raw images (images, rows, columns, channels) and labels, if any."""


def train_wave(
    wave: Wave,
    batches: Batches,
    teacher: Original | None,
    recipe: Recipe,
    *,
    seed: int = 0,
    kept: Path | None = None,
    every_s: float = EVERY_S,
    advance: Callable[[int], None] = lambda steps: None,
) -> Wave:
    """``wave`` trained to give the first readout of ``teacher``, if there is one, and the labels; ``seed`` is that of
    noise, if any.

    The folder ``kept`` has what is done of it, every ``every_s`` and when the command is told to end: a training goes
    on from there, to the same weights. It says how it goes in notes.
    """
    if not recipe.count:
        return wave
    training = _Training(wave, teacher, recipe, seed)
    path = None if kept is None else kept / STATE
    state = _begun(training.start(), path, recipe)
    if state.batches:
        advance(state.batches)
    diary, written_s = Diary(recipe.count, "the class" if teacher is None else "the class of Keras"), time.monotonic()
    try:
        for images, labels in islice(batches(state.batches), recipe.count - state.batches):
            state, found = training.after(state, images, labels)
            diary.note(found, len(images), state.batches)
            advance(1)
            if path is not None and time.monotonic() - written_s >= every_s:
                state.write(path)
                diary.tell()
                written_s = time.monotonic()
    finally:
        if path is not None and state.batches:
            state.write(path)
    return training.result(state)


class _Training:
    """From the state of a descent to the one after a batch."""

    def __init__(self, wave: Wave, teacher: Original | None, recipe: Recipe, seed: int) -> None:
        self.parameters = WaveParameters(wave, weights_alone=recipe.weights_alone)
        self.of_batches = BatchGradient(self.parameters)
        self.teacher, self.recipe, self.seed = teacher, recipe, seed
        self.known: dict[int, Kernel | Synapses] = {}
        self.prunable = prunable(wave.network)
        self.lost = share_lost(wave.network, self.prunable)

    def start(self) -> Descent:
        layers = [p.name for p in self.parameters.start.network.chip_populations]
        adapted = self.recipe.adapted
        beside = {} if adapted is None else dict(adapted.start(layers))
        if self.recipe.averaged:
            beside |= {(MEAN + kind, whose): value for (kind, whose), value in self.parameters.values.items()}
        return Descent.start(self.parameters.values, beside)

    def wave(self, state: Descent) -> Wave:
        return with_thresholds(self.parameters.wave(state.values), state.beside)

    def result(self, state: Descent) -> Wave:
        values = state.values
        if self.recipe.averaged:
            values = {(k, w): state.beside[MEAN + k, w] for k, w in state.values}
        return self.wave(replace(state, values=pruned(values, self.prunable, max(self.lost, self.recipe.pruned))))

    def _beside(self, state: Descent, moved: Descent, found: Found) -> Values:
        """What is kept beside the values of ``moved``, after one batch."""
        recipe, beside = self.recipe, dict(state.beside)
        if recipe.adapted is not None:
            beside |= recipe.adapted.after(state.beside, found.noticed, state.batches)
        if recipe.averaged:
            late = state.batches - recipe.starts[-1]
            new = max(1 / (recipe.averaged * recipe.stages[-1].batches), 1 / (max(0, late) + 1))
            for (kind, whose), value in moved.values.items():
                mean = beside[MEAN + kind, whose]
                beside[MEAN + kind, whose] = mean + np.float32(min(1.0, new)) * (value - mean)
        return beside

    def _examples(self, images: Images, labels: Labels | None) -> Examples:
        if self.teacher is None:
            return Examples(images, {}, None, labels)
        return Examples(images, *self.teacher.lesson(images), labels)

    def after(self, state: Descent, images: Images, labels: Labels | None) -> tuple[Descent, Found]:
        stage, _ = self.recipe.at(state.batches)
        share, for_good = self.recipe.left_out(state.batches, self.lost)
        used = replace(state, values=pruned(state.values, self.prunable, share))
        now = self.wave(used)
        layers = wave_layers(now, self.known)
        if stage.noise is not None:
            now, layers = in_one_step(now), all_at_once(layers)
        examples = self._examples(images, labels)
        found = self.of_batches.of(now, layers, examples, self.recipe.aim(state.batches, self.seed))
        found = replace(found, gradients=before_thresholds(found.gradients, now.network, state.beside))
        if for_good:
            state, found = used, replace(found, gradients=of_kept(found.gradients, used.values, self.prunable))
        moved = _moved(state, found, self.recipe)
        return replace(moved, beside=self._beside(state, moved, found)), found


def _begun(start: Descent, path: Path | None, recipe: Recipe) -> Descent:
    """What was written to ``path``, or the ``start``."""
    found = None if path is None else start.read(path)
    if found is None:
        return start
    NOTES.info("training goes on from batch %s of %s", f"{found.batches:,}", f"{recipe.count:,}")
    return found


def _moved(state: Descent, found: Found, recipe: Recipe) -> Descent:
    """One batch further; a stage leaves no momentum to the next. Raises ``UserError`` if the loss is no number."""
    if not np.isfinite(found.loss):
        raise UserError(
            f"training through the steps diverged at batch {state.batches + 1:,} (loss {found.loss}); check the "
            "classes of the labels, or leave them out with --labels-weight 0"
        )
    _, done = recipe.at(state.batches)
    rate = cosine(recipe.learning_rate, done, recipe.warm)
    return (state.rested() if state.batches in recipe.starts else state).step(found.gradients, rate)
