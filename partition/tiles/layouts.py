"""Ways to give chips to layers: all layers on all chips, or two groups of layers with chips of their own.

Fine layers split well by regions of the image; of coarse layers with many channels every core needs nearly every spike,
so they are better kept together on few chips. Groups are told apart by image size or by depth, or one is cut out of the
middle of the network where fewest spikes go in and out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product

import numpy as np

from convert.network import Population
from partition.hardware import Chip, chips_for

from .regions import Group, Layout, grids

DEPTHS = 9
"""At most so many places to cut the network by depth. Chosen by hand."""
ENDS = 32
"""At most so many places where a middle may begin or end. A limit for deep networks."""
MIDDLES = 10
"""So many middles are tried, those with the fewest messages in and out. Chosen by hand."""

Layers = tuple[str, ...]
Pair = tuple[Layers, Layers]
"""Two groups that hold each layer once."""


def layouts(names: Layers, pairs: Sequence[Pair], fewest: Mapping[str, int], chips: int, chip: Chip) -> list[Layout]:
    """The layouts worth an estimate; ``fewest`` is the least number of cores of each layer."""
    found: list[Layout] = [(Group(names, grid),) for grid in grids(chips)]
    for first, second in pairs:
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


def pairs_of_groups(
    populations: Sequence[Population], fewest: Mapping[str, int], cut: Callable[[Layers], float], chip: Chip
) -> list[Pair]:
    """Splits of the layers in two, by the number of pixels, by their order, and with a middle of its own.

    ``cut`` gives the messages into and out of a group, at least.
    """
    names = tuple(p.name for p in populations)
    sizes = sorted({p.shape[0] * p.shape[1] for p in populations})
    chosen = [[p.shape[0] * p.shape[1] >= size for p in populations] for size in sizes[1:]]
    places = {round(place) for place in np.linspace(1, max(1, len(populations) - 1), DEPTHS)}
    chosen += [[i < place for i in range(len(populations))] for place in places if place < len(populations)]
    groups = {
        (
            tuple(name for name, first in zip(names, firsts, strict=True) if first),
            tuple(name for name, first in zip(names, firsts, strict=True) if not first),
        )
        for firsts in chosen
    }
    middles = sorted((cut(middle), middle) for middle in _middles(names, fewest, chip))
    groups |= {(tuple(name for name in names if name not in middle), middle) for _, middle in middles[:MIDDLES]}
    return sorted(groups)


def _middles(names: Layers, fewest: Mapping[str, int], chip: Chip) -> Iterator[Layers]:
    """Layers that follow each other, with others before and behind them; neither takes less than half a chip."""
    places = sorted({round(place) for place in np.linspace(1, len(names) - 1, ENDS)}) if len(names) > 2 else []
    total = sum(fewest.values())
    for first, end in combinations(places, 2):
        cores = sum(fewest[name] for name in names[first:end])
        if chip.cores / 2 <= cores <= total - chip.cores / 2:
            yield names[first:end]
