"""The losses of ``losses.py`` with their gradients, by NumPy: what training on the project's own engine asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .losses import TEMPERATURE

Numbers = NDArray[Any]

LossAndGradient = Callable[[Numbers, Numbers], tuple[float, Numbers]]
"""From what is wanted, labels or a teacher's outputs, and outputs (..., channels) to a number and its gradient with
respect to the outputs."""


def distillation(teacher: Numbers, student: Numbers) -> tuple[float, Numbers]:
    """``losses.distillation_loss``."""
    channels = student.shape[-1]
    soft = np.asarray(teacher, student.dtype).reshape(-1, channels) / TEMPERATURE
    logits = student.reshape(-1, channels) / TEMPERATURE
    wanted = _sigmoid(soft) if channels == 1 else _softmax(soft)
    loss, of_logits = (_of_a_sigmoid if channels == 1 else _of_a_softmax)(wanted, logits)
    return loss * TEMPERATURE**2, (of_logits * TEMPERATURE).reshape(student.shape)


def relative_squared(teacher: Numbers, student: Numbers) -> tuple[float, Numbers]:
    """``losses.relative_squared_loss``."""
    wanted = np.asarray(teacher, student.dtype).reshape(student.shape)
    difference, most = student - wanted, max(float(np.mean(wanted**2)), 1e-12)
    return float(np.mean(difference**2)) / most, difference * np.asarray(2 / (most * student.size), student.dtype)


def cross_entropy(labels: Numbers, outputs: Numbers) -> tuple[float, Numbers]:
    """``losses.cross_entropy``."""
    channels = outputs.shape[-1]
    classes, logits = np.asarray(labels).reshape(-1).astype(np.int64), outputs.reshape(-1, channels)
    wanted = classes[:, None].astype(logits.dtype) if channels == 1 else np.eye(channels, dtype=logits.dtype)[classes]
    loss, of_logits = (_of_a_sigmoid if channels == 1 else _of_a_softmax)(wanted, logits)
    return loss, of_logits.reshape(outputs.shape)


def percentile(activity: Numbers, share: float, low: float, high: float) -> tuple[float, Numbers]:
    """``rate_loss.percentile_loss`` for the percentile ``share``."""
    values = activity.reshape(-1, activity.shape[-1])
    above = max(1, int(np.ceil(np.float32(len(values)) * np.float32(1 - share / 100))))
    p = np.partition(values, len(values) - above, axis=0)[len(values) - above]
    under, over = np.maximum(low - p, 0), np.maximum(p - high, 0)
    place = above - (values > p).sum(axis=0)  # of as many numbers as are equal to p
    at = ((values == p).cumsum(axis=0) == place).argmax(axis=0)
    gradient = np.zeros_like(values)
    gradient[at, np.arange(values.shape[1])] = over - under
    return float(np.sum(under**2 + over**2)) / 2, gradient.reshape(activity.shape)


def _of_a_sigmoid(wanted: Numbers, logits: Numbers) -> tuple[float, Numbers]:
    losses = np.maximum(logits, 0) - logits * wanted + np.log1p(np.exp(-np.abs(logits)))
    return float(np.mean(losses)), (_sigmoid(logits) - wanted) / np.asarray(logits.size, logits.dtype)


def _of_a_softmax(wanted: Numbers, logits: Numbers) -> tuple[float, Numbers]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    losses = -(wanted * logarithms).sum(axis=-1)
    return float(np.mean(losses)), (np.exp(logarithms) - wanted) / np.asarray(len(logits), logits.dtype)


def _sigmoid(values: Numbers) -> Numbers:
    return np.asarray(np.exp(np.minimum(values, 0)) / (1 + np.exp(-np.abs(values))))


def _softmax(values: Numbers) -> Numbers:
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
