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
