"""What a file may hold beside plain nodes: quantization, functions of its own, several outputs."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.passes import POOLING
from convert.frontends.load import load
from convert.frontends.onnx.reading import files_beside
from tests.builders.onnx_models import by_onnxruntime, images_of, node, resnet, unet, weights, write


def outputs_of(path, images, **options):
    loaded = load(path, **options)
    found = loaded.model(np.moveaxis(images, 1, -1))
    return loaded.outputs, [np.asarray(o) for o in (found if isinstance(found, list) else [found])]


def test_pairs_that_quantize_are_read_as_float(tmp_path):
    whole = np.random.default_rng(0).integers(-100, 100, (4, 3, 3, 3), np.int8)
    scale, zero, each = np.float32(0.02), np.uint8(3), np.float32([0.01, 0.02, 0.03, 0.04])
    quantized = write(
        tmp_path / "quantized.onnx",
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q s z", "d"),
        node("DequantizeLinear", "k p n", "w", axis=0),
        node("Conv", "d w", "c"),
        node("QuantizeLinear", "c s z", "r"),
        node("DequantizeLinear", "r s z", "y"),
        constants={"s": scale, "z": zero, "k": whole, "p": each, "n": np.arange(4, dtype=np.int8)},
    )
    axis = (4, 1, 1, 1)
    plain = write(
        tmp_path / "plain.onnx",
        node("Conv", "x w", "y"),
        constants={"w": np.float32((whole - np.arange(4).reshape(axis)) * each.reshape(axis))},
    )
    images = images_of(plain)
    wanted = np.moveaxis(by_onnxruntime(plain, images), 1, -1)
    np.testing.assert_allclose(outputs_of(quantized, images)[1][0], wanted, atol=1e-4)


def test_functions_of_the_file_are_opened(tmp_path):
    path = write(tmp_path / "model.onnx", node("Relu", "x", "r"), node("Neg", "r", "y"))
    model = onnx.load(path)
    opset = helper.make_opsetid("", 17)
    function = helper.make_function("own", "Twice", ["a"], ["b"], [node("Add", "a a", "b")], [opset])
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node[1].op_type, model.graph.node[1].domain = "Twice", "own"
    onnx.save(model, path)
    images = images_of(path)
    np.testing.assert_allclose(outputs_of(path, images)[1][0], 2 * np.moveaxis(images, 1, -1), atol=1e-6)


def test_the_files_beside_a_model_belong_to_it(tmp_path):
    path = write(tmp_path / "model.onnx", node("Conv", "x w", "y"), constants={"w": weights(8, 3, 8, 8)})
    assert files_beside(path) == []
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="model.data", size_threshold=0)
    assert files_beside(path) == [tmp_path / "model.data"]


def test_outputs_keep_their_names_and_one_is_chosen(tmp_path):
    path = write(
        tmp_path / "model.onnx",
        node("Conv", "x w", "a"),
        node("GlobalAveragePool", "a", "z"),
        constants={"w": weights(2, 3, 3, 3)},
        outputs=("z", "a"),
    )
    images = images_of(path)
    names, found = outputs_of(path, images)
    assert names == ("z", "a")
    assert found[0].shape == (1, 2)
    assert outputs_of(path, images, output="a")[0] == ("a", "z")


@pytest.mark.slow
@pytest.mark.parametrize("make", [resnet, unet])
def test_keras_gets_the_same_model(make, tmp_path):
    """What it is to train: the same layers of tf-keras, with the same populations."""
    path = make(tmp_path / "model.onnx")
    ours, keras = (POOLING["average"](load(path, in_keras=given).model) for given in (False, True))
    images = np.random.default_rng(0).random((2, *ours.input_shape[1:]), np.float32)
    np.testing.assert_allclose(ours(images), np.asarray(keras(images)), atol=1e-5)
    cuts = cut_at_relus(ours), cut_at_relus(keras)
    assert cuts[0].shapes == cuts[1].shapes
    found, wanted = (cut.original.activities(images) for cut in cuts)
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5)
    for own, other in zip(*(cut.segments for cut in cuts), strict=True):
        assert (own.target, own.source_layer, own.sources) == (other.target, other.source_layer, other.sources)
        np.testing.assert_allclose(own.bias(), other.bias(), atol=1e-5)


def test_the_host_may_go_on_from_a_layer(tmp_path):
    path = resnet(tmp_path / "model.onnx")
    loaded = load(path, host_from="mean_node")
    images = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    decoded = loaded.decoder(np.asarray(loaded.model(images)))
    np.testing.assert_allclose(decoded, by_onnxruntime(path, np.moveaxis(images, -1, 1)), atol=1e-5)
