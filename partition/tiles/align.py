"""The tiles of all layers fitted to each other while chips are regions of the image.

A message crosses chips if the tile that sends it and the tile that receives it have their centres in different
regions. Layer after layer takes the tile that is cheapest beside its neighbours' tiles with a price on cores, until
none changes; the price of each group of chips is bisected until its cores suffice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.network import Network
from partition.geometry.blocks import Floats, Sizes, sizes
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .knapsack import LOCAL, Menus
from .pair_costs import PairCosts
from .regions import Group, Layout, balanced_cores, group_of

SWEEPS = 6
"""At most so many times are all layers visited for one price of a core."""
PRICES = 12
"""Prices that are tried."""

Chosen = dict[str, int]
"""The place of each layer's tile on its menu."""


@dataclass(frozen=True)
class Alignment:
    """The search for tiles under one layout: links between chip populations, every layer's tiles and their cores."""

    network: Network
    links: Sequence[Link]
    layout: Layout
    chip: Chip
    costs: PairCosts
    menus: Mapping[str, Sizes]
    cores: Mapping[str, Floats]

    def fit(self, start: Mapping[str, Tile]) -> tuple[float, dict[str, Tile]] | None:
        """The cheapest tiles found from ``start`` within the cores of every group, and their cost; None if none."""
        chosen = self._numbers(start)
        best, least = None, np.inf
        low, high = np.zeros(len(self.layout)), np.full(len(self.layout), np.inf)
        price = np.array([self._first_price(group) for group in self.layout])
        for _ in range(PRICES):
            chosen = self._sweep(chosen, price)
            over = np.array([self._used(chosen, group) > group.chips * self.chip.cores for group in self.layout])
            if not over.any() and (cost := self._total(chosen)) < least:
                best, least = chosen, cost
            low, high = np.where(over, price, low), np.where(over, high, price)
            price = np.where(np.isinf(high), 4 * low, np.where(low > 0, np.sqrt(low * high), high / 4))
        return None if best is None else (float(least), {name: self.menus[name].tiles[i] for name, i in best.items()})

    def cost(self, tiles: Mapping[str, Tile]) -> float:
        """Messages per time step between chips, and those within at their price."""
        return self._total(self._numbers(tiles))

    def _numbers(self, tiles: Mapping[str, Tile]) -> Chosen:
        return {name: found.tiles.index(tiles[name]) for name, found in self.menus.items()}

    def _first_price(self, group: Group) -> float:
        spikes = sum(float(self.costs.spikes[name].sum()) for name in group.layers if name in self.costs.spikes)
        return 0.05 * spikes / (group.chips * self.chip.cores) + 1e-9

    def _used(self, chosen: Chosen, group: Group) -> float:
        return float(sum(self.cores[name][chosen[name]] for name in group.layers))

    def _sweep(self, chosen: Chosen, price: Floats) -> Chosen:
        """Every layer in turn takes its cheapest tile, until none changes."""
        chosen = dict(chosen)
        for _ in range(SWEEPS):
            before = dict(chosen)
            for own, group in zip(price, self.layout, strict=True):
                for name in group.layers:
                    chosen[name] = int((self._messages(name, chosen) + own * self.cores[name]).argmin())
            if chosen == before:
                break
        return chosen

    def _total(self, chosen: Chosen) -> float:
        """Messages between chips, and those within at their price."""
        return float(sum(self._over(link, chosen, link.target)[chosen[link.target]] for link in self.links))

    def _messages(self, name: str, chosen: Chosen) -> Floats:
        """The messages into and out of a layer for every tile on its menu; infinite where output axons do not fit."""
        cost = np.zeros(len(self.cores[name]))
        for link in self.links:
            if name in (link.source, link.target):
                cost = cost + self._over(link, chosen, name)
        sources = {name, *(link.source for link in self.links if link.target == name)}
        slots = [self._slots(source, chosen, name) for source in sources]
        return np.where(np.max(slots, axis=0) > self.chip.out_axon_slots, np.inf, cost)

    def _over(self, link: Link, chosen: Chosen, name: str) -> Floats:
        """Messages over ``link`` between chips, and within at their price, for every tile of ``name``."""
        source, target = self._options(link.source, chosen, name), self._options(link.target, chosen, name)
        everywhere = self.costs.messages(link, target)
        return np.asarray((1 + LOCAL) * everywhere - self.costs.at_home(link, source, target))

    def _slots(self, source: str, chosen: Chosen, name: str) -> Floats:
        """The most output axon slots of a block of ``source``, for every tile of ``name``."""
        total = np.zeros(len(self.cores[name]))
        for link in self.links:
            if link.source == source:
                tiles = self._options(source, chosen, name), self._options(link.target, chosen, name)
                total = total + self.costs.out_slots(link, *tiles)
        return total

    def _options(self, layer: str, chosen: Chosen, name: str) -> Sizes:
        """All tiles of ``layer`` if it is ``name``, else the chosen one."""
        if layer == name:
            return self.menus[layer]
        return sizes(self.network.shape_of(layer), [self.menus[layer].tiles[chosen[layer]]])


def alignment(
    network: Network,
    links: Sequence[Link],
    menus: Menus,
    spikes: Mapping[str, Floats],
    layout: Layout,
    chip: Chip,
    *,
    balanced: bool,
) -> Alignment:
    """The search for tiles under ``layout``; ``spikes`` are per time step, of each layer's shape.

    With ``balanced``, a tile counts as many cores as if every chip held as many of its blocks as the fullest one does.
    """
    cores, options = {}, {}
    for p in network.chip_populations:
        tiles = [fit.tile for fit in menus[p.name]]
        grid = group_of(layout, p.name).grid
        options[p.name] = sizes(p.shape, tiles)
        cores[p.name] = np.array(
            [balanced_cores(p.shape, tile, grid) for tile in tiles] if balanced else [f.cores for f in menus[p.name]],
            np.float64,
        )
    on_chip = [link for link in links if network.population(link.source).on_chip]
    return Alignment(network, on_chip, layout, chip, PairCosts(layout, spikes, chip), options, cores)
