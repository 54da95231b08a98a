"""The weights of a layer as tf-keras takes them, and what may be wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.upstream.types import Layer, Model, Values


def weights_of(old: Layer) -> list[Values]:
    """The arrays of a layer of either Keras; a low-rank adaptation (LoRA) is added to the kernel that it adapts."""
    if getattr(old, "lora_enabled", False):
        bias = [] if getattr(old, "bias", None) is None else [np.asarray(old.bias)]
        return [np.asarray(old.kernel), *bias]
    return list(old.get_weights())


def quantized(old: Layer) -> str | None:
    """Why the weights of ``old`` are no floating-point numbers to convert, and the way out; None if they are."""
    mode = getattr(old, "quantization_mode", None) or getattr(
        getattr(old, "dtype_policy", None), "quantization_mode", 0
    )
    if not mode:
        return None
    return (
        f"weights of {mode}, by model.quantize(); give the float model, saved before model.quantize(): "
        "the chip's own 8 bits are fitted to it"
    )


def misfit(layer: Layer, weights: list[Values]) -> str | None:
    """Why ``weights`` are not those of ``layer``, which is built, and the way out; None if they fit."""
    wanted = [tuple(w.shape) for w in layer.weights]
    found = [tuple(np.shape(w)) for w in weights]
    if wanted == found:
        return None
    return (
        f"{len(found)} arrays of shapes {_all(found)}, where {type(layer).__name__} has {_all(wanted)}; "
        "save the plain float model, without what was wrapped around its layers"
    )


def not_finite(path: Path, model: Model) -> list[str]:
    return [
        f"layer '{layer.name}' of {path} has {int((~np.isfinite(w)).sum())} weights that are NaN or infinite; "
        "load a checkpoint from before the training diverged"
        for layer in model.layers
        for w in layer.get_weights()
        if not np.isfinite(w).all()
    ]


def _all(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(str(shape) for shape in shapes) or "none"
