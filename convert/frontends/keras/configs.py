"""The configuration of a layer, as either Keras saves it -> tf-keras layers that do the same, and their arguments."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

from convert.upstream.types import Config, Layer

from .layers import ACTIVATION_LAYERS, ALIASES

Step = tuple[str, str, Config]
"""The class, name and configuration of a layer."""


SIZED = ("CenterCrop", "RandomCrop", "Resizing")
"""Classes that make images of a height and a width."""

BY_SHAPE = ("Softmax", "CenterCrop")
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

    A crop of the centre is a Cropping2D; what would resize to the size that the image has does nothing; the last axis
    is -1.
    """
    if kind == "Softmax":
        axes = config.get("axis", -1)
        first, *more = axes if isinstance(axes, (list, tuple)) else [axes]
        return kind, {**config, "axis": axes if more or first not in (-1, len(shape)) else -1}
    if kind in SIZED and len(shape) == 3:
        rows, columns = (
            (have or 0) - int(config[key]) for have, key in zip(shape[:2], ("height", "width"), strict=True)
        )
        if rows == columns == 0:
            return "Identity", {}
        if kind == "CenterCrop" and min(rows, columns) >= 0:
            sides = [[int(more / 2), more - int(more / 2)] for more in (rows, columns)]
            return "Cropping2D", {"cropping": sides, "data_format": config.get("data_format", "channels_last")}
    return kind, config


def activation_name(saved: Config | str | None) -> str:
    """The name of an activation that is saved as a name, a function or a layer."""
    if not isinstance(saved, dict):
        name = str(saved or "linear")
    else:
        name = str(saved["config"] if isinstance(saved["config"], str) else saved["class_name"])
    return ALIASES.get(name, name)
