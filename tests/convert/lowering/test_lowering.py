"""Every supported layer, alone and in the combinations of U-Nets and ResNets, against Keras on random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.load import load_model
from convert.lowering.lower import lower
from convert.lowering.nengo_dl_form import keras_form, rate_outputs
from convert.network import INPUT, Convolution, ConvolutionTranspose, Sparse
from convert.network.rescale import with_gains, with_scales, without_silent
from convert.upstream.tensorflow import load_keras3
from tests.builders.keras_models import PATTERNS, images_for, lowered, model_with, randomized
from tests.builders.valid_unet import cropped, sliced, valid_unet

KINDS = {
    "conv_same": Convolution,
    "conv_valid": Convolution,
    "conv_strided_valid": Convolution,
    "conv_large_kernel": Convolution,
    "conv_grouped": Convolution,
    "batch_norm_before_padded_conv": Convolution,
    "dropout_and_identity": Convolution,
    "transpose_valid": ConvolutionTranspose,
    "cropping": Convolution,
    "pool_same_padding": Sparse,
    "upsample_bilinear_conv": Sparse,
    "conv_strided_same": Convolution,
    "conv_dilated": Convolution,
    "conv_batch_norm": Convolution,
    "zero_padding_strided": Convolution,
    "separable": Convolution,
    "pool_then_conv": Convolution,
    "transpose_2x2": ConvolutionTranspose,
    "transpose_3x3": ConvolutionTranspose,
    "transpose_4x4": ConvolutionTranspose,
    "upsample_nearest_conv": ConvolutionTranspose,
    "depthwise": Sparse,
    "flatten_dense": Sparse,
    "global_pool_dense": Sparse,
}
IN_NENGO_DL = (
    "conv_strided_same",
    "transpose_3x3",
    "upsample_nearest_conv",
    "residual_projection",
    "skip_concatenate",
    "residual_identity",
    "flatten_dense",
)


def lowered_and_scaled(name: str, folder: Path):  # type: ignore[no-untyped-def]
    """(Keras 3 model, cut, network with a scale of its own for each population)."""
    model = model_with(name)
    model.save(folder / "model.keras")
    cut = cut_at_relus(load_model(folder / "model.keras"))
    network = lower(cut.segments, cut.shapes)
    return model, cut, with_scales(network, {p.name: 50.0 + 13 * i for i, p in enumerate(network.populations)})


def logits(model, images):  # type: ignore[no-untyped-def]
    """The model's output before its activation."""
    probabilities = model.predict(images, verbose=0).astype(np.float64)
    if probabilities.shape[-1] > 1:
        return np.log(probabilities)  # softmax: up to a constant, removed below
    return np.log(probabilities) - np.log1p(-probabilities)


def same(found, wanted):  # type: ignore[no-untyped-def]
    """Within 1e-4; for class scores up to a constant."""
    found = np.asarray(found, np.float64).reshape(wanted.shape)
    if wanted.shape[-1] > 1 and wanted.ndim == 2:
        found, wanted = (v - v.mean(axis=-1, keepdims=True) for v in (found, wanted))
    assert np.abs(found - wanted).max() <= 1e-4 * max(1, np.abs(wanted).max())


@pytest.mark.parametrize("name", PATTERNS)
def test_rate_network_agrees_with_keras(name, tmp_path):
    model, _, network = lowered_and_scaled(name, tmp_path)
    images = images_for(model)
    outputs = keras_form(network)(images)
    same(outputs[0] if isinstance(outputs, list) else outputs, logits(model, images))
    fed = {p.target for p in network.projections if p.source == INPUT}
    assert {p.name for p in network.populations if not p.on_chip} == fed


@pytest.mark.parametrize("name", IN_NENGO_DL)
def test_nengo_dl_agrees_with_keras(name, tmp_path):
    model, _, network = lowered_and_scaled(name, tmp_path)
    images = images_for(model)
    same(rate_outputs(network, images)[0], logits(model, images))


@pytest.mark.parametrize("name", KINDS)
def test_one_projection_of_the_cheapest_kind(name, tmp_path):
    _, _, network = lowered_and_scaled(name, tmp_path)
    into = network.into(network.populations[1].name)
    assert [type(p.transform) for p in into] == [KINDS[name]]


@pytest.mark.parametrize("name", ["residual_projection", "bottleneck_projection", "skip_concatenate"])
def test_every_path_of_a_block_is_a_shared_kernel(name, tmp_path):
    _, _, network = lowered_and_scaled(name, tmp_path)
    assert not any(isinstance(p.transform, Sparse) for p in network.projections)


