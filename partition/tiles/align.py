"""The tiles of all layers fitted to each other while chips are regions of the image.

A message crosses chips if the tile that sends it and the tile that receives it have their centres in different
regions. Layer after layer takes the tile that is cheapest beside its neighbours' tiles with a price on cores, until
none changes; the price of each group of chips is bisected until its cores suffice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.network import Network, Shape
from partition.geometry.blocks import Floats, TileSet, tile_set
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .feasible import FeasibleTiles
from .pair_costs import PairCosts, pair_costs
from .region_costs import INTRACHIP_PRICE
from .regions import Grid, Group, Layout, group_of

LAYER_SWEEPS = 6
"""At most so many times are all layers visited for one price of a core. A limit only: a sweep that
changes nothing ends them."""
PRICES = 12
"""Prices that are tried: once a price lies between two that differ by a factor of 4, five more leave 4 %."""
FIRST_PRICE = 0.05
"""The first price of a core: this share of the spikes of a group for all of its cores together. A first guess only."""

EXCESS_PRICE = 1e9
"""The price of an output axon slot too many: more than all messages, so that tiles which do not fit still lead to ones
that do."""

Chosen = dict[str, int]
"""The number of each layer's tile among its feasible ones."""

CountCores = Callable[[Shape, Tile, Grid], int]
"""The cores for which a tile of a layer of this shape counts in the regions of a grid."""


@dataclass(frozen=True)
class LayoutCosts:
    """The links between chip populations, their costs under one ``layout`` and the price of what crosses chips.

    ``spikes`` are per time step.
    """

    links: Sequence[tuple[Link, PairCosts, float]]
    layout: Layout
    spikes: Mapping[str, Floats]
    chip: Chip


def layout_costs(
    network: Network,
    links: Sequence[Link],
    prices: Sequence[float],
    spikes: Mapping[str, Floats],
    layout: Layout,
    chip: Chip,
) -> LayoutCosts:
    """The costs of ``links`` under ``layout``; ``spikes`` are per time step, of each layer's shape.

    ``prices`` are those of messages between chips of one group; between groups a message costs 1.
    """
    priced = [
        (link, pair_costs(link, layout, spikes, chip), price if _within_group(layout, link) else 1.0)
        for link, price in zip(links, prices, strict=True)
        if network.population(link.source).on_chip
    ]
    return LayoutCosts(priced, layout, spikes, chip)


def _within_group(layout: Layout, link: Link) -> bool:
    return group_of(layout, link.source) is group_of(layout, link.target)


