"""Multiply-accumulates of a Keras model for one image, counted layer by layer; a layer not known here is refused.

What counts: each weight times each output (for a transposed convolution, each input) it meets, padding included; one
for each element that is added, compared, scaled or passed through a function other than the identity. Biases start the
sum and copies (concatenation, nearest upsampling, reshaping) move data, so both count nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from convert.errors import UserError
from deploy.foreign import KerasLayer, KerasModel, KerasNode, Tensor

Shape = tuple[int, ...]
Counter = Callable[[KerasLayer, list[Shape], Shape], int]
"""(layer, shapes of its inputs, shape of its output), all without the batch -> multiply-accumulates."""

COUNTERS: dict[str, Counter] = {}


@dataclass(frozen=True)
class LayerMacs:
    """The multiply-accumulates of one call of one layer."""

    name: str
    kind: str
    macs: int


def counts(*kinds: str) -> Callable[[Counter], Counter]:
    """Registers a counter for the layer classes ``kinds``; a class can have one only."""

    def register(counter: Counter) -> Counter:
        for kind in kinds:
            assert kind not in COUNTERS, f"{kind} has a counter already"
            COUNTERS[kind] = counter
        return counter

    return register


def model_macs(model: KerasModel) -> tuple[LayerMacs, ...]:
    """Every layer call of a built model of either Keras; all unknown layers in one ``UserError``."""
    calls = list(_calls(model))
    unknown = sorted({f"{layer.name} ({_kind(layer)})" for layer, _, _ in calls if _kind(layer) not in COUNTERS})
    if unknown:
        raise UserError(
            f"no count of multiply-accumulates for {', '.join(unknown)}: an energy without them would be "
            "too low; register one with deploy.energy.macs.counts"
        )
    return tuple(
        LayerMacs(layer.name, _kind(layer), COUNTERS[_kind(layer)](layer, inputs, output))
        for layer, inputs, output in calls
    )


def total_macs(model: KerasModel) -> int:
    """The multiply-accumulates of one inference."""
    return sum(layer.macs for layer in model_macs(model))


def _calls(model: KerasModel) -> Iterator[tuple[KerasLayer, list[Shape], Shape]]:
    """Every call of a layer in the graph of ``model``, nested models opened."""
    if not hasattr(model, "_nodes_by_depth"):
        raise UserError(
            f"the model {model.name} is a subclassed {_kind(model)}, which has no graph of layers to "
            "count; build it with the functional or the sequential API"
        )
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            layer = node.operation if hasattr(node, "operation") else node.layer
            if hasattr(layer, "_nodes_by_depth"):
                yield from _calls(layer)
            else:
                inputs, output = _shapes(node)
                yield layer, [_fixed(shape, layer) for shape in inputs], _fixed(output, layer)


def _shapes(node: KerasNode) -> tuple[list[Any], Any]:
    """Those of the inputs and of the output of a call, with the batch."""
    if hasattr(node, "operation"):  # Keras 3
        return [tuple(tensor.shape) for tensor in node.input_tensors], tuple(node.output_tensors[0].shape)
    shapes = node.input_shapes
    return shapes if isinstance(shapes, list) else [shapes], node.output_shapes


def _kind(layer: KerasLayer) -> str:
    return type(layer).__name__


def _fixed(shape: Any, layer: KerasLayer) -> Shape:
    """``shape`` without the batch. An InputLayer wraps its own in a list."""
    if isinstance(shape, list):
        shape = shape[0]
    if None in shape[1:]:
        raise UserError(f"layer {layer.name} has the open shape {shape}; give the model a fixed input size to count it")
    return tuple(shape[1:])


def _size(weights: Tensor) -> int:
    """The number of weights."""
    return prod(int(length) for length in weights.shape)


def _activation(layer: KerasLayer, output: Shape) -> int:
    """One for each element if the layer ends in a function other than the identity."""
    function = getattr(layer, "activation", None)
    return 0 if function is None or getattr(function, "__name__", "") == "linear" else prod(output)


@counts("Dense", "Conv1D", "Conv2D", "Conv3D")
def _weighted(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    """The kernel's last axis is the output's channels; groups are in its shape and dilation does not change it."""
    return prod(output[:-1]) * _size(layer.kernel) + _activation(layer, output)


@counts("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    return prod(output[:-1]) * _size(layer.depthwise_kernel) + _activation(layer, output)


@counts("SeparableConv1D", "SeparableConv2D")
def _separable(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    kernels = _size(layer.depthwise_kernel) + _size(layer.pointwise_kernel)
    return prod(output[:-1]) * kernels + _activation(layer, output)


@counts("Conv1DTranspose", "Conv2DTranspose")
def _transposed(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    """Every input pixel meets the whole kernel, shape (h, w, out, in)."""
    return prod(inputs[0][:-1]) * _size(layer.kernel) + _activation(layer, output)


@counts("AveragePooling1D", "AveragePooling2D", "MaxPooling1D", "MaxPooling2D")
def _pooling(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    window: tuple[int, ...] = layer.pool_size
    return prod(output) * prod(window)


@counts("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D")
def _global_pooling(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    return prod(inputs[0])


@counts("UpSampling2D")
def _upsampling(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    """Bilinear: four neighbours for each output; bicubic: sixteen."""
    neighbours = {"nearest": 0, "bilinear": 4, "bicubic": 16}
    if layer.interpolation not in neighbours:
        raise UserError(
            f"layer {layer.name} (UpSampling2D, {layer.interpolation}): only {', '.join(neighbours)} are "
            "counted; choose one of these interpolations"
        )
    return neighbours[layer.interpolation] * prod(output)


@counts("Add", "Subtract", "Average", "Multiply", "Maximum", "Minimum")
def _elementwise(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    return (len(inputs) - 1) * prod(output)


@counts(
    "BatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "Normalization",
    "Rescaling",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "ELU",
    "Softmax",
    "ThresholdedReLU",
)
def _each_element(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    return prod(output)


@counts("Activation")
def _activation_layer(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    return _activation(layer, output)


@counts(
    "InputLayer",
    "Concatenate",
    "Flatten",
    "Reshape",
    "Permute",
    "RepeatVector",
    "UpSampling1D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "Cropping1D",
    "Cropping2D",
    "Dropout",
    "SpatialDropout2D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
)
def _nothing(layer: KerasLayer, inputs: list[Shape], output: Shape) -> int:
    """Data is moved, or the layer does nothing at inference."""
    return 0
