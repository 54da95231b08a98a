"""The super-network: one set of weights for all architectures, each of which has a part of every array.

Two architectures share what they have at the same place in blocks of the same kind: the first channels of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.errors import UserError
from convert.storage.atomic import whole_file
from convert.storage.damage import DAMAGED
from convert.upstream.types import Model
from deploy.arrays import Float32

Weights = dict[str, Float32]
"""By the names of Keras' variables; what no architecture has trained yet is NaN."""
SOURCE, PATHS = "source", "paths"
"""Beside the weights in their file; no variable has such a name."""


def inherit(model: Model, weights: Weights) -> None:
    """Puts into ``model`` what ``weights`` have of it; the rest of it stays as it is."""
    for variable in model.trainable_variables:
        own = np.array(variable)
        if variable.path in weights:
            part = _common(own, weights[variable.path])
            given = weights[variable.path][part]
            own[part] = np.where(np.isnan(given), own[part], given)
            variable.assign(own)


def handed_back(model: Model, weights: Weights) -> Weights:
    """``weights`` with those of ``model`` in their places; arrays grow where it has more channels."""
    found = dict(weights)
    for variable in model.trainable_variables:
        own = np.array(variable)
        old = weights.get(variable.path, own)
        grown = np.full(np.maximum(old.shape, own.shape), np.nan, np.float32)
        grown[_corner(old)] = old
        grown[_corner(own)] = own
        found[variable.path] = grown
    return found


@dataclass(frozen=True)
class SuperNetwork:
    """``weights`` that so many architectures, ``paths``, have trained; ``source`` is the search that they belong to."""

    source: str
    paths: int
    weights: Weights


def save(path: Path, network: SuperNetwork) -> None:
    """Writes it to the .npz file ``path``, whole or not at all: the same bytes for the same weights."""
    told = {SOURCE: np.array(network.source), PATHS: np.array(network.paths)}
    with whole_file(path) as beside, beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **told, **dict(sorted(network.weights.items())))


def load(path: Path) -> SuperNetwork:
    """What ``save`` has written. Raises ``UserError`` for another file."""
    try:
        with np.load(path) as arrays:
            weights = {name: arrays[name] for name in arrays.files}
        return SuperNetwork(str(weights.pop(SOURCE)), int(weights.pop(PATHS)), weights)
    except DAMAGED as error:
        raise UserError(f"{path} is damaged ({error}); delete it, and the super-network is trained again") from error


def _corner(array: Float32) -> tuple[slice, ...]:
    return tuple(slice(size) for size in array.shape)


def _common(one: Float32, other: Float32) -> tuple[slice, ...]:
    return tuple(slice(min(sizes)) for sizes in zip(one.shape, other.shape, strict=True))
