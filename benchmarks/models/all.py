"""All models; they register themselves, in the order of the table."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .recipe import RECIPES, Recipe

__all__ = ["RECIPES", "keras_of"]

for _room in ("classifiers", "mobile", "residual", "maps", "restoration", "applications", "packages", "refused"):
    import_module(f"{__package__}.{_room}")


def keras_of(recipe: Recipe) -> Any:
    """The Keras that ``recipe`` is built with."""
    return import_module("tf_keras" if recipe.legacy else "keras")
