"""Fine-tuning with the percentile loss on firing rates, after Patel et al. 2021, section 2.2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from convert.data.crops import batches_per_epoch, training_batches
from convert.data.dataset import Dataset
from convert.errors import UserError
from convert.frontends.keras.cut import Cut
from convert.frontends.keras.original import KerasOriginal
from convert.frontends.keras.segment import KerasSegment
from convert.training.losses import LOWEST, Loss
from convert.upstream.tensorflow import load_tensorflow, load_tf_keras
from convert.upstream.types import Optimizer, Tensor

WEIGHT = 1e-3
"""Of the rate loss beside the task's loss, as in the percentile examples of NengoDL's authors."""

BATCH = 16


@dataclass(frozen=True)
class Pace:
    """How fast weights and the statistics of batch normalizations may move; None leaves a layer its own momentum."""

    learning_rate: float
    batch_norm_momentum: float | None


KEEP = Pace(1e-4, None)
"""For a network that has been trained as it is: faster, it forgets more than the loss wins."""

RELEARN = Pace(1e-3, 0.9)
"""For a network whose max pooling has been replaced."""


def percentile_loss(activity: Tensor, percentile: float, low: float, high: float) -> Tensor:
    """Sum over channels of (max(0, low - p)^2 + max(0, p - high)^2) / 2, p a channel's percentile over batch and space.

    ``activity``, ``low`` and ``high`` are in one unit. Source: Patel et al. 2021, equation 3.
    """
    tf = load_tensorflow()
    values = tf.reshape(activity, (-1, activity.shape[-1]))
    above = tf.cast(tf.math.ceil(tf.cast(tf.shape(values)[0], tf.float32) * (1 - percentile / 100)), tf.int32)
    largest = tf.math.top_k(tf.transpose(values), tf.maximum(above, 1)).values
    p = largest[:, -1]
    return tf.reduce_sum(tf.nn.relu(low - p) ** 2 + tf.nn.relu(p - high) ** 2) / 2


@dataclass(frozen=True)
class RateGoal:
    """What the percentile of each population's rates is to be: Hz by population, at ``scale_hz`` for activation 1."""

    percentile: float
    scale_hz: Mapping[str, float]
    targets_hz: Mapping[str, float]

    def loss(self, name: str, activity: Tensor) -> Tensor:
        """The percentile loss of population ``name``, whose Keras activations are ``activity``."""
        relative = activity * self.scale_hz[name] / self.targets_hz[name]
        return percentile_loss(relative, self.percentile, LOWEST, 1.0)


def fine_tune(
    cut: Cut,
    dataset: Dataset,
    goal: RateGoal,
    *,
    epochs: int,
    pace: Pace,
    seed: int,
    advance: Callable[[int], None] = lambda steps: None,
) -> None:
    """Trains the model of ``cut`` in place on the task and on the percentile loss, the learning rate a half cosine.

    ``advance`` is called once per batch. Raises ``UserError`` if the loss stops being a number.
    """
    keras, tf = load_tf_keras(), load_tensorflow()
    keras.utils.set_random_seed(seed)
    for layer in cut.model.layers:
        if type(layer).__name__ == "BatchNormalization" and pace.batch_norm_momentum is not None:
            layer.momentum = pace.batch_norm_momentum
    shape = tuple(cut.model.inputs[0].shape)[1:3]
    steps = epochs * batches_per_epoch(dataset, BATCH, shape)
    schedule = keras.optimizers.schedules.CosineDecay(pace.learning_rate, max(1, steps))
    readout = cut.readout
    assert isinstance(readout, KerasSegment), "Keras trains its own models"
    step = _step(cut, goal, _task_loss(dataset, readout), keras.optimizers.Adam(schedule))
    for epoch in range(epochs):
        for images, labels in training_batches(dataset, BATCH, shape, seed + epoch):
            loss = float(step(tf.constant(images, tf.float32), tf.constant(labels)))
            if not np.isfinite(loss):
                raise UserError(f"fine-tuning diverged in epoch {epoch + 1} (loss {loss}); check the labels' classes")
            advance(1)


def _step(cut: Cut, goal: RateGoal, task_loss: Loss, optimizer: Optimizer) -> Loss:
    """One step of ``optimizer``: from images and labels to the loss."""
    keras, tf = load_tf_keras(), load_tensorflow()
    relus = KerasOriginal(cut.model, cut.populations).at_relus.outputs
    trained = keras.Model(cut.model.inputs, [cut.readout.drive, *relus])

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(images: Tensor, labels: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            logits, *activities = trained(images, training=True)
            loss = task_loss(labels, logits)
            for name, activity in zip(cut.populations, activities, strict=True):
                loss += WEIGHT * goal.loss(name, activity)
        variables = trained.trainable_variables
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 1.0)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    return step  # type: ignore[no-any-return]


def _task_loss(dataset: Dataset, readout: KerasSegment) -> Loss:
    """Cross-entropy on logits: binary for a single channel, else over the classes; for numbers the squared error."""
    keras, tf = load_tf_keras(), load_tensorflow()
    loss: Loss
    if dataset.task in ("regression", "anomaly"):
        activated = keras.activations.get(readout.activation)
        return lambda labels, drive: tf.reduce_mean(
            (activated(drive) - tf.reshape(tf.cast(labels, tf.float32), tf.shape(drive))) ** 2
        )
    if readout.shape[2] == 1:
        binary = keras.losses.BinaryCrossentropy(from_logits=True)
        return lambda labels, logits: binary(tf.reshape(tf.cast(labels, tf.float32), tf.shape(logits)), logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return loss
