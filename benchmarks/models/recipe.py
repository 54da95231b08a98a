"""A published model that is to be tried: what builds it, where it comes from, and how it is converted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIMIT_S = 300.0

Model = Any
"""A model of Keras 3, or of tf-keras for those of other packages."""


@dataclass(frozen=True)
class Recipe:
    """``build`` makes the model ``name`` with random weights; ``source`` says whose design it is.

    ``options`` of ``convert-model`` come on top of those that all models get; ``legacy`` models need tf-keras;
    a command may take ``limit_s``.
    """

    name: str
    source: str
    build: Callable[[], Model]
    options: tuple[str, ...] = ()
    legacy: bool = False
    limit_s: float = LIMIT_S


RECIPES: dict[str, Recipe] = {}


def recipe(
    source: str, *options: str, legacy: bool = False, limit_s: float = LIMIT_S
) -> Callable[[Callable[[], Model]], Callable[[], Model]]:
    """Registers the function that builds a model, under its own name."""

    def register(build: Callable[[], Model]) -> Callable[[], Model]:
        add(Recipe(build.__name__, source, build, options, legacy, limit_s))
        return build

    return register


def add(found: Recipe) -> None:
    """A second model of one name is our own bug."""
    if found.name in RECIPES:
        raise ValueError(f"model {found.name} is there twice")
    RECIPES[found.name] = found
