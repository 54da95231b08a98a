"""The percentile loss on firing rates, against its definition, and what training with it does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from convert.data.crops import batches_per_epoch
from convert.data.dataset import Dataset
from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.passes.pixels_first import pixels_first
from convert.network import INPUT
from convert.training import rate_loss
from convert.training.rate_loss import BATCH, Pace, RateGoal, fine_tune, percentile_loss
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
    assert len(steps) == 20 * batches_per_epoch(dataset, BATCH, cut.shapes[INPUT][:2]) == 40
    assert loss() < 0.5 * before


def preactivation_model():
    """One block of a pre-activation ResNet, whose projection has a kernel of 1 x 1 and a stride of 2."""
    keras = load_tf_keras()
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(image))
    y = layers.ReLU()(layers.BatchNormalization()(x))
    short = layers.Conv2D(6, 1, strides=2, padding="same", name="projection")(y)
    y = layers.Conv2D(6, 3, padding="same")(layers.ReLU()(layers.Conv2D(6, 3, strides=2, padding="same")(y)))
    x = layers.Add()([short, y])
    return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))


def strided_pixel_gradients(step, *arguments):
    """The gradients with respect to kernels of 1 x 1 with a stride that the graph of ``step`` holds."""
    graph = step.get_concrete_function(*arguments).graph
    return [
        op.name
        for op in graph.get_operations()
        if op.type == "Conv2DBackpropFilter" and op.outputs[0].shape[:2] == (1, 1) and max(op.get_attr("strides")) > 1
    ]


@pytest.mark.parametrize("images", [1, 5])
def test_a_strided_projection_is_trained_without_the_gradient_that_breaks(images):
    tf, keras = load_tensorflow(), load_tf_keras()
    model = preactivation_model()
    pixels = np.random.default_rng(0).normal(0, 1, (images, 8, 8, 3)).astype(np.float32)
    source = SimpleNamespace(task="classification", image=lambda i: pixels[i], label=lambda i: i % 5)
    dataset = Dataset(source, np.arange(images))
    found = []
    for trained in (model, pixels_first(model)):
        cut = cut_at_relus(trained)
        goal = RateGoal(99.0, dict.fromkeys(cut.populations, 1.0), dict.fromkeys(cut.populations, 1.0))
        loss = rate_loss._task_loss(dataset, cut.readout)
        step = rate_loss._step(cut, goal, loss, keras.optimizers.Adam())
        found.append(strided_pixel_gradients(step, tf.constant(pixels), tf.zeros(images, tf.int64)))
    assert [len(ops) for ops in found] == [1, 0]
    before = cut.model.get_layer("projection").get_weights()[0].copy()
    fine_tune(cut, dataset, goal, epochs=2, pace=Pace(1e-2, None), seed=0)
    assert not np.array_equal(before, cut.model.get_layer("projection").get_weights()[0])
