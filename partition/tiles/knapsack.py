"""The tiles of all layers at once: fewest messages between regions for a number of cores.

With chips as regions of the image the cut is a sum over layers, each term depending on that layer's tile alone
(``region_costs``). So one choice per layer under a common limit on cores is a multiple-choice knapsack, solved exactly
by dynamic programming. Output axons depend on two layers' tiles: what overflows is excluded, and the rest solved again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from convert.network import Network
from partition.core.out_axons import out_axons
from partition.core.utilization import out_slots
from partition.geometry.blocks import Floats, Ints
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .feasible import FeasibleTiles
from .region_costs import Costs, RegionCosts
from .regions import Group

ESTIMATE_UNITS = 400
"""An estimate counts cores in units, so many of them in a limit: it rounds a layer up by 1/400 of the limit at most."""


@dataclass(frozen=True)
class Budget:
    """Layers that share a number of cores, and what their tiles cost."""

    costs: Costs
    cores: int


def budget(costs: RegionCosts, group: Group, chip: Chip) -> Budget:
    """What the tiles of a group's layers cost, and the cores that they share."""
    return Budget(costs.of(group), group.chips * chip.cores)


def cheapest_within_axons(
    network: Network, links: Sequence[Link], feasible: FeasibleTiles, limits: Sequence[Budget], chip: Chip
) -> dict[str, Tile] | None:
    """The cheapest tiles within all ``limits`` whose output axons fit, or None if there are none."""
    excluded: dict[str, set[Tile]] = {p.name: set() for p in network.chip_populations}
    for _ in range(sum(len(options) for options in feasible.values())):
        tiles = cheapest(feasible, [_without(limit, feasible, excluded) for limit in limits])
        if tiles is None:
            return None
        tiles = {p.name: tiles[p.name] for p in network.chip_populations}
        too_full = overflowing(network, links, tiles, chip)
        if not too_full:
            return tiles
        for name in too_full:
            _exclude(excluded, feasible, name, links, tiles)
    return None


def overflowing(network: Network, links: Sequence[Link], tiles: Mapping[str, Tile], chip: Chip) -> list[str]:
    """The layers that have a block whose output axons do not fit its core, were they all to leave the chip."""
    return [
        p.name
        for p in network.chip_populations
        if np.max(np.add(*out_slots(p, links, tiles, chip))) > chip.out_axon_slots
    ]


def _without(limit: Budget, feasible: FeasibleTiles, excluded: Mapping[str, set[Tile]]) -> Budget:
    """``limit`` with an infinite cost for every tile that is ``excluded``."""
    costs = {
        name: np.where([option.tile in excluded[name] for option in feasible[name]], np.inf, cost)
        for name, cost in limit.costs.items()
    }
    return Budget(costs, limit.cores)


def _exclude(
    excluded: dict[str, set[Tile]], feasible: FeasibleTiles, name: str, links: Sequence[Link], tiles: Mapping[str, Tile]
) -> None:
    """Excludes the tile of ``name`` or, if it is the last one, the tile of the target that needs most axons."""
    left = {layer: len(feasible[layer]) - len(excluded[layer]) for layer in excluded}
    if left[name] == 1:
        outward = [link for link in links if link.source == name and left[link.target] > 1]
        if outward:
            name = max(outward, key=lambda k: int(out_axons(k, tiles[name], tiles[k.target]).max())).target
    excluded[name].add(tiles[name])


def estimate(feasible: FeasibleTiles, limit: Budget) -> float:
    """About what the cheapest tiles within ``limit`` cost, output axons left aside; infinite if none fit."""
    unit = ceil(limit.cores / ESTIMATE_UNITS)
    units = {name: -(-size // unit) for name, size in _core_counts(feasible, limit).items()}
    least, _ = _solve(units, limit.costs, limit.cores // unit)
    return float(least[-1])


def cheapest(feasible: FeasibleTiles, limits: Sequence[Budget]) -> dict[str, Tile] | None:
    """The cheapest tiles within all ``limits``, output axons left aside; None if there are none."""
    tiles: dict[str, Tile] = {}
    for limit in limits:
        solved = knapsack(feasible, limit)
        if solved is None:
            return None
        tiles |= solved
    return tiles


def knapsack(feasible: FeasibleTiles, limit: Budget) -> dict[str, Tile] | None:
    """One tile per layer, within the cores of ``limit``, with the least total cost; None if there is none."""
    cores = _core_counts(feasible, limit)
    least, taken = _solve(cores, limit.costs, limit.cores)
    if not np.isfinite(least[-1]):
        return None
    tiles: dict[str, Tile] = {}
    left = limit.cores
    for name, (options, option) in reversed(taken.items()):
        chosen = options[int(option[left])]
        tiles[name] = feasible[name][chosen].tile
        left -= int(cores[name][chosen])
    return tiles


def _core_counts(feasible: FeasibleTiles, limit: Budget) -> dict[str, Ints]:
    """The cores of each feasible tile of the layers of ``limit``."""
    return {name: np.array([option.cores for option in feasible[name]], np.int64) for name in limit.costs}


def _solve(
    cores: Mapping[str, Ints], costs: Costs, most_cores: int
) -> tuple[Floats, dict[str, tuple[list[int], Ints]]]:
    """The least cost for each number of cores; and per layer its options and the one taken for each number of cores."""
    least = np.zeros(most_cores + 1)
    taken: dict[str, tuple[list[int], Ints]] = {}
    for name, cost in costs.items():
        options = _pareto(cores[name], cost)
        total = np.full((len(options) + 1, most_cores + 1), np.inf)
        for row, i in enumerate(options):
            size = int(cores[name][i])
            if size <= most_cores:
                total[row, size:] = least[: most_cores + 1 - size] + cost[i]
        taken[name] = (options, np.asarray(total.argmin(axis=0)))
        least = total.min(axis=0)
    return least, taken


def _pareto(cores: Ints, cost: Floats) -> list[int]:
    """The options of finite cost that no other one beats in cores and cost, fewest cores first."""
    order = np.lexsort((cost, cores))
    costs = cost[order]
    least_before = np.minimum.accumulate(np.concatenate(([np.inf], costs[:-1])))
    front: list[int] = order[costs < least_before].tolist()
    return front
