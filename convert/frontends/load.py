"""A model file of any kind -> a flat model, a graph of layers or of tf-keras, or every problem at once."""

from __future__ import annotations

from pathlib import Path

from convert.left_out import require
from convert.upstream.types import Model

from .keras.load import Given, Loaded
from .keras.load import flattened as flattened_keras
from .keras.load import load as load_keras
from .keras.reading.files import require_there as require_keras_there
from .onnx.reading import is_onnx, require_file

KERAS = ("tensorflow", "tf_keras", "keras")


def load(
    path: Path,
    *,
    max_pooling: bool = True,
    output: str | None = None,
    host_from: str | None = None,
    in_keras: bool = False,
) -> Loaded:
    """The model in ``path``, of ONNX (.onnx) or Keras, as ``frontends.keras.load`` gives it. Raises ``UserError``.

    One of ONNX is a graph of ``frontends.graph``, but a model of tf-keras too if it is wanted ``in_keras``, or if the
    host runs it from a layer on.
    """
    require_reader(path)
    if not is_onnx(path):
        return load_keras(path, max_pooling=max_pooling, output=output, host_from=host_from)
    from .onnx.load import flattened, read

    given = read(path)
    if given.problems or not (in_keras or host_from):
        return flattened(path, given, max_pooling=max_pooling, output=output)
    require("an ONNX model that Keras is to train or to run on the host", KERAS)
    from .keras.from_graph import as_keras

    same = Given(as_keras(given.model), given.outputs)
    return flattened_keras(path, same, max_pooling=max_pooling, output=output, host_from=host_from)


def require_reader(path: Path) -> None:
    """Raises ``UserError`` for every package that reading ``path`` needs and that is not installed."""
    if is_onnx(path):
        require("a model in ONNX", ("onnx",))
    else:
        require("a model of Keras", KERAS)


def require_there(path: Path) -> None:
    """Raises ``UserError`` if no model of any kind can be at ``path``."""
    if is_onnx(path):
        require_file(path)
    else:
        require_keras_there(path)


def load_model(path: Path, *, max_pooling: bool = True, output: str | None = None, in_keras: bool = False) -> Model:
    """The ``model`` of ``load``."""
    return load(path, max_pooling=max_pooling, output=output, in_keras=in_keras).model
