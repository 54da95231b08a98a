"""Models of keras.applications, untrained, as small as they can be made."""

from __future__ import annotations

from functools import partial
from typing import Any

from keras import applications

from .recipe import Recipe, add

SOURCE = "keras.applications"
SMALL = {"weights": None, "classes": 10}


def _add(name: str, side: int, *options: str, **arguments: Any) -> None:
    build = partial(getattr(applications, name), input_shape=(side, side, 3), **{**SMALL, **arguments})
    add(Recipe(name, SOURCE, build, options))


_add("VGG16", 32)
_add("ResNet50", 32)
_add("ResNet50V2", 32)
_add("MobileNet", 32, alpha=0.25)
_add("MobileNetV2", 32, alpha=0.35)
_add("MobileNetV3Small", 32, alpha=0.75)
_add("DenseNet121", 32)
_add("Xception", 71)
_add("InceptionV3", 75)
_add("InceptionResNetV2", 75)
_add("NASNetMobile", 32)
_add("EfficientNetB0", 32)
_add("EfficientNetV2B0", 32)
_add("ConvNeXtTiny", 32)
add(
    Recipe(
        "MobileNetV3Small_minimalistic",
        SOURCE,
        partial(applications.MobileNetV3Small, input_shape=(32, 32, 3), alpha=0.75, minimalistic=True, **SMALL),
    )
)
