"""Recipes of training a wave of few spikes, by name: each a small file with its source and its equation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from convert.options import SpikingRecipe
from convert.training.recipes.single_step import single_step
from convert.training.recipes.stbp import stbp
from convert.training.recipes.tandem import tandem
from convert.training.recipes.weight_sharing import weight_sharing
from convert.training.wave.aim import Goals
from convert.training.wave.kernels import Surrogate
from convert.training.wave.recipe import Recipe

RECIPES: Mapping[SpikingRecipe, Callable[[int, Goals, Surrogate], Recipe]] = {
    "stbp": stbp,
    "tandem": tandem,
    "single-step": single_step,
    "weight-sharing": weight_sharing,
}
"""From the number of batches, what they make small and a spike's derivative to a recipe."""
