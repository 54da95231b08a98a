"""A file of ONNX -> its graph, checked, functions opened, quantization read as the float model that it stands for."""

from __future__ import annotations

import shutil
from pathlib import Path

from convert.errors import UserError
from convert.storage.damage import DAMAGED, too_little_memory
from convert.upstream.types import Model

SUFFIX = ".onnx"
WAY_OUT = "export it again with torch.onnx.export, or write it with onnx.save"


def is_onnx(path: Path) -> bool:
    return path.suffix.lower() == SUFFIX


def require_file(path: Path) -> None:
    """Raises ``UserError`` if there is no file at ``path``."""
    if not path.is_file():
        raise UserError(f"{path} {'is no file' if path.exists() else 'does not exist'}; give the path of a .onnx file")


def read_model(path: Path) -> Model:
    """The ``onnx.ModelProto`` in ``path`` without local functions. Raises ``UserError`` for what is none."""
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.inliner import inline_local_functions

    require_file(path)
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty; {WAY_OUT}")
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model)
        return inline_local_functions(model) if model.functions else model
    except (DecodeError, onnx.checker.ValidationError, *DAMAGED) as error:
        if too_little_memory(error, path):
            raise
        reason = next(iter(str(error).strip().splitlines()), "")
        raise UserError(
            f"{path} is not an ONNX model that can be read ({type(error).__name__}: {reason[:160]}); {WAY_OUT}"
        ) from error


def as_float(model: Model) -> Model:
    """A copy of ``model`` whose activations are not rounded: pairs of QuantizeLinear and DequantizeLinear let through.

    Weights that are stored as whole numbers keep their DequantizeLinear, which makes floats of them.
    """
    import onnx

    found = onnx.ModelProto()
    found.CopyFrom(model)
    constants = {tensor.name for tensor in found.graph.initializer}
    constants |= {name for node in found.graph.node if node.op_type == "Constant" for name in node.output}
    rounded: set[str] = set()
    for node in found.graph.node:
        quantizes = node.op_type == "QuantizeLinear" and node.input[0] not in constants
        restores = node.op_type == "DequantizeLinear" and node.input[0] in rounded
        if node.op_type == "Identity" and node.input[0] in constants:
            constants.update(node.output)
        if quantizes or restores:
            rounded.update(node.output if quantizes else [])
            del node.input[1:], node.attribute[:]
            node.op_type = "Identity"
    del found.graph.value_info[:]
    return found


def save_whole(path: Path, target: Path) -> None:
    """Writes the model in ``path``, with weights that lie in files beside it, to the file ``target``."""
    import onnx

    if not files_beside(path):
        shutil.copy2(path, target)
        return
    model = onnx.load(str(path))
    target.write_bytes(model.SerializeToString(deterministic=True))


def files_beside(path: Path) -> list[Path]:
    """The other files in which weights of the model in ``path`` lie."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    outside = [t for t in model.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]
    names = {entry.value for tensor in outside for entry in tensor.external_data if entry.key == "location"}
    return [path.parent / name for name in sorted(names)]
