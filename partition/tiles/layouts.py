"""Ways to give chips to layers: all layers on all chips, or two groups of layers with chips of their own.

Fine layers split well by regions of the image; of coarse layers with many channels every core needs nearly every spike,
so they are better kept together on few chips. Groups are told apart by image size or by depth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from convert.network import Population
from partition.hardware import Chip, chips_for

from .regions import Group, Layout, grids

DEPTHS = 9
"""At most so many places to cut the network by depth. Chosen by hand."""


def layouts(populations: Sequence[Population], fewest: Mapping[str, int], chips: int, chip: Chip) -> list[Layout]:
    """The layouts worth an estimate; ``fewest`` is the least number of cores of each layer."""
    names = tuple(p.name for p in populations)
    found: list[Layout] = [(Group(names, grid),) for grid in grids(chips)]
    for first, second in _pairs_of_groups(populations):
        cores = [sum(fewest[name] for name in group) for group in (first, second)]
        least = [chips_for(number, chip) for number in cores]
        share = round(chips * cores[0] / sum(cores))
        for own in range(max(least[0], share - 1), min(chips - least[1], share + 1) + 1):
            for one, other in product(squarest(own), squarest(chips - own)):
                found.append((Group(first, one), Group(second, other)))
    return found


def squarest(chips: int) -> list[tuple[int, int]]:
    """The grids whose sides differ least, at most four."""
    return sorted(grids(chips), key=lambda grid: (abs(grid[0] - grid[1]), grid))[:4]


def _pairs_of_groups(populations: Sequence[Population]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Splits of the layers in two, by the number of pixels and by their order."""
    sizes = sorted({p.shape[0] * p.shape[1] for p in populations})
    chosen = [[p.shape[0] * p.shape[1] >= size for p in populations] for size in sizes[1:]]
    places = {round(place) for place in np.linspace(1, max(1, len(populations) - 1), DEPTHS)}
    chosen += [[i < place for i in range(len(populations))] for place in places if place < len(populations)]
    groups = {
        (
            tuple(p.name for p, first in zip(populations, firsts, strict=True) if first),
            tuple(p.name for p, first in zip(populations, firsts, strict=True) if not first),
        )
        for firsts in chosen
    }
    return sorted(groups)
