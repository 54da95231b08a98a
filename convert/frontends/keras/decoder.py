"""A Keras model that the host runs on what the chip's network gives: the decoder of a hybrid.

It stays as it is, in the Keras that saved it: no layer of it has to convert.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from convert.data.validation import listed
from convert.errors import UserError
from convert.network.network import Activation
from convert.options import Takes
from convert.report import DecoderReport
from convert.upstream.types import Layer, Model, Module, Node, Tensor

from .reading.files import read_model

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)

BATCH = 32
"""Inputs at a time."""


@dataclass(frozen=True)
class Decoder:
    """``model`` of either Keras with one input and, first of its outputs, the one that counts; ``name`` is that of its
    file, or of the layer that it begins with, which is ``in_model``."""

    model: Model
    name: str
    takes: Takes = "rates"
    in_model: bool = False

    @cached_property
    def input_shape(self) -> tuple[int, ...]:
        return _fixed(self.model.inputs[0])

    @cached_property
    def output_shape(self) -> tuple[int, ...]:
        return _fixed(self.model.outputs[0])

    @property
    def activation(self) -> Activation | None:
        """That of its last layer, if it is one that the host has names for."""
        history = self.model.outputs[0]._keras_history
        layer = getattr(history, "operation", history[0])
        name = getattr(getattr(layer, "activation", None), "__name__", type(layer).__name__.lower())
        return next((known for known in ACTIVATIONS if known == name), None)

    def __call__(self, values: NDArray[np.floating], steps: NDArray[np.int64] | int = 1) -> NDArray[np.float32]:
        """What the host makes of ``values`` (n, *output of the network), means over windows of so many ``steps``."""
        given = np.asarray(values, np.float32).reshape(len(values), -1)
        if self.takes == "counts":
            given = given * np.broadcast_to(np.asarray(steps, np.float32), len(given))[:, None]
        given = given.reshape(len(values), *self.input_shape)
        parts = [self._on(given[start : start + BATCH]) for start in range(0, len(given), BATCH)]
        return np.concatenate(parts)

    def described(self) -> DecoderReport:
        """What conversion.json says of it."""
        return DecoderReport(
            name=self.name,
            in_model=self.in_model,
            input_shape=self.input_shape,
            output_shape=self.output_shape,
            takes=self.takes,
        )

    def _on(self, given: NDArray[np.float32]) -> NDArray[np.float32]:
        found = self.model(given, training=False)
        first = found[0] if isinstance(found, (list, tuple)) else found
        return np.asarray(first, np.float32)


def read_decoder(path: Path, takes: Takes = "rates") -> Decoder:
    """The decoder in the file ``path``. Raises ``UserError`` for what is no Keras model, or takes several inputs."""
    model = read_model(path)
    if len(model.inputs) != 1:
        raise UserError(
            f"{path.name} takes {len(model.inputs)} inputs, and a decoder gets the one output of the network; give a "
            "model of one input"
        )
    open_sizes = [t for t in (model.inputs[0], model.outputs[0]) if None in tuple(t.shape)[1:]]
    if open_sizes:
        raise UserError(
            f"{path.name} has the open shape {tuple(open_sizes[0].shape)}; build the decoder with a fixed input size"
        )
    return Decoder(model, path.name, takes)


def with_decoder(encoder: Model, decoder: Model) -> Model:
    """One tf-keras model of two flat ones, the ``decoder`` on what the ``encoder`` gives."""
    from convert.upstream.tensorflow import load_tf_keras

    keras = load_tf_keras()
    given = encoder.outputs[0]
    shape = tuple(decoder.inputs[0].shape)[1:]
    if tuple(given.shape)[1:] != shape:
        given = keras.layers.Reshape(shape, name="to_decoder")(given)
    return keras.Model(encoder.inputs, decoder(given))


def decoder_in(path: Path, told: DecoderReport) -> Decoder:
    """The decoder in the file ``path`` of a bundle that ``told`` of it. Raises ``UserError``."""
    return Decoder(read_model(path), told.name, told.takes, told.in_model)


def require_fitting(decoder: Decoder, shape: tuple[int, ...]) -> None:
    """Raises ``UserError`` unless ``decoder`` takes what a network gives, numbers of ``shape``."""
    if prod(decoder.input_shape) != prod(shape) or (
        len(shape) == len(decoder.input_shape) == 3 and shape != decoder.input_shape
    ):
        given, taken = (" x ".join(map(str, s)) for s in (shape, decoder.input_shape))
        raise UserError(
            f"the decoder {decoder.name} takes {taken}, and the network gives {given}; give it keras.Input({shape})"
        )


def split_at(model: Model, layer: str, output: int = 0) -> tuple[Model, Decoder]:
    """``model`` of either Keras in two: what comes before the layer called ``layer``, and the rest, a decoder that ends
    with output number ``output``.

    Raises ``UserError`` unless everything that the output depends on passes through what that layer takes.
    """
    encoder = _split(model, layer, output)
    if encoder is not None:
        return encoder
    others = [name for name in _names(model) if name != layer and _split(model, name, output) is not None]
    if layer not in _names(model):
        raise UserError(f"the model has no layer '{layer}' to begin the host's part with; {_choices(others)}")
    raise UserError(
        f"layer '{layer}' cannot begin the host's part: the output does not depend on one tensor that goes into it "
        f"alone (it takes several, is called more than once, or a path leads past it); {_choices(others)}"
    )


def _choices(names: list[str]) -> str:
    return f"choose one of {listed(names)}" if names else "no layer of it can"


def _names(model: Model) -> list[str]:
    return [layer.name for layer in model.layers]


def _split(model: Model, name: str, output: int) -> tuple[Model, Decoder] | None:
    given = _into(model, name)
    if len(given) != 1 or any(given[0] is tensor for tensor in model.inputs):
        return None
    keras = keras_of(model)
    try:
        decoder = keras.Model(given[0], model.outputs[output], name=f"{model.name}_decoder")
        return keras.Model(model.inputs, given[0], name=model.name), Decoder(decoder, name, in_model=True)
    except ValueError:  # the output depends on more than this tensor
        return None


def _into(model: Model, name: str) -> list[Tensor]:
    """The tensors that all calls of the layer ``name`` take."""
    nodes = [node for at_depth in model._nodes_by_depth.values() for node in at_depth]
    own = [node for node in nodes if layer_of(node).name == name]
    return [tensor for node in own for tensor in getattr(node, "keras_inputs", None) or node.input_tensors]


def layer_of(node: Node) -> Layer:
    """What is called at ``node`` of either Keras."""
    return node.operation if hasattr(node, "operation") else node.layer


def keras_of(model: Model) -> Module:
    from convert.upstream.tensorflow import load_keras3, load_tf_keras

    return load_tf_keras() if type(model).__module__.startswith("tf_keras") else load_keras3()


def _fixed(tensor: Tensor) -> tuple[int, ...]:
    return tuple(int(size) for size in tuple(tensor.shape)[1:])
