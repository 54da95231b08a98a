"""A model file of any kind -> a flat tf-keras model, or every problem at once."""

from __future__ import annotations

from pathlib import Path

from convert.upstream.types import Model

from .keras.load import Loaded, flattened
from .keras.load import load as load_keras
from .onnx.reading import is_onnx


def load(path: Path, *, max_pooling: bool = True, output: str | None = None, host_from: str | None = None) -> Loaded:
    """The model in ``path``, of ONNX (.onnx) or Keras, as ``frontends.keras.load`` gives it. Raises ``UserError``."""
    if not is_onnx(path):
        return load_keras(path, max_pooling=max_pooling, output=output, host_from=host_from)
    from .onnx.load import given

    return flattened(path, given(path), max_pooling=max_pooling, output=output, host_from=host_from)


def load_model(path: Path, *, max_pooling: bool = True, output: str | None = None) -> Model:
    """The ``model`` of ``load``."""
    return load(path, max_pooling=max_pooling, output=output).model
