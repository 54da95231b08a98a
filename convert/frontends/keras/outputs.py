"""What a model gives: which output is measured, and outputs in the shape that they are read in."""

from __future__ import annotations

from math import prod

from convert.errors import UserError
from convert.upstream.types import Model, Tensor

from .either import keras_of
from .layers import is_head
from .nodes import activation_of, node_of
from .shapes import as_image

SHAPING = ("Reshape", "Flatten")


def output_names(model: Model) -> list[str]:
    """The names of the outputs of a model of either Keras: the keys of a dict, else the layers that give them."""
    for struct in (getattr(model, "_outputs_struct", None), getattr(model, "_nested_outputs", None)):
        if isinstance(struct, dict):
            return sorted(str(key) for key in struct)
    return [str(getattr(tensor._keras_history, "operation", tensor._keras_history[0]).name) for tensor in model.outputs]


def chosen(names: list[str], output: str | None) -> list[int]:
    """The order of outputs ``names`` with ``output``, or the first one, in front. Raises ``UserError`` for others."""
    if output is not None and output not in names:
        raise UserError(f"the model has no output '{output}'; its outputs are {', '.join(names)}")
    first = 0 if output is None else names.index(output)
    return [first, *(i for i in range(len(names)) if i != first)]


def as_read(model: Model) -> Model:
    """The flat ``model`` with its outputs as they are read out: what the host computes last, after any Reshape.

    One pixel is a vector, (rows * columns, channels) of a map, or of the input's rows and columns, are a map again, and
    any other sequence is one row.
    """
    outputs = [_as_read(output, tuple(model.inputs[0].shape)[1:3]) for output in model.outputs]
    if all(new is old for new, old in zip(outputs, model.outputs, strict=True)):
        return model
    return keras_of(model).Model(model.inputs, outputs, name=model.name)


def _as_read(output: Tensor, size: tuple[int, int]) -> Tensor:
    shaping, tensor = [], output
    while type(node_of(tensor).layer).__name__ in SHAPING:
        shaping.append(node_of(tensor).layer)
        tensor = node_of(tensor).keras_inputs[0]
    layer = node_of(tensor).layer
    head = layer if is_head(layer) else None
    pixelwise = tensor.shape[-1] == output.shape[-1] or (head is not None and activation_of(head) != "softmax")
    target = _target(tuple(output.shape)[1:], size, _size_before(output))
    if target is None and not (head is not None and shaping and pixelwise):
        return output
    if head is not None and not pixelwise:
        return output
    linear = tensor if head is None else node_of(tensor).keras_inputs[0]
    shape = target or tuple(output.shape)[1:]
    linear = keras_of(linear).layers.Reshape(shape, name=f"{layer.name}_as_read")(linear)
    return linear if head is None else head(linear)


def _size_before(output: Tensor) -> tuple[int, int]:
    """The rows and columns of the map that ``output`` was before it was reshaped; none if there was no map."""
    tensor = output
    while type(node_of(tensor).layer).__name__ in SHAPING or is_head(node_of(tensor).layer):
        tensor = node_of(tensor).keras_inputs[0]
    rows_columns = tuple(tensor.shape)[1:3] if len(tensor.shape) == 4 else (0, 0)
    return rows_columns if tensor.shape[-1] in (output.shape[-1], 1) else (0, 0)


def _target(shape: tuple[int, ...], *sizes: tuple[int, int]) -> tuple[int, ...] | None:
    """The shape that an output of ``shape`` is read in, of maps of ``sizes`` the first that fits; None if it stays."""
    for size in sizes:
        if len(shape) == 2 and shape[0] == prod(size) > 1:
            return (*size, shape[1])
        if len(shape) == 2 and shape == size != (1, 1):
            return (*size, 1)
    image = as_image(shape)
    if image is not None and len(shape) > 1 and image[:2] == (1, 1):
        return image[2:]
    return image if len(shape) == 2 else None
