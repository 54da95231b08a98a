"""All models, in the order of the table."""

from __future__ import annotations

from typing import Any

from . import applications, classifiers, maps, packages, refused
from .recipe import RECIPES, Recipe

__all__ = ["RECIPES", "applications", "classifiers", "keras_of", "maps", "packages", "refused"]


def keras_of(recipe: Recipe) -> Any:
    """The Keras that ``recipe`` is built with."""
    if recipe.legacy:
        import tf_keras

        return tf_keras
    import keras

    return keras
