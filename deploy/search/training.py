"""Training: the super-network path by path, a candidate briefly, the winner for longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from convert.data.crops import batches_per_epoch, training_batches
from convert.data.dataset import Dataset
from convert.errors import UserError
from convert.upstream.tensorflow import fix_threads, load_keras3, load_tensorflow
from convert.upstream.types import Model, Tensor, Values

from .model import Setting, build
from .shared_weights import SuperNetwork, handed_back, inherit, load, save
from .space import Space

BATCH = 64
PATH_BATCHES = 32
"""Of one architecture in the training of the super-network, before the next one has its turn."""
SAVED_EVERY = 4
"""Paths of the super-network between which its weights are kept: less than a minute of work."""
MOMENTUM = 0.9
LARGEST_GRADIENT = 1.0
"""The norm of all gradients that a step may have."""
COMPILED_FROM = 16
"""Batches that are worth the seconds in which TensorFlow compiles a step."""


@dataclass(frozen=True)
class Pace:
    """``batches`` at ``learning_rate``, which falls by half a cosine if it is to ``fall``. The rates were chosen by
    hand, on the images of CIFAR-10."""

    batches: int
    learning_rate: float = 0.05
    fall: bool = True


def train(
    model: Model,
    dataset: Dataset,
    pace: Pace,
    *,
    seed: int,
    first: int = 0,
    advance: Callable[[int], None] = lambda steps: None,
) -> None:
    """Trains ``model`` in place to tell classes, from batch ``first`` of those by ``seed`` on.

    ``advance`` is called once per batch. Raises ``UserError`` if the loss stops being a number.
    """
    keras, tf = load_keras3(), load_tensorflow()
    rate = pace.learning_rate
    if pace.fall:
        rate = keras.optimizers.schedules.CosineDecay(rate, max(1, pace.batches))
    step = _step(model, keras.optimizers.SGD(rate, MOMENTUM, global_clipnorm=LARGEST_GRADIENT))
    if pace.batches >= COMPILED_FROM:
        step = tf.function(step, reduce_retracing=True)
    for images, labels in _batches(dataset, tuple(model.inputs[0].shape)[1:3], seed, first, pace.batches):
        loss = float(step(tf.constant(images, tf.float32), tf.constant(labels)))
        if not np.isfinite(loss):
            raise UserError(f"training diverged (loss {loss}); check the labels' classes and that pixels are finite")
        advance(1)


def _step(model: Model, optimizer: object) -> Callable[[Tensor, Tensor], Tensor]:
    keras, tf = load_keras3(), load_tensorflow()
    loss_of = keras.losses.SparseCategoricalCrossentropy()

    def step(images: Tensor, labels: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(images, training=True))
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))  # type: ignore[attr-defined]
        return loss

    return step


def _batches(
    dataset: Dataset, size: tuple[int, int], seed: int, first: int, count: int
) -> Iterator[tuple[Values, Values]]:
    """``count`` batches from number ``first`` on, epoch after epoch in another order."""
    number, per_epoch = first, batches_per_epoch(dataset, BATCH, size)
    while number < first + count:
        epoch, start = divmod(number, per_epoch)
        for batch in training_batches(dataset, BATCH, size, seed + epoch, first=start):
            yield batch
            number += 1
            if number == first + count:
                return


def trained_together(
    space: Space,
    setting: Setting,
    dataset: Dataset,
    batches: int,
    file: Path,
    *,
    seed: int,
    source: str,
    advance: Callable[[int], None] = lambda steps: None,
) -> None:
    """Trains the super-network in ``file`` on so many ``batches``: architectures by chance train their parts of it, one
    after the other.

    A training that was killed goes on, if it was that of the same ``source``. Source: AutoSNN (Na et al. 2022).
    """
    network = load(file) if file.exists() else SuperNetwork(source, 0, {})
    if network.source != source:
        network = SuperNetwork(source, 0, {})
    counts = [min(PATH_BATCHES, batches - start) for start in range(0, batches, PATH_BATCHES)]
    advance(sum(counts[: network.paths]))
    if not file.exists() or not counts:
        save(file, network)
    for number in range(network.paths, len(counts)):
        prepared(seed + number)
        model = build(space.drawn(Random(f"{seed} {number}")), setting)
        inherit(model, network.weights)
        first = number * PATH_BATCHES
        train(model, dataset, Pace(counts[number], fall=False), seed=seed, first=first, advance=advance)
        network = SuperNetwork(source, number + 1, handed_back(model, network.weights))
        if network.paths % SAVED_EVERY == 0 or network.paths == len(counts):
            save(file, network)


def prepared(seed: int) -> None:
    """A process as every training begins: its seeds, its threads, no model of before."""
    fix_threads()
    keras = load_keras3()
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