def test_the_parts_of_a_capped_relu_share_what_enters_them(tmp_path):
    _, cut, _ = lowered_and_scaled("inverted_residual", tmp_path)
    network = lower(cut.segments, cut.shapes)
    capped = [p.name for p in network.populations if f"{p.name}_over" in cut.shapes]
    assert len(capped) == 5
    for name in capped:
        for a, b in zip(network.into(name), network.into(f"{name}_over"), strict=True):
            assert a.source == b.source
            assert a.transform is b.transform
        bias, over = network.population(name).bias_hz, network.population(f"{name}_over").bias_hz
        assert np.ptp(bias - over) <= 1e-5


def test_silent_caps_are_left_out(tmp_path):
    keras = load_keras3()
    image = keras.Input((6, 6, 1))
    x = keras.layers.Conv2D(2, 3, activation=keras.layers.ReLU(1e9))(image)
    x = keras.layers.Conv2D(3, 1, activation=keras.layers.ReLU(1e9))(x)
    model = randomized(keras.Model(image, keras.layers.Conv2D(1, 1)(x)))
    model.save(tmp_path / "model.keras")
    network = lowered(load_model(tmp_path / "model.keras"))
    first, cap, second, last = (p.name for p in network.populations)
    kept = without_silent(network, {cap, last})
    assert [p.name for p in kept.populations] == [first, second]
    assert [(p.source, p.target) for p in kept.projections][1:] == [(first, second), (second, kept.readouts[0].name)]
    same(keras_form(kept)(images_for(model)), model.predict(images_for(model), verbose=0))
    assert without_silent(kept, {first, second}) == kept


def test_a_relu_right_after_a_relu_and_after_the_image(tmp_path):
    keras = load_keras3()
    image = keras.Input((6, 6, 1))
    x = keras.layers.ReLU(1e9)(keras.layers.ReLU(100)(keras.layers.ReLU()(image)))
    model = keras.Model(image, keras.layers.Conv2D(1, 3)(x))
    model.save(tmp_path / "model.keras")
    network = lowered(load_model(tmp_path / "model.keras"))
    same(keras_form(network)(images_for(model)), model.predict(images_for(model), verbose=0))


def test_bias_of_padded_batch_norm_differs_by_pixel(tmp_path):
    _, _, network = lowered_and_scaled("batch_norm_before_padded_conv", tmp_path)
    bias = network.populations[1].bias_hz
    assert not np.allclose(bias[0, 0], bias[5, 5])
    assert np.allclose(bias[4, 4], bias[5, 5])


def test_scales_change_no_output(tmp_path):
    model, _, network = lowered_and_scaled("skip_concatenate", tmp_path)
    images = images_for(model)
    other = with_scales(network, {p.name: 200.0 for p in network.populations})
    same(keras_form(other)(images), np.asarray(keras_form(network)(images)))


def test_gains_multiply_what_enters_a_channel(tmp_path):
    _, _, network = lowered_and_scaled("residual_identity", tmp_path)
    last = network.populations[-1]
    gains = np.arange(1.0, last.shape[2] + 1)
    louder = with_gains(network, {last.name: gains})
    assert np.allclose(louder.populations[-1].bias_hz, last.bias_hz * gains)
    for before, after in zip(network.into(last.name), louder.into(last.name), strict=True):
        if isinstance(before.transform, Sparse):
            rows = np.broadcast_to(gains, last.shape).ravel()
            assert np.allclose(after.transform.matrix.toarray(), before.transform.matrix.toarray() * rows[:, None])
        else:
            assert np.allclose(after.transform.kernel, before.transform.kernel * gains)


def test_model_that_ends_with_a_relu(tmp_path):
    keras = load_keras3()
    image = keras.Input((6, 6, 1))
    x = keras.layers.Conv2D(2, 3, activation="relu")(image)
    model = randomized(keras.Model(image, keras.layers.Conv2D(3, 3, activation="relu", name="last")(x)))
    model.save(tmp_path / "model.keras")
    network = lowered(load_model(tmp_path / "model.keras"))
    images = images_for(model)
    same(keras_form(network)(images), model.predict(images, verbose=0))
    assert [p.source for p in network.into("last_relu:out")] == ["last_relu"]


@pytest.mark.parametrize("crop", [cropped, sliced])
def test_skips_and_ups_of_a_valid_unet_are_small_kernels(crop, tmp_path):
    valid_unet(load_keras3(), 60, [2, 3, 4], crop=crop).save(tmp_path / "model.keras")
    cut = cut_at_relus(load_model(tmp_path / "model.keras"))
    network = lower(cut.segments, cut.shapes)
    kernels = [p.transform.kernel.shape[:2] for p in network.projections]
    pair, down, up, head = [(3, 3)] * 2, [(6, 6), (3, 3)], [(3, 3), (4, 4), (3, 3)], [(1, 1)]
    assert kernels == [*pair, *down, *down, *up, *up, *head]
