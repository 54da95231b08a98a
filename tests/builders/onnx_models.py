"""Small ONNX files, written with onnx.helper, and what onnxruntime makes of them."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def node(kind, inputs, output, **settings):
    """A node called after its output; several outputs are written with spaces between."""
    outputs = output.split()
    return helper.make_node(kind, inputs.split(), outputs, name=f"{outputs[0]}_node", **settings)


def weights(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 0.3, shape).astype(np.float32)


def write(path, *nodes, shape=(1, 3, 8, 8), constants=None, outputs=("y",), opset=17):
    """A file of ``nodes`` from "x", of ``shape``, to ``outputs``."""
    constants = constants or {}
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    model = onnx.shape_inference.infer_shapes(model)  # of the outputs, too
    path.write_bytes(model.SerializeToString())
    return path


def by_onnxruntime(path, images):
    """The first output for ``images`` as ONNX takes them."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def images_of(path, count=1):
    """Images by chance, as the file takes them."""
    shape = [d.dim_value for d in onnx.load(path).graph.input[0].type.tensor_type.shape.dim]
    return np.random.default_rng(1).random((count, *shape[1:]), np.float32)


def resnet(path, *, size=16, channels=4, classes=3, blocks=2):
    """A small ResNet for colour images of ``size`` pixels: a stage of ``blocks``, one that strides, a mean, a Gemm."""
    nodes, constants, inside = [], {}, "x"

    def conv(name, source, inputs, outputs, taps=3, stride=1):
        constants[f"{name}_w"] = weights(outputs, inputs, taps, taps, seed=len(constants))
        constants[f"{name}_b"] = weights(outputs, seed=len(constants))
        settings = {"pads": [taps // 2] * 4, "strides": [stride] * 2}
        nodes.append(node("Conv", f"{source} {name}_w {name}_b", name, **settings))
        return name

    def relu(source):
        nodes.append(node("Relu", source, f"{source}_relu"))
        return f"{source}_relu"

    inside, width = relu(conv("stem", "x", 3, channels)), channels
    for i in range(2 * blocks):
        stride = 2 if i == blocks else 1
        wide = channels if i < blocks else 2 * channels
        first = relu(conv(f"block{i}a", inside, width, wide, stride=stride))
        second = conv(f"block{i}b", first, wide, wide)
        shortcut = inside if stride == 1 else conv(f"block{i}s", inside, width, wide, taps=1, stride=2)
        nodes.append(node("Add", f"{second} {shortcut}", f"block{i}"))
        inside, width = relu(f"block{i}"), wide
    constants["head"] = weights(classes, width, seed=99)
    nodes.append(node("GlobalAveragePool", inside, "mean"))
    nodes.append(node("Flatten", "mean", "flat"))
    nodes.append(node("Gemm", "flat head", "y", transB=1))
    return write(path, *nodes, shape=("images", 3, size, size), constants=constants)


def unet(path, *, size=16, channels=4):
    """A small U-Net for grey images: two levels, max pooling, a transposed convolution, a skip, a sigmoid."""
    shapes = {"a": (channels, 1, 3, 3), "b": (2 * channels, channels, 3, 3), "u": (2 * channels, channels, 2, 2),
              "c": (channels, 2 * channels, 3, 3), "o": (1, channels, 1, 1)}  # fmt: skip
    return write(
        path,
        node("Conv", "x a", "down", pads=[1] * 4),
        node("Relu", "down", "skip"),
        node("MaxPool", "skip", "small", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "small b", "deep", pads=[1] * 4),
        node("Relu", "deep", "deepest"),
        node("ConvTranspose", "deepest u", "up", strides=[2, 2]),
        node("Concat", "up skip", "both", axis=1),
        node("Conv", "both c", "end", pads=[1] * 4),
        node("Relu", "end", "last"),
        node("Conv", "last o", "logits"),
        node("Sigmoid", "logits", "y"),
        shape=("images", 1, size, size),
        constants={name: weights(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items())},
    )
