"""What Keras calls layers with and gets from them, nested in lists and dicts, as plain lists."""

from __future__ import annotations

from convert.upstream.types import Tensor


def flat(value: Tensor) -> list[Tensor]:
    """Everything in lists, tuples and dicts, the keys of a dict in order, as both Keras go through them."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in flat(part)]
    return [value]


def tensors_in(value: Tensor) -> list[Tensor]:
    """The symbolic tensors in ``value``."""
    return [leaf for leaf in flat(value) if hasattr(leaf, "_keras_history")]
