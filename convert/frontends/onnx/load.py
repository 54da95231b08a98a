"""An ONNX file -> a flat graph of layers, or every node that has no form there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convert.errors import UserError
from convert.frontends import graph
from convert.frontends.keras.cut import misplaced_heads
from convert.frontends.keras.inputs import input_problems, shapes_of
from convert.frontends.keras.layers import refusal
from convert.frontends.keras.load import Loaded
from convert.frontends.keras.outputs import as_read, chosen
from convert.frontends.keras.passes import PASSES
from convert.frontends.keras.refusals import Refusal, sentences
from convert.frontends.keras.weights import not_finite

from .agreement import require_agreement
from .node import UnheldError
from .one_image import of_one_image
from .reading import as_float, read_model
from .translate import translated


@dataclass(frozen=True)
class Given:
    """A ``model`` as the file has it, with the names of its ``outputs``, and ``problems`` of its nodes."""

    model: graph.Model
    outputs: tuple[str, ...]
    problems: tuple[str, ...]


def read(path: Path) -> Given:
    """The model in ``path`` as layers with the file's weights, and what is wrong with it.

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


def flattened(path: Path, given: Given, *, max_pooling: bool = True, output: str | None = None) -> Loaded:
    """What was ``given`` in ``path`` with plain ReLUs and one image for its input, as ``frontends.keras.load`` says it.

    Raises ``UserError`` with all problems of the model.
    """
    shapes, names = shapes_of(given.model), list(given.outputs)
    refused = sentences(_refusals(given.model, max_pooling))
    if given.problems:
        raise UserError([*given.problems, *refused, *misplaced_heads(given.model)])
    order = chosen(names, output)
    if problems := input_problems(path, shapes):
        raise UserError(problems + refused)
    model = as_read(of_one_image(given.model, shapes, order))
    if problems := [*refused, *misplaced_heads(model), *not_finite(path, model)]:
        raise UserError(problems)
    for rewrite in PASSES:
        model = rewrite(model)
    return Loaded(model, tuple(names[i] for i in order))


def _refusals(model: graph.Model, max_pooling: bool) -> Iterator[Refusal]:
    for layer in model.layers:
        if (reason := refusal(layer, max_pooling=max_pooling)) is not None:
            yield Refusal(layer.name, type(layer).__name__, reason)
