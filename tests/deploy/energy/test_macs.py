"""Multiply-accumulates of each kind of layer, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from convert.errors import UserError
from convert.upstream.tensorflow import load_tf_keras
from deploy.energy.macs import COUNTERS, counts, model_macs, total_macs


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_tf_keras()


def one_layer(keras: Any, layer: Any, shape: tuple[int, ...]) -> int:
    inputs = keras.Input(shape)
    return total_macs(keras.Model(inputs, layer(inputs)))


CASES = [
    (lambda k: k.layers.Conv2D(8, 3, padding="same"), (16, 16, 4), 16 * 16 * 9 * 4 * 8),
    (lambda k: k.layers.Conv2D(8, 3, activation="relu"), (16, 16, 4), 14 * 14 * 8 * (9 * 4 + 1)),
    (lambda k: k.layers.Conv2D(8, 3, strides=2, padding="same"), (16, 16, 4), 8 * 8 * 9 * 4 * 8),
    (lambda k: k.layers.Conv2D(8, 3, dilation_rate=2, padding="same"), (16, 16, 4), 16 * 16 * 9 * 4 * 8),
    (lambda k: k.layers.Conv2D(8, 3, groups=2, padding="same"), (16, 16, 4), 16 * 16 * 9 * 2 * 8),
    (lambda k: k.layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), (16, 16, 4), 16 * 16 * 9 * 4 * 2),
    (lambda k: k.layers.SeparableConv2D(8, 3, padding="same"), (16, 16, 4), 16 * 16 * (9 * 4 + 4 * 8)),
    (lambda k: k.layers.Conv2DTranspose(8, 2, strides=2), (16, 16, 4), 16 * 16 * 4 * 4 * 8),
    (lambda k: k.layers.Conv2DTranspose(8, 3, strides=2, padding="same"), (16, 16, 4), 16 * 16 * 9 * 4 * 8),
    (lambda k: k.layers.Conv1D(8, 3, padding="causal"), (16, 4), 16 * 3 * 4 * 8),
    (lambda k: k.layers.DepthwiseConv1D(3, strides=2, padding="same"), (16, 4), 8 * 3 * 4),
    (lambda k: k.layers.SeparableConv1D(8, 3), (16, 4), 14 * (3 * 4 + 4 * 8)),
    (lambda k: k.layers.Conv1DTranspose(8, 3, strides=2, padding="same"), (16, 4), 16 * 3 * 4 * 8),
    (lambda k: k.layers.MaxPooling1D(3), (18, 4), 6 * 4 * 3),
    (lambda k: k.layers.GlobalAveragePooling1D(), (16, 4), 16 * 4),
    (lambda k: k.layers.UpSampling1D(2), (16, 4), 0),
    (lambda k: k.layers.Dense(10), (20,), 200),
    (lambda k: k.layers.Dense(10), (5, 20), 5 * 200),
    (lambda k: k.layers.AveragePooling2D(2), (16, 16, 4), 8 * 8 * 4 * 4),
    (lambda k: k.layers.GlobalAveragePooling2D(), (16, 16, 4), 16 * 16 * 4),
    (lambda k: k.layers.UpSampling2D(2, interpolation="nearest"), (4, 4, 2), 0),
    (lambda k: k.layers.UpSampling2D(2, interpolation="bilinear"), (4, 4, 2), 4 * 8 * 8 * 2),
    (lambda k: k.layers.BatchNormalization(), (4, 4, 2), 32),
    (lambda k: k.layers.Activation("relu"), (4, 4, 2), 32),
    (lambda k: k.layers.Activation("linear"), (4, 4, 2), 0),
    (lambda k: k.layers.Rescaling(1 / 255), (4, 4, 2), 32),
    (lambda k: k.layers.Flatten(), (4, 4, 2), 0),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_one_layer(keras: Any, case: int) -> None:
    make, shape, expected = CASES[case]
    assert one_layer(keras, make(keras), shape) == expected


def test_merging_layers_nested_models_and_shared_layers(keras: Any) -> None:
    inner = keras.Sequential([keras.Input((8, 8, 2)), keras.layers.Conv2D(2, 1, name="inner")])
    inputs = keras.Input((8, 8, 2))
    once = inner(inputs)
    twice = inner(once)
    added = keras.layers.Add()([once, twice, inputs])
    joined = keras.layers.Concatenate()([added, inputs])
    model = keras.Model(inputs, joined)
    assert total_macs(model) == 2 * (64 * 4) + 2 * (64 * 2)
    # The same layer in a smaller model counts for what that model calls.
    assert total_macs(keras.Model(inputs, once)) == 64 * 4
    assert sum(layer.name == "inner" for layer in model_macs(model)) == 2


def test_unknown_layers_are_refused_all_at_once(keras: Any) -> None:
    inputs = keras.Input((8, 4))
    outputs = keras.layers.LSTM(3, name="a")(keras.layers.GRU(3, return_sequences=True, name="b")(inputs))
    model = keras.Model(inputs, outputs)
    with pytest.raises(UserError, match=r"a \(LSTM\), b \(GRU\)"):
        total_macs(model)


def test_an_open_input_size_is_refused(keras: Any) -> None:
    with pytest.raises(UserError, match="fixed input size"):
        one_layer(keras, keras.layers.Conv2D(1, 1), (None, None, 1))


def test_a_kind_is_registered_once() -> None:
    with pytest.raises(AssertionError, match="Dense"):
        counts("Dense")(COUNTERS["Dense"])
