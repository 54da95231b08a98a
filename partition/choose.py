"""The tiles of all layers at once: fewest messages between regions for a number of cores.

With chips as regions of the image the cut is a sum over layers, each term depending on that layer's tile alone
(``regions.region_cuts``). So one choice per layer under a common limit on cores is a multiple-choice knapsack, solved
exactly by dynamic programming. Output axons depend on two layers' tiles: what overflows is struck off, and solved again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.network import ConvertedNetwork

from .geometry import Floats, Link
from .hardware import Chip
from .plan import Tile
from .regions import Grid, region_cuts
from .tiling import Fit, out_axons, utilization


@dataclass(frozen=True)
class Choice:
    """A tile for every layer, their cores, and the estimated messages between regions per time step."""

    tiles: dict[str, Tile]
    cores: int
    estimate: float


Costs = dict[str, list[tuple[Fit, float]]]
"""Per layer its fitting tiles and what each costs."""

LOCAL = 0.01
"""The price of a message within a chip, in messages between chips: among equal cuts the least traffic is taken."""


def region_costs(
    network: ConvertedNetwork,
    links: Sequence[Link],
    menus: Mapping[str, Sequence[Fit]],
    grid: Grid,
    rates: Mapping[str, Floats],
    *,
    local: float = LOCAL,
) -> Costs:
    """The cost of every tile on the menus when chips are the regions of ``grid``; ``rates`` in spikes per step."""
    costs: Costs = {}
    for name, fits in menus.items():
        inward = [link for link in links if link.target == name and network.population(link.source).on_chip]
        price = np.zeros(len(fits))
        for link in inward:
            cut, total = region_cuts(link, [fit.tile for fit in fits], grid, rates[link.source])
            price += cut + local * total
        costs[name] = list(zip(fits, price.tolist(), strict=True))
    return costs


def choose(
    network: ConvertedNetwork, links: Sequence[Link], costs: Costs, most_cores: int, chip: Chip
) -> Choice | None:
    """The cheapest tiles with at most ``most_cores`` cores whose output axons fit, or None if there are none."""
    offered = {name: list(options) for name, options in costs.items()}
    for _ in range(sum(len(options) for options in offered.values())):
        choice = knapsack(offered, most_cores)
        if choice is None:
            return None
        overflowing = [
            p.name
            for p in network.chip_populations
            if not utilization(p, [k for k in links if k.source == p.name], choice.tiles, chip).fits(chip)
        ]
        if not overflowing:
            return choice
        for name in overflowing:
            _strike(offered, name, links, choice.tiles)
    return None


def _strike(offered: Costs, name: str, links: Sequence[Link], tiles: Mapping[str, Tile]) -> None:
    """Takes off the menu the tile of ``name`` or, if it is the last one, the tile of the target that needs most axons."""
    if len(offered[name]) == 1:
        outward = [link for link in links if link.source == name and len(offered[link.target]) > 1]
        if outward:
            name = max(outward, key=lambda k: int(out_axons(k, tiles[name], tiles[k.target]).max())).target
    offered[name] = [option for option in offered[name] if option[0].tile != tiles[name]]


def knapsack(offered: Costs, most_cores: int) -> Choice | None:
    """One option per layer with the least total cost and at most ``most_cores`` cores; None if even the fewest are more."""
    fewest = [min((fit.cores for fit, _ in options), default=most_cores + 1) for options in offered.values()]
    if sum(fewest) > most_cores:
        return None
    best = np.zeros(most_cores + 1)
    taken = []
    fronts = [_pareto(options) for options in offered.values()]
    for front in fronts:
        total = np.full((len(front), most_cores + 1), np.inf)
        for row, (fit, cost) in enumerate(front):
            if fit.cores <= most_cores:
                total[row, fit.cores :] = best[: most_cores + 1 - fit.cores] + cost
        taken.append(total.argmin(axis=0))
        best = total.min(axis=0)
    tiles: dict[str, Tile] = {}
    left = most_cores
    for name, front, option in reversed(list(zip(offered, fronts, taken, strict=True))):
        fit = front[option[left]][0]
        tiles[name] = fit.tile
        left -= fit.cores
    return Choice({name: tiles[name] for name in offered}, most_cores - left, float(best[most_cores]))


def _pareto(options: Sequence[tuple[Fit, float]]) -> list[tuple[Fit, float]]:
    """The options that no other one beats in cores and cost, fewest cores first."""
    front: list[tuple[Fit, float]] = []
    for option in sorted(options, key=lambda o: (o[0].cores, o[1])):
        if not front or option[1] < front[-1][1]:
            front.append(option)
    return front
