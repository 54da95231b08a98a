"""The percentile loss on firing rates, against its definition, and what training with it does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from convert.data.dataset import Dataset
from convert.frontends.keras.cut import cut_at_relus
from convert.training import rate_loss
from convert.training.rate_loss import Pace, RateGoal, batches_per_epoch, fine_tune, percentile_loss
from convert.upstream.tensorflow import load_tensorflow, load_tf_keras


@pytest.mark.parametrize("percentile", [50.0, 90.0, 99.9])
def test_it_is_the_sum_over_channels_of_what_a_percentile_lies_outside(percentile):
    values = np.random.default_rng(0).gamma(1.0, 1.0, (5, 4, 4, 6)).astype(np.float32) * np.linspace(0.1, 3, 6)
    ordered = np.sort(values.reshape(-1, 6).astype(np.float32), axis=0)
    above = max(1, int(np.ceil(np.float32(80 * (1 - percentile / 100)))))
    p = ordered[-above]
    expected = np.sum(np.maximum(0.5 - p, 0) ** 2 + np.maximum(p - 1.0, 0) ** 2) / 2
    found = float(percentile_loss(np.float32(values), percentile, 0.5, 1.0))
    assert found == pytest.approx(float(expected), rel=1e-5)


def test_rates_within_the_bounds_cost_nothing_and_its_gradient_points_inside():
    tf = load_tensorflow()
    inside = tf.fill((2, 3, 3, 4), 0.75)
    assert float(percentile_loss(inside, 99.0, 0.5, 1.0)) == 0.0
    for value, sign in ((2.0, 1.0), (0.1, -1.0)):
        outside = tf.Variable(tf.fill((2, 3, 3, 4), value))
        with tf.GradientTape() as tape:
            loss = percentile_loss(outside, 99.0, 0.5, 1.0)
        gradient = tape.gradient(loss, outside).numpy()
        assert np.sign(gradient.sum()) == sign


def test_training_moves_loud_layers_towards_their_targets(monkeypatch):
    monkeypatch.setattr(rate_loss, "WEIGHT", 1.0)  # else the task, whose labels are random here, weighs more
    keras = load_tf_keras()
    keras.utils.set_random_seed(3)
    image = keras.Input((6, 6, 2))
    x = keras.layers.ReLU(name="first")(keras.layers.Conv2D(4, 3, name="conv")(image))
    x = keras.layers.ReLU(name="second")(keras.layers.Conv2D(4, 3)(x))
    cut = cut_at_relus(keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(x))))
    rng = np.random.default_rng(0)
    pixels = rng.normal(0, 1, (32, 6, 6, 2)).astype(np.float32)
    source = SimpleNamespace(task="classification", image=lambda i: pixels[i], label=lambda i: i % 3)
    dataset = Dataset(source, np.arange(32))
    loud = {name: float(np.percentile(a, 99.0)) / 4 for name, a in cut.original.activities(pixels).items()}
    goal = RateGoal(99.0, dict.fromkeys(loud, 1.0), loud)

    def loss():
        return sum(float(goal.loss(name, a)) for name, a in cut.original.activities(pixels).items())

    before, steps = loss(), []
    pace = Pace(1e-2, None)
    fine_tune(cut, dataset, goal, epochs=20, pace=pace, seed=0, advance=steps.append)
    assert len(steps) == 20 * batches_per_epoch(dataset, cut.readout) == 40
    assert loss() < 0.5 * before
