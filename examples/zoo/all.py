"""Every recipe by its name, in the order of the table."""

from __future__ import annotations

from .recipe import Recipe
from .recipes import (
    autoencoder,
    ds_cnn,
    mobilenet,
    nmnist_nir,
    nmnist_scratch,
    resnet8,
    resnet20,
    tactile_scratch,
    torch_resnet,
    unet_full,
    unet_pets,
    unet_small,
    unet_valid,
)

MODULES = (
    resnet8,
    mobilenet,
    ds_cnn,
    autoencoder,
    resnet20,
    torch_resnet,
    unet_small,
    unet_full,
    unet_valid,
    unet_pets,
    nmnist_nir,
    nmnist_scratch,
    tactile_scratch,
)

RECIPES: dict[str, Recipe] = {module.RECIPE.name: module.RECIPE for module in MODULES}
