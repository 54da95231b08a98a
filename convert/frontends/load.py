"""A model file of any kind -> a flat tf-keras model, or every problem at once."""

from __future__ import annotations

from pathlib import Path

from convert.left_out import require
from convert.upstream.types import Model

from .keras.load import Loaded, flattened
from .keras.load import load as load_keras
from .onnx.reading import is_onnx

KERAS = ("tensorflow", "tf_keras", "keras")


def load(path: Path, *, max_pooling: bool = True, output: str | None = None, host_from: str | None = None) -> Loaded:
    """The model in ``path``, of ONNX (.onnx) or Keras, as ``frontends.keras.load`` gives it. Raises ``UserError``."""
    require_reader(path)
    if not is_onnx(path):
        return load_keras(path, max_pooling=max_pooling, output=output, host_from=host_from)
    from .onnx.load import given

    return flattened(path, given(path), max_pooling=max_pooling, output=output, host_from=host_from)


def require_reader(path: Path) -> None:
    """Raises ``UserError`` for every package that reading ``path`` needs and that is not installed."""
    if is_onnx(path):
        require("a model in ONNX, which is taken as layers of Keras,", ("onnx", *KERAS))
    else:
        require("a model of Keras", KERAS)


def load_model(path: Path, *, max_pooling: bool = True, output: str | None = None) -> Model:
    """The ``model`` of ``load``."""
    return load(path, max_pooling=max_pooling, output=output).model
