"""Residual sums without a ReLU after them: what their paths would connect, and the pairs that carry them instead."""

from __future__ import annotations

import numpy as np
import pytest

from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.load import load_model
from convert.frontends.keras.nodes import nodes_of
from convert.frontends.keras.passes.carry_sums import with_carried_sums
from convert.frontends.keras.paths.long_paths import CarriedSums, sums_to_carry
from convert.frontends.keras.paths.reach import reach_of, shape_of
from convert.lowering.lower import lower
from convert.network.forward import outputs
from convert.upstream.tensorflow import load_tf_keras
from tests.builders.keras_models import model_with


def residual_decoder(size=16, width=4):
    """Sums that go on without a ReLU through strides down and upsampling, as in keras.io's segmentation example."""
    keras = load_tf_keras()
    layers = keras.layers
    keras.utils.set_random_seed(5)
    image = keras.Input((size, size, 3))
    x = layers.Conv2D(width, 3, strides=2, padding="same")(image)
    x = before = layers.ReLU()(x)
    for channels in (2 * width, 4 * width):
        x = layers.SeparableConv2D(channels, 3, padding="same")(layers.ReLU()(x))
        x = layers.AveragePooling2D(3, strides=2, padding="same")(x)
        x = before = layers.Add()([x, layers.Conv2D(channels, 1, strides=2, padding="same")(before)])
    for channels in (4 * width, 2 * width, width):
        x = layers.Conv2DTranspose(channels, 3, padding="same")(layers.ReLU()(x))
        x = layers.UpSampling2D(2)(x)
        x = before = layers.Add()([x, layers.Conv2D(channels, 1)(layers.UpSampling2D(2)(before))])
    return keras.Model(image, layers.Conv2D(3, 3, padding="same")(x))


def images(model, count=3):
    return np.random.default_rng(0).uniform(0, 1, (count, *model.input_shape[1:])).astype(np.float32)


def synapses(network):
    """Single weights that would be stored, and synapses that a shared kernel stands for, of all projections."""
    shapes = {p.name: p.shape for p in network.populations} | {r.name: r.shape for r in network.readouts}
    shapes[network.projections[0].source] = network.input.shape
    return sum(p.transform.as_matrix(shapes[p.source], shapes[p.target]).nnz for p in network.projections)


def lowered(model):
    cut = cut_at_relus(model)
    return lower(cut.segments, cut.shapes, lambda done: None)


@pytest.mark.slow
def test_sums_are_carried_where_the_network_is_smaller_for_it():
    model = residual_decoder()
    choice = sums_to_carry(model)
    sums = choice.layers
    assert sums
    carried = with_carried_sums(model, sums)
    pixels = images(model)
    np.testing.assert_allclose(carried(pixels), model(pixels), atol=1e-5)
    network = lowered(carried)
    for name in sums:
        assert f"{name}_negative" in {p.name for p in network.populations}
    np.testing.assert_allclose(outputs(network, pixels)[0], model(pixels), atol=1e-4)
    assert synapses(network) < 0.7 * synapses(lowered(model))


@pytest.mark.parametrize("name", ["skip_concatenate", "residual_projection", "inverted_residual", "preactivation"])
def test_networks_of_ordinary_size_stay_as_they_are(name, tmp_path):
    model_with(name).save(tmp_path / "model.keras")
    model = load_model(tmp_path / "model.keras")
    assert sums_to_carry(model) == CarriedSums()
    assert with_carried_sums(model, ()) is model


def test_a_relu_after_a_carried_sum_is_one_of_its_pair():
    keras = load_tf_keras()
    image = keras.Input((6, 6, 2))
    total = keras.layers.Conv2D(4, 3, name="total")(keras.layers.ReLU()(image))
    after = keras.layers.ReLU(name="after")(total)
    model = keras.Model(image, keras.layers.Add()([keras.layers.Conv2D(4, 1)(after), total]))
    carried = with_carried_sums(model, ("total",))
    relus = {layer.name for layer in carried.layers if type(layer).__name__ == "ReLU"} - {"re_lu"}
    assert {"after", "total_negative"} <= relus
    assert "total_positive" not in relus
    np.testing.assert_allclose(carried(images(model) - 0.5), model(images(model) - 0.5), atol=1e-6)


def layer_cases():
    layers = load_tf_keras().layers
    return {
        "convolution": layers.Conv2D(3, 3, padding="same"),
        "strided": layers.Conv2D(2, 3, strides=2, padding="valid"),
        "dilated": layers.Conv2D(2, 3, dilation_rate=2, padding="same"),
        "depthwise": layers.DepthwiseConv2D(3, padding="same"),
        "transposed": layers.Conv2DTranspose(2, 3, strides=2, padding="same"),
        "pooling": layers.AveragePooling2D(3, strides=2, padding="same"),
        "upsampling": layers.UpSampling2D(2),
        "bilinear": layers.UpSampling2D(2, interpolation="bilinear"),
        "bicubic": layers.UpSampling2D(2, interpolation="bicubic"),
        "gaussian": layers.UpSampling2D(2, interpolation="gaussian"),
        "zero padding": layers.ZeroPadding2D(((1, 2), (0, 3))),
        "cropping": layers.Cropping2D(((1, 0), (2, 1))),
        "flattened": layers.Flatten(),
    }


@pytest.mark.parametrize("name", layer_cases())
def test_reach_foresees_every_connection_of_a_layer(name):
    keras = load_tf_keras()
    image = keras.Input((8, 9, 2))
    model = keras.Model(image, layer_cases()[name](image))
    node = nodes_of(model)[0]
    reach = reach_of(node, shape_of(image), shape_of(node.outputs))
    basis = np.eye(8 * 9 * 2, dtype=np.float32).reshape(-1, 8, 9, 2)
    connected = np.abs(np.asarray(model(basis) - model(0 * basis))) > 1e-9
    found = int(np.count_nonzero(connected))
    assert reach.connections >= found
    if name != "flattened":
        assert reach.connections == found


@pytest.mark.parametrize("end", ["ZeroPadding2D", "Cropping2D"])
def test_reach_over_rows_padded_or_cropped_at_the_end(end):
    keras = load_tf_keras()
    image = keras.Input((8, 8, 2))
    model = keras.Model(image, keras.layers.Conv2D(3, 3)(getattr(keras.layers, end)(((0, 1), (0, 1)))(image)))
    first, second = (reach_of(n, shape_of(n.keras_inputs[0]), shape_of(n.outputs)) for n in nodes_of(model))
    path = second.after(first)
    assert path.rows.shape == path.columns.shape == (8, model.output_shape[1])
    basis = np.eye(8 * 8 * 2, dtype=np.float32).reshape(-1, 8, 8, 2)
    assert path.connections == np.count_nonzero(np.abs(model(basis) - model(0 * basis)) > 1e-9)
