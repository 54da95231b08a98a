"""Every operator gives what onnxruntime gives, in each of its forms."""

from __future__ import annotations

import numpy as np
import pytest

from convert.frontends.load import load_model
from convert.frontends.onnx.operators import REGISTRY
from tests.builders.onnx_models import by_onnxruntime, images_of, node, weights, write

pytest.importorskip("onnxruntime")


def form(*nodes, **options):
    return nodes, options


CHANNELS = np.array([0.5, -1.0, 2.0], np.float32)
FORMS = {
    "Conv": form(node("Conv", "x w b", "y", pads=[1] * 4), constants={"w": weights(4, 3, 3, 3), "b": weights(4)}),
    "Conv strided": form(node("Conv", "x w", "y", pads=[1] * 4, strides=[2, 2]), constants={"w": weights(4, 3, 3, 3)}),
    "Conv unlike": form(
        node("Conv", "x w", "y", pads=[0, 2, 1, 0], strides=[2, 1]), constants={"w": weights(4, 3, 2, 5)}
    ),
    "Conv SAME_LOWER": form(
        node("Conv", "x w", "y", auto_pad="SAME_LOWER", strides=[2, 2]), constants={"w": weights(4, 3, 3, 3)}
    ),
    "Conv dilated": form(
        node("Conv", "x w", "y", dilations=[2, 2], strides=[2, 2], pads=[2] * 4), constants={"w": weights(4, 3, 3, 3)}
    ),
    "Conv by channel": form(node("Conv", "x w", "y", group=3, pads=[1] * 4), constants={"w": weights(6, 1, 3, 3)}),
    "Conv by channel, unlike strides": form(
        node("Conv", "x w", "y", group=3, strides=[1, 2]), constants={"w": weights(3, 1, 3, 3)}
    ),
    "Conv grouped": form(
        node("Conv", "x w", "y", group=2), shape=(1, 4, 6, 6), constants={"w": weights(6, 2, 3, 3)}
    ),
    "Conv of a sequence": form(
        node("Conv", "x w b", "y", pads=[1, 1], strides=[2]), shape=(1, 3, 9),
        constants={"w": weights(4, 3, 3), "b": weights(4)},
    ),
    "ConvTranspose": form(
        node("ConvTranspose", "x w b", "y", strides=[2, 2]), constants={"w": weights(3, 4, 2, 2), "b": weights(4)}
    ),
    "ConvTranspose cropped": form(
        node("ConvTranspose", "x w", "y", strides=[2, 2], pads=[1] * 4, output_padding=[1, 1]),
        constants={"w": weights(3, 4, 3, 3)},
    ),
    "ConvTranspose beyond": form(
        node("ConvTranspose", "x w b", "y", strides=[3, 3], output_padding=[2, 1], dilations=[1, 2]),
        constants={"w": weights(3, 4, 2, 2), "b": weights(4)},
    ),
    "ConvTranspose grouped": form(
        node("ConvTranspose", "x w", "y", strides=[2, 2], group=3, pads=[1] * 4), constants={"w": weights(3, 1, 4, 4)}
    ),
    "Gemm": form(
        node("Flatten", "x", "f"), node("Gemm", "f w b", "y", transB=1, alpha=0.5, beta=2.0),
        constants={"w": weights(5, 192), "b": weights(5)},
    ),
    "MatMul": form(
        node("Reshape", "x s", "f"), node("MatMul", "f w", "m"), node("Add", "m b", "y"),
        constants={"s": np.array([0, -1]), "w": weights(192, 5), "b": weights(5)},
    ),
    "BatchNormalization": form(
        node("BatchNormalization", "x a b c d", "y", epsilon=1e-3),
        constants={"a": CHANNELS, "b": CHANNELS, "c": CHANNELS, "d": CHANNELS**2},
    ),
    "Clip": form(node("Clip", "x l h", "y"), constants={"l": np.float32(0), "h": np.float32(0.5)}),
    "Clip of both ends": form(node("Clip", "x l h", "y"), constants={"l": np.float32(0.2), "h": np.float32(0.5)}),
    "Clip from above": form(node("Clip", "x  h".replace("  ", " l "), "y"),
                            constants={"l": np.float32(-np.inf), "h": np.float32(0.5)}),
    "LeakyRelu": form(node("Sub", "x c", "m"), node("LeakyRelu", "m", "y", alpha=0.2),
                      constants={"c": np.float32(0.5)}),
    "PRelu": form(node("Sub", "x c", "m"), node("PRelu", "m s", "y"),
                  constants={"c": np.float32(0.5), "s": CHANNELS.reshape(3, 1, 1)}),
    "Add of channels": form(node("Add", "c x", "y"), constants={"c": CHANNELS.reshape(1, 3, 1, 1)}),
    "Sub from a number": form(node("Sub", "c x", "y"), constants={"c": np.float32(2)}),
    "Mul of columns": form(node("Mul", "x c", "y"), constants={"c": weights(8)}),
    "Div": form(node("Div", "x c", "y"), constants={"c": CHANNELS.reshape(3, 1, 1)}),
    "Neg": form(node("Neg", "x", "y")),
    "Sum": form(node("Sum", "x x x", "y")),
    "Mean": form(node("Neg", "x", "n"), node("Mean", "x n x", "y")),
    "Max and Min": form(node("Neg", "x", "n"), node("Max", "x n", "m"), node("Min", "m c", "y"),
                        constants={"c": np.float32(0.4)}),
    "Concat": form(node("Neg", "x", "n"), node("Concat", "x n", "y", axis=1)),
    "Concat of rows": form(node("Concat", "x x", "y", axis=-2)),
    "AveragePool": form(node("AveragePool", "x", "y", kernel_shape=[2, 2], strides=[2, 2])),
    "AveragePool padded": form(node("AveragePool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)),
    "AveragePool of padding too": form(
        node("AveragePool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4, count_include_pad=1)
    ),
    "AveragePool rounded up": form(
        node("AveragePool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), opset=19
    ),
    "MaxPool": form(node("MaxPool", "x", "y", kernel_shape=[2, 2], strides=[2, 2])),
    "MaxPool padded": form(
        node("Relu", "x", "r"), node("MaxPool", "r", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    ),
    "GlobalAveragePool": form(node("GlobalAveragePool", "x", "g"), node("Flatten", "g", "y")),
    "GlobalMaxPool": form(node("GlobalMaxPool", "x", "y")),
    "ReduceMean": form(node("ReduceMean", "x", "y", axes=[2, 3], keepdims=0)),
    "ReduceMean of channels": form(node("ReduceMean", "x", "y", axes=[1])),
    "ReduceSum": form(node("ReduceSum", "x a", "y"), constants={"a": np.array([-1])}),
    "ReduceMax": form(node("ReduceMax", "x", "y", axes=[2, 3])),
    "Resize nearest": form(node("Resize", "x  s".replace("  ", " e "), "y", mode="nearest", nearest_mode="floor",
                                coordinate_transformation_mode="asymmetric"),
                           constants={"e": weights(0), "s": np.float32([1, 1, 2, 3])}),
    "Resize bilinear": form(node("Resize", "x e s", "y", mode="linear"),
                            constants={"e": weights(0), "s": np.float32([1, 1, 2, 2])}),
    "Resize by corners": form(
        node("Resize", "x e e n", "y", mode="linear", coordinate_transformation_mode="align_corners"),
        constants={"e": weights(0), "n": np.array([1, 3, 16, 11])},
    ),
    "Resize smaller": form(node("Resize", "x e s", "y", mode="nearest"),
                           constants={"e": weights(0), "s": np.float32([1, 1, 0.5, 0.5])}),
    "Upsample": form(node("Upsample", "x s", "y"), constants={"s": np.float32([1, 1, 2, 2])}, opset=9),
    "Pad": form(node("Pad", "x p", "y"), constants={"p": np.array([0, 1, 1, 2, 0, 0, 0, 1])}),
    "Pad with a number": form(node("Pad", "x p v", "y"),
                              constants={"p": np.array([0, 0, 1, -2, 0, 0, 0, 1]), "v": np.float32(0.5)}),
    "Pad reflected": form(node("Pad", "x p", "y", mode="reflect"), constants={"p": np.array([0, 0, 1, 2, 0, 0, 1, 0])}),
    "Slice": form(node("Slice", "x a b c d", "y"),
                  constants={"a": np.array([1, -1]), "b": np.array([2**40, -9]), "c": np.array([1, 2]),
                             "d": np.array([1, -2])}),
    "Split": form(node("Split", "x n", "a b", axis=1), node("Concat", "b a", "y", axis=1),
                  constants={"n": np.array([1, 2])}),
    "Gather": form(node("Gather", "x i", "y", axis=2), constants={"i": np.array([5, 0, 0])}),
    "Gather of one": form(node("Gather", "x i", "y", axis=2), constants={"i": np.array(3)}),
    "Reshape": form(node("Reshape", "x s", "m"), node("Transpose", "m", "t", perm=[0, 2, 1, 3, 4]),
                    node("Reshape", "t r", "y"), shape=(1, 4, 3, 3),
                    constants={"s": np.array([1, 2, 2, 3, 3]), "r": np.array([-1, 4, 3, 3])}),
    "Flatten": form(node("Flatten", "x", "y")),
    "Squeeze": form(node("GlobalAveragePool", "x", "g"), node("Squeeze", "g a", "s"), node("Unsqueeze", "s b", "y"),
                    constants={"a": np.array([2, 3]), "b": np.array([-1])}),
    "Transpose": form(node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("MatMul", "t w", "y"),
                      constants={"w": weights(3, 2)}),
    "DepthToSpace": form(node("DepthToSpace", "x", "y", blocksize=2, mode="CRD"), shape=(1, 8, 3, 4)),
    "DepthToSpace DCR": form(node("DepthToSpace", "x", "y", blocksize=2), shape=(1, 8, 3, 4)),
    "SpaceToDepth": form(node("SpaceToDepth", "x", "y", blocksize=2)),
    "Softmax": form(node("Softmax", "x", "y", axis=1)),
    "Softmax of a vector": form(node("Flatten", "x", "f"), node("Softmax", "f", "y", axis=1), opset=11),
    "Sigmoid": form(node("Sigmoid", "x", "y")),
    "Tanh": form(node("Tanh", "x", "y")),
    "Softplus": form(node("Softplus", "x", "y")),
    "Softsign": form(node("Softsign", "x", "y")),
    "Exp": form(node("Exp", "x", "y")),
    "Identity": form(node("Identity", "x", "i"), node("Dropout", "i", "d"), node("Cast", "d", "y", to=1)),
    "CastLike": form(node("CastLike", "x x", "y")),
    "sizes told by the graph": form(
        node("Shape", "x", "s"), node("Gather", "s i", "n", axis=0), node("Unsqueeze", "n z", "u"),
        node("Concat", "u m", "t", axis=0), node("Reshape", "x t", "y"), shape=("images", 3, 8, 8),
        constants={"i": np.array(0), "z": np.array([0]), "m": np.array([-1])},
    ),
    "channels last": form(node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t w", "c"),
                          node("Transpose", "c", "y", perm=[0, 2, 3, 1]), shape=(1, 6, 6, 3),
                          constants={"w": weights(4, 3, 3, 3)}),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_an_operator_gives_what_onnxruntime_gives(name, tmp_path):
    nodes, options = FORMS[name]
    path = write(tmp_path / "model.onnx", *nodes, **options)
    images = images_of(path)
    wanted = by_onnxruntime(path, images)
    if name != "channels last":
        images = np.moveaxis(images, 1, -1)
        wanted = np.moveaxis(wanted, 1, -1) if wanted.ndim == 4 else wanted
    model = load_model(path)
    found = np.asarray(model(images.reshape(-1, *model.input_shape[1:])))
    if wanted.ndim == 3:  # a sequence is one row of pixels, and comes with its channels last or as ONNX has it
        wanted = wanted if found.reshape(-1)[1] == pytest.approx(wanted.reshape(-1)[1], abs=1e-5) else wanted.mT
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)


def test_each_operator_is_tried():
    tried = {part.op_type for nodes, _ in FORMS.values() for part in nodes}
    assert set(REGISTRY) - tried <= {"Relu"}
