"""What has no form is refused, every node by its name, at once, each with the way out."""

from __future__ import annotations

import re

import numpy as np
import onnx
import pytest

from convert.errors import UserError
from convert.frontends.load import load_model
from tests.builders.onnx_models import node, weights, write


def problems_of(path, **options):
    with pytest.raises(UserError) as error:
        load_model(path, **options)
    return error.value.problems


def require(problems, *sentences):
    assert len(problems) == len(sentences), problems
    for problem, sentence in zip(problems, sentences, strict=True):
        assert re.search(sentence, problem), problem


def test_every_node_of_a_model_is_named_with_the_way_out(tmp_path):
    path = write(
        tmp_path / "model.onnx",
        node("Conv", "x w", "c", pads=[1] * 4),
        node("Elu", "c", "e"),
        node("Sigmoid", "e", "s"),
        node("Mul", "e s", "m"),
        node("InstanceNormalization", "m a a", "i"),
        node("MaxPool", "i", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Mul", "p p", "q"),
        node("Elu", "q", "y"),
        constants={"w": weights(3, 3, 3, 3), "a": weights(3)},
    )
    require(
        problems_of(path, max_pooling=False),
        r"^nodes 'e_node', 'y_node' \(Elu\): a rate has no curve below zero.*; train with ReLU",
        r"^node 'm_node' \(Mul\): a rate has no curve below zero.*; train with ReLU",
        r"^node 'i_node' \(InstanceNormalization\): it depends on each image; use BatchNorm$",
        r"^node 'q_node' \(Mul\): spikes are added, not multiplied; use Add",
    )


def test_nodes_behind_a_refused_one_are_named_where_sizes_are_computed(tmp_path):
    path = write(
        tmp_path / "model.onnx",
        node("Shape", "x", "sizes"),
        node("Slice", "sizes zero two", "first"),
        node("Concat", "first rest", "computed", axis=0),
        node("Reshape", "x computed", "flat"),
        node("LayerNormalization", "flat scale", "normed"),
        node("Transpose", "normed", "turned", perm=[0, 2, 1]),
        node("MatMul", "normed turned", "y"),
        constants={"zero": [0], "two": [2], "rest": [-1], "scale": weights(64)},
    )
    require(
        problems_of(path, max_pooling=False),
        r"^node 'normed_node' \(LayerNormalization\): it depends on each image; use BatchNorm$",
        r"^node 'y_node' \(MatMul\): it multiplies activations",
    )


def test_max_pooling_is_named_beside_what_does_not_convert(tmp_path):
    path = write(
        tmp_path / "model.onnx",
        node("MaxPool", "x", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Gelu", "p", "g"),
        node("Concat", "g p", "y", axis=1),
        opset=20,
    )
    require(
        problems_of(path, max_pooling=False), r"'g_node' \(Gelu\)", r"'p_node' \(MaxPooling2D\).*--max-pooling average"
    )


REFUSED = {
    "of both": ([node("MatMul", "x x", "y")], r"it multiplies activations"),
    "by a tensor": ([node("Div", "c x", "y")], r"spikes are added, not multiplied"),
    "batch": ([node("Reshape", "x s", "y")], r"mixes the images of a batch.*axis 0 the batch"),
    "cubic": ([node("Resize", "x e f", "y", mode="cubic")], r"mode 'cubic' does not convert; use 'nearest' or"),
    "padded maximum": (
        [node("MaxPool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])],
        r"may be below zero; put it after a ReLU",
    ),
    "old softmax": ([node("Softmax", "x", "y", axis=1)], r"over all axes from 1 on; export with opset_version=13"),
    "spread": ([node("GlobalAveragePool", "x", "g"), node("Add", "x g", "y")], r"spread over each other; use equal"),
    "rounded": ([node("Cast", "x", "i", to=7), node("Cast", "i", "y", to=1)], r"rounds to whole numbers.*leave it out"),
    "unknown": ([node("Det", "x", "y")], r"no conversion is known for this operator; use Conv"),
    "kernel": ([node("Conv", "x x", "y")], r"its kernel depends on the image; only constants convert"),
    "endless": ([node("ConstantOfShape", "h", "k"), node("Add", "x k", "y")], r"more than 67,108,864 numbers out of"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_form_that_does_not_convert(name, tmp_path):
    nodes, sentence = REFUSED[name]
    constants = {
        "c": np.float32(1), "s": np.array([3, 64]), "e": weights(0), "f": np.float32([1, 1, 2, 2]),
        "h": np.array([10**8, 1, 1, 1, 1]),
    }  # fmt: skip
    used = {part for n in nodes for part in n.input}
    kept = {key: value for key, value in constants.items() if key in used}
    path = write(tmp_path / "model.onnx", *nodes, constants=kept, opset=11 if name == "old softmax" else 17)
    assert re.search(sentence, problems_of(path)[0]), problems_of(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"model\.onnx does not exist; give the path of a \.onnx file$"),
        (b"", r"model\.onnx is empty; export it again"),
        (b"Dear reader", r"model\.onnx is not an ONNX model that can be read \(.*; export it again"),
    ],
    ids=["missing", "empty", "text"],
)
def test_what_is_no_onnx_file(content, sentence, tmp_path):
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    require(problems_of(path), sentence)


def test_an_image_of_no_fixed_size(tmp_path):
    path = write(tmp_path / "model.onnx", node("Relu", "x", "y"), shape=("n", 3, "rows", 8))
    require(problems_of(path), r"inputs of no fixed size: 'x' \(None, 3, None, 8\); export the model with sizes")


def test_weights_that_lie_beside_and_are_lost(tmp_path):
    path = write(tmp_path / "model.onnx", node("Conv", "x w", "y"), constants={"w": weights(8, 3, 8, 8)})
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="model.data", size_threshold=0)
    assert load_model(path).layers
    (tmp_path / "model.data").unlink()
    require(problems_of(path), r"cannot be read|is not an ONNX model that can be read \(.*; export it again")
