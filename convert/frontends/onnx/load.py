"""An ONNX file -> a model that the Keras front end takes, or every node that has no form there."""

from __future__ import annotations

from pathlib import Path

from convert.errors import UserError
from convert.frontends.keras.load import Given
from convert.frontends.keras.refusals import sentences

from .agreement import require_agreement
from .node import UnheldError
from .reading import as_float, read_model
from .translate import translated


def given(path: Path) -> Given:
    """The model in ``path`` as tf-keras layers with the file's weights, and what is wrong with it.

    What is translated has been compared with onnxruntime where that is installed. Raises ``UserError``.
    """
    proto = as_float(read_model(path))
    try:
        found = translated(proto)
    except UnheldError as error:
        raise UserError(f"{path}: {error}") from error
    if not found.refusals:
        require_agreement(path, proto, found)
    return Given(found.model, tuple(found.outputs), tuple(sentences(found.refusals)))