@dataclass(frozen=True)
class Alignment:
    """The search for tiles under one layout: every layer's shape, its feasible tiles, their cores, their own costs."""

    costs: LayoutCosts
    shapes: Mapping[str, Shape]
    feasible: Mapping[str, TileSet]
    cores: Mapping[str, Floats]
    own: Mapping[str, Floats]

    def fit(self, start: Mapping[str, Tile]) -> tuple[float, dict[str, Tile]] | None:
        """The cheapest tiles found from ``start`` within the cores of every group, and their cost; None if none."""
        layout, chip = self.costs.layout, self.costs.chip
        chosen = self._numbers(start)
        best, least = None, np.inf
        low, high = np.zeros(len(layout)), np.full(len(layout), np.inf)
        price = np.array([self._first_price(group) for group in layout])
        for _ in range(PRICES):
            chosen = self._sweep(chosen, price)
            over = np.array([self._used(chosen, group) > group.chips * chip.cores for group in layout])
            if not over.any() and self._axons_fit(chosen) and (cost := self._total(chosen)) < least:
                best, least = chosen, cost
            low, high = np.where(over, price, low), np.where(over, high, price)
            price = np.where(np.isinf(high), 4 * low, np.where(low > 0, np.sqrt(low * high), high / 4))
        return (
            None if best is None else (float(least), {name: self.feasible[name].tiles[i] for name, i in best.items()})
        )

    def cost(self, tiles: Mapping[str, Tile]) -> float:
        """Messages per time step between chips, those within at their price, and what tiles cost by themselves."""
        return self._total(self._numbers(tiles))

    def _numbers(self, tiles: Mapping[str, Tile]) -> Chosen:
        return {name: found.tiles.index(tiles[name]) for name, found in self.feasible.items()}

    def _first_price(self, group: Group) -> float:
        spikes = self.costs.spikes
        total = sum(float(spikes[name].sum()) for name in group.layers if name in spikes)
        return FIRST_PRICE * total / (group.chips * self.costs.chip.cores) + 1e-9

    def _used(self, chosen: Chosen, group: Group) -> float:
        return float(sum(self.cores[name][chosen[name]] for name in group.layers))

    def _sweep(self, chosen: Chosen, price: Floats) -> Chosen:
        """Every layer in turn takes its cheapest tile, until none changes."""
        chosen = dict(chosen)
        for _ in range(LAYER_SWEEPS):
            before = dict(chosen)
            for own, group in zip(price, self.costs.layout, strict=True):
                for name in group.layers:
                    chosen[name] = int((self._cost_of_each(name, chosen) + own * self.cores[name]).argmin())
            if chosen == before:
                break
        return chosen

    def _axons_fit(self, chosen: Chosen) -> bool:
        return all(self._slots(name, chosen, name)[i] <= self.costs.chip.out_axon_slots for name, i in chosen.items())

    def _total(self, chosen: Chosen) -> float:
        """Messages between chips, those within at their price, and what tiles cost by themselves."""
        messages = sum(
            self._over(link, costs, price, chosen, link.target)[chosen[link.target]]
            for link, costs, price in self.costs.links
        )
        return float(messages + sum(self.own[name][i] for name, i in chosen.items()))

    def _cost_of_each(self, name: str, chosen: Chosen) -> Floats:
        """The cost of each tile of a layer: messages in and out, its own, and what output axons are too many."""
        cost = self.own[name]
        for link, costs, price in self.costs.links:
            if name in (link.source, link.target):
                cost = cost + self._over(link, costs, price, chosen, name)
        sources = {name, *(link.source for link, _, _ in self.costs.links if link.target == name)}
        limit = self.costs.chip.out_axon_slots
        excess = sum(np.maximum(self._slots(source, chosen, name) - limit, 0.0) for source in sources)
        return np.asarray(cost + EXCESS_PRICE * excess)

    def _over(self, link: Link, costs: PairCosts, price: float, chosen: Chosen, name: str) -> Floats:
        """Messages over ``link`` between chips, and within at their price, for every tile of ``name``."""
        return np.concatenate(
            [
                (price + INTRACHIP_PRICE) * costs.messages(target) - price * costs.intrachip(source, target)
                for source, target in self._pairs(link, chosen, name)
            ]
        )

    def _slots(self, source: str, chosen: Chosen, name: str) -> Floats:
        """The most output axon slots of a block of ``source``, for every tile of ``name``."""
        total = np.zeros(len(self.cores[name]))
        for link, costs, _ in self.costs.links:
            if link.source == source:
                total = total + np.concatenate([costs.out_slots(*pair) for pair in self._pairs(link, chosen, name)])
        return total

    def _pairs(self, link: Link, chosen: Chosen, name: str) -> list[tuple[TileSet, TileSet]]:
        """The tiles of the source and of the target: all of ``name``, which has the same tile at both ends of a link
        from itself to itself."""
        source, target = self._options(link.source, chosen, name), self._options(link.target, chosen, name)
        if link.source == link.target == name:
            ones = [tile_set(self.shapes[name], [tile]) for tile in source.tiles]
            return [(one, one) for one in ones]
        return [(source, target)]

    def _options(self, layer: str, chosen: Chosen, name: str) -> TileSet:
        """All tiles of ``layer`` if it is ``name``, else the chosen one."""
        if layer == name:
            return self.feasible[layer]
        return tile_set(self.shapes[layer], [self.feasible[layer].tiles[chosen[layer]]])


def alignment(
    network: Network, feasible: FeasibleTiles, costs: LayoutCosts, count_cores: CountCores, own: Mapping[str, Floats]
) -> Alignment:
    """The search among ``feasible`` tiles, which cost ``own`` by themselves; ``count_cores`` is ``even_cores`` or
    ``balanced_cores`` of ``regions``."""
    cores, tiles = {}, {}
    for p in network.chip_populations:
        grid = group_of(costs.layout, p.name).grid
        tiles[p.name] = tile_set(p.shape, [option.tile for option in feasible[p.name]])
        cores[p.name] = np.array([count_cores(p.shape, tile, grid) for tile in tiles[p.name].tiles], np.float64)
    return Alignment(costs, {p.name: p.shape for p in network.chip_populations}, tiles, cores, own)
