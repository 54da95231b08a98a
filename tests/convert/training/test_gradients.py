"""Losses with gradients by NumPy beside those of TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from convert.training import gradients, losses
from convert.training.rate_loss import percentile_loss
from convert.upstream.tensorflow import load_tensorflow

RNG = np.random.default_rng(0)


def by_tensorflow(loss, outputs):
    tf = load_tensorflow()
    variable = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        value = loss(variable)
    return float(value), np.asarray(tape.gradient(value, variable))


def same(found, wanted):
    assert found[0] == pytest.approx(wanted[0], rel=1e-5)
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("channels", [1, 7])
@pytest.mark.parametrize(
    ("own", "of_tensorflow"),
    [
        (gradients.distillation, losses.distillation_loss),
        (gradients.relative_squared, losses.relative_squared_loss),
        (gradients.cross_entropy, losses.cross_entropy),
    ],
    ids=["distillation", "squares", "labels"],
)
def test_a_loss(own, of_tensorflow, channels):
    outputs = RNG.normal(0, 5, (3, 4, 2, channels)).astype(np.float32)
    wanted = RNG.normal(0, 5, outputs.shape).astype(np.float32)
    if own is gradients.cross_entropy:
        wanted = RNG.integers(0, max(2, channels), outputs.shape[:-1])
    same(own(wanted, outputs), by_tensorflow(lambda variable: of_tensorflow(wanted, variable), outputs))


@pytest.mark.parametrize("share", [99.0, 90.0])
def test_a_percentile_of_numbers_that_are_often_equal(share):
    activity = (RNG.integers(0, 12, (50, 6)) / 8).astype(np.float32)
    found = gradients.percentile(activity, share, 0.5, 1.0)
    same(found, by_tensorflow(lambda variable: percentile_loss(variable, share, 0.5, 1.0), activity))
