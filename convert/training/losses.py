"""How far outputs before their activation are from what they are to be: a number for a batch, by TensorFlow."""

from __future__ import annotations

from collections.abc import Callable

from convert.upstream.tensorflow import load_tensorflow
from convert.upstream.types import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]
"""From what is wanted, labels or a teacher's outputs, and outputs to a number."""

TEMPERATURE = 2.0
"""Softens the teacher's outputs, so that what it holds for second best counts, too."""

LOWEST = 0.5
"""A channel's percentile may be so much of its layer's target rate without penalty."""


def distillation_loss(teacher: Tensor, student: Tensor) -> Tensor:
    """Cross-entropy between outputs before their activation, both divided by ``TEMPERATURE``, in its square.

    One channel is a sigmoid's, more are a softmax's. Source: Hinton et al. 2015, section 2.
    """
    tf = load_tensorflow()
    channels = student.shape[-1]
    soft = tf.reshape(teacher, (-1, channels)) / TEMPERATURE
    logits = tf.reshape(student, (-1, channels)) / TEMPERATURE
    if channels == 1:
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.sigmoid(soft), logits=logits)
    else:
        losses = tf.nn.softmax_cross_entropy_with_logits(labels=tf.nn.softmax(soft), logits=logits)
    return tf.reduce_mean(losses) * TEMPERATURE**2


def relative_squared_loss(teacher: Tensor, student: Tensor) -> Tensor:
    """The mean squared difference of outputs before their activation, relative to the teacher's mean square."""
    tf = load_tensorflow()
    wanted = tf.reshape(teacher, tf.shape(student))
    return tf.reduce_mean((student - wanted) ** 2) / tf.maximum(tf.reduce_mean(wanted**2), 1e-12)


def cross_entropy(labels: Tensor, outputs: Tensor) -> Tensor:
    """That of outputs (..., channels) before their activation with the classes ``labels`` (...)."""
    tf = load_tensorflow()
    channels = outputs.shape[-1]
    classes, logits = tf.reshape(labels, (-1,)), tf.reshape(outputs, (-1, channels))
    if channels == 1:
        marks = tf.cast(classes, logits.dtype)[:, None]
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=marks, logits=logits))
    classes = tf.cast(classes, tf.int32)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits))
