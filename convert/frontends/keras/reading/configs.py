"""The configuration of a layer, as either Keras saves it -> tf-keras layers that do the same, and their arguments."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from convert.frontends.keras.layers import ACTIVATION_LAYERS, ALIASES
from convert.upstream.types import Config, Layer

Step = tuple[str, str, Config]
"""The class, name and configuration of a layer."""


SIZED = ("CenterCrop", "RandomCrop", "Resizing")
"""Classes that make images of a height and a width."""

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
"""Those of which TensorFlow knows the gradient; all of them are linear."""

KEEPING = ("crop", "pad")
"""Ways in which a resized image keeps the ratio of its sides: KEEPING_to_aspect_ratio."""

BY_SHAPE = ("Softmax", "CenterCrop", "Resizing", "AdaptiveAveragePooling2D")
"""Classes of which the shape of the input says whether they convert: see ``for_shape``."""

SIZES = frozenset(
    {
        "filters", "units", "kernel_size", "strides", "pool_size", "size", "padding", "cropping", "dilation_rate",
        "depth_multiplier", "target_shape", "batch_shape", "batch_input_shape", "n", "groups", "height", "width",
    }
)  # fmt: skip
"""Settings of layers that make tensors large."""

LARGEST = 1_000_000
"""No layer has so many channels, pixels in a row or taps; a file that says so is damaged, and would fill the memory."""


def absurd_numbers(layers: Iterable[tuple[str, str, Config]]) -> list[str]:
    """A sentence for each layer with a size beyond ``LARGEST``; ``layers`` by class, name and configuration."""
    problems = []
    for kind, name, config in layers:
        largest = max((abs(n) for key in SIZES for n in _numbers_in(config.get(key))), default=0)
        if largest > LARGEST:
            problems.append(f"layer {name!r} ({kind}) has a size of {largest:.6g}, more than {LARGEST:,}")
    return problems


def _numbers_in(value: object) -> Iterator[float]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _numbers_in(item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def arguments(config: Config, cls: type[Layer] | None) -> Config:
    """The arguments in ``config`` that matter at inference and that ``cls`` of tf-keras knows."""
    known = set(inspect.signature(cls.__init__).parameters) if cls is not None else set()
    skipped = ("_initializer", "_regularizer", "_constraint")
    kept = {k: v for k, v in config.items() if k in known - {"name", "dtype"} and not k.endswith(skipped)}
    if isinstance(kept.get("axis"), list) and cls is not None and cls.__name__ == "BatchNormalization":
        kept["axis"] = kept["axis"][0]
    if "activation" in kept:
        kept["activation"] = activation_name(kept["activation"])
    if cls is not None and cls.__name__ == "LeakyReLU":  # Keras 3 has another name for it
        kept["alpha"] = config.get("negative_slope", config.get("alpha"))
    return kept


def apart(kind: str, name: str, config: Config) -> list[Step]:
    """A layer without its activation, and the layer that this becomes."""
    saved = config.get("activation")
    label = activation_name(saved)
    if isinstance(saved, dict) and saved["class_name"] in ("ReLU", "LeakyReLU"):
        label, after = "relu", (saved["class_name"], saved["config"])
    elif label in ACTIVATION_LAYERS:
        after = ACTIVATION_LAYERS[label]
    else:
        return [(kind, name, config)]
    if kind == "Activation":
        return [(after[0], name, after[1])]
    return [(kind, name, {**config, "activation": "linear"}), (after[0], f"{name}_{label}", after[1])]


def for_shape(kind: str, config: Config, shape: tuple[int | None, ...]) -> tuple[str, Config]:
    """Class and configuration of what a layer is on an input of ``shape``, without the batch.

    A crop of the centre is a Cropping2D, enlarging an UpSampling2D, pooling to a size an AveragePooling2D; what would
    resize to the size that the image has does nothing; the last axis is -1.
    """
    if kind == "Softmax":
        axes = config.get("axis", -1)
        first, *more = axes if isinstance(axes, (list, tuple)) else [axes]
        return kind, {**config, "axis": axes if more or first not in (-1, len(shape)) else -1}
    if kind == "AdaptiveAveragePooling2D" and config.get("data_format") == "channels_last":
        pooled = np.ravel(config["output_size"]) * [1, 1]
        if not (np.array(shape[:2]) % pooled).any():
            return "AveragePooling2D", {"pool_size": (np.array(shape[:2]) // pooled).tolist()}
    if kind in SIZED and len(shape) == 3:
        return _sized(kind, config, (shape[0] or 0, shape[1] or 0))
    return kind, config


def _sized(kind: str, config: Config, have: tuple[int, int]) -> tuple[str, Config]:
    """What a layer is that makes an image of a height and a width out of rows and columns ``have``."""
    wanted = int(config["height"]), int(config["width"])
    more = have[0] - wanted[0], have[1] - wanted[1]
    if more == (0, 0):
        return "Identity", {}
    if kind == "CenterCrop" and min(more) >= 0:
        sides = [[int(n / 2), n - int(n / 2)] for n in more]
        return "Cropping2D", {"cropping": sides, "data_format": config.get("data_format", "channels_last")}
    interpolation = str(config.get("interpolation", "bilinear"))
    factors = enlargement(have, wanted, interpolation)
    kept = any(config.get(f"{way}_to_aspect_ratio") for way in KEEPING)
    if kind == "Resizing" and factors is not None and not kept:
        return "UpSampling2D", {"size": factors, "interpolation": interpolation}
    return kind, config


def enlargement(have: Sequence[int], wanted: Sequence[int], interpolation: str) -> tuple[int, int] | None:
    """The factors of an UpSampling2D that makes the rows and columns ``wanted`` out of ``have``; None if none does."""
    if interpolation not in INTERPOLATIONS or 0 in have or any(w % h for w, h in zip(wanted, have, strict=True)):
        return None
    return int(wanted[0]) // have[0], int(wanted[1]) // have[1]


def activation_name(saved: Config | str | None) -> str:
    """The name of an activation that is saved as a name, a function or a layer."""
    if not isinstance(saved, dict):
        name = str(saved or "linear")
    else:
        name = str(saved["config"] if isinstance(saved["config"], str) else saved["class_name"])
    return ALIASES.get(name, name)
