"""The tiles of all layers at once: fewest messages between regions for a number of cores.

With chips as regions of the image the cut is a sum over layers, each term depending on that layer's tile alone
(``regions.region_cuts``). So one choice per layer under a common limit on cores is a multiple-choice knapsack, solved
exactly by dynamic programming. Output axons depend on two layers' tiles: what overflows is struck off, and the rest
solved again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from convert.network import Network
from partition.core.utilization import out_axons, out_slots
from partition.geometry.blocks import Floats
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .feasible import Fit
from .regions import Grid, Group, Layout, displaced, region_cuts

LOCAL = 0.01
"""The price of a message within a chip, in messages between chips: among equal cuts the least traffic is taken."""

Menus = Mapping[str, Sequence[Fit]]
Costs = Mapping[str, Floats]
"""Per layer the cost of each tile on its menu, in messages per time step."""


@dataclass(frozen=True)
class RegionCosts:
    """Costs of tiles when chips are regions of the image; ``spikes`` are per time step, of each population's shape.

    ``known``, ``moved`` and ``rounded`` keep what has been computed, by (link, grid), (layer, grid) and (layer, unit).
    """

    network: Network
    links: Sequence[Link]
    menus: Menus
    spikes: Mapping[str, Floats]
    known: dict[tuple[int, Grid], tuple[Floats, Floats]] = field(default_factory=dict, repr=False)
    moved: dict[tuple[str, Grid], Floats] = field(default_factory=dict, repr=False)
    rounded: dict[tuple[str, int], Sequence[Fit]] = field(default_factory=dict, repr=False)

    def of(self, group: Group) -> Costs:
        """The cost of every tile of the layers of ``group``; what comes from other groups crosses chips altogether.

        A neuron whose tile lies mostly in another region than its pixel sends at least one message for each link.
        """
        costs = {name: self._displaced(name, group.grid).copy() for name in group.layers}
        for number, link in enumerate(self.links):
            if link.target not in costs or not self.network.population(link.source).on_chip:
                continue
            if (number, group.grid) not in self.known:
                tiles = [fit.tile for fit in self.menus[link.target]]
                self.known[number, group.grid] = region_cuts(link, tiles, group.grid, self.spikes[link.source])
            cut, total = self.known[number, group.grid]
            costs[link.target] += (cut if link.source in costs else total) + LOCAL * total
        return costs

    def _displaced(self, name: str, grid: Grid) -> Floats:
        if (name, grid) not in self.moved:
            tiles = [fit.tile for fit in self.menus[name]]
            links = sum(link.source == name for link in self.links)
            some = links * displaced(tiles, grid, self.spikes[name]) if links else np.zeros(len(tiles))
            self.moved[name, grid] = some
        return self.moved[name, grid]

    def in_units(self, name: str, unit: int) -> Sequence[Fit]:
        """The menu of a layer with its cores counted in units, rounded up."""
        if (name, unit) not in self.rounded:
            self.rounded[name, unit] = [Fit(fit.tile, ceil(fit.cores / unit)) for fit in self.menus[name]]
        return self.rounded[name, unit]


@dataclass(frozen=True)
class Budget:
    """Layers that share a number of cores, and what their tiles cost."""

    costs: Costs
    cores: int


def budgets(costs: RegionCosts, layout: Layout, chip: Chip) -> list[Budget]:
    """One budget for each group of ``layout``."""
    return [Budget(costs.of(group), group.chips * chip.cores) for group in layout]


def choose(
    network: Network, links: Sequence[Link], menus: Menus, limits: Sequence[Budget], chip: Chip
) -> dict[str, Tile] | None:
    """The cheapest tiles within all ``limits`` whose output axons fit, or None if there are none."""
    struck: dict[str, set[Tile]] = {p.name: set() for p in network.chip_populations}
    for _ in range(sum(len(fits) for fits in menus.values())):
        tiles: dict[str, Tile] = {}
        for limit in limits:
            offered = {name: [fit for fit in menus[name] if fit.tile not in struck[name]] for name in limit.costs}
            kept = {n: np.array([f.tile not in struck[n] for f in menus[n]], bool) for n in limit.costs}
            solved = knapsack(offered, {n: cost[kept[n]] for n, cost in limit.costs.items()}, limit.cores)
            if solved is None:
                return None
            tiles |= solved
        tiles = {p.name: tiles[p.name] for p in network.chip_populations}
        too_full = overflowing(network, links, tiles, chip)
        if not too_full:
            return tiles
        for name in too_full:
            _strike(struck, menus, name, links, tiles)
    return None


def overflowing(network: Network, links: Sequence[Link], tiles: Mapping[str, Tile], chip: Chip) -> list[str]:
    """The layers that have a block whose output axons do not fit its core, were they all to leave the chip."""
    return [
        p.name
        for p in network.chip_populations
        if np.max(np.add(*out_slots(p, links, tiles, chip))) > chip.out_axon_slots
    ]


def _strike(
    struck: dict[str, set[Tile]], menus: Menus, name: str, links: Sequence[Link], tiles: Mapping[str, Tile]
) -> None:
    """Strikes the tile of ``name`` or, if it is the last one, the tile of the target that needs most axons."""
    left = {layer: len(menus[layer]) - len(struck[layer]) for layer in struck}
    if left[name] == 1:
        outward = [link for link in links if link.source == name and left[link.target] > 1]
        if outward:
            name = max(outward, key=lambda k: int(out_axons(k, tiles[name], tiles[k.target]).max())).target
    struck[name].add(tiles[name])


def estimate(costs: RegionCosts, limits: Sequence[Budget]) -> float:
    """About what the cheapest tiles within ``limits`` cost, output axons left aside; infinite if none fit."""
    total = 0.0
    for limit in limits:
        unit = ceil(limit.cores / 400)
        coarse = {name: costs.in_units(name, unit) for name in limit.costs}
        best, _ = _solve(coarse, limit.costs, limit.cores // unit)
        total += float(best[-1])
    return total


def cheapest(menus: Menus, limits: Sequence[Budget]) -> dict[str, Tile] | None:
    """The cheapest tiles within all ``limits``, output axons left aside; None if there are none."""
    tiles: dict[str, Tile] = {}
    for limit in limits:
        solved = knapsack({name: menus[name] for name in limit.costs}, limit.costs, limit.cores)
        if solved is None:
            return None
        tiles |= solved
    return tiles


def knapsack(menus: Menus, costs: Costs, most_cores: int) -> dict[str, Tile] | None:
    """One tile per layer, at most ``most_cores`` cores in all, with the least total cost; None if there is none."""
    best, taken = _solve(menus, costs, most_cores)
    if not np.isfinite(best[-1]):
        return None
    tiles: dict[str, Tile] = {}
    left = most_cores
    for name, (options, option) in reversed(taken.items()):
        fit = menus[name][options[option[left]]]
        tiles[name] = fit.tile
        left -= fit.cores
    return tiles


def _solve(menus: Menus, costs: Costs, most_cores: int) -> tuple[Floats, dict[str, tuple[list[int], Floats]]]:
    """The least cost for each number of cores; and per layer its options and the one taken for each number of cores."""
    best = np.zeros(most_cores + 1)
    taken = {}
    for name, cost in costs.items():
        options = _pareto(menus[name], cost)
        total = np.full((len(options) + 1, most_cores + 1), np.inf)
        for row, i in enumerate(options):
            size = menus[name][i].cores
            if size <= most_cores:
                total[row, size:] = best[: most_cores + 1 - size] + cost[i]
        taken[name] = (options, total.argmin(axis=0))
        best = total.min(axis=0)
    return best, taken


def _pareto(fits: Sequence[Fit], cost: Floats) -> list[int]:
    """The options that no other one beats in cores and cost, fewest cores first."""
    front: list[int] = []
    size = np.array([fit.cores for fit in fits], np.float64)
    for i in np.lexsort((cost, size)).tolist():
        if not front or cost[i] < cost[front[-1]]:
            front.append(i)
    return front
