"""What a layer's tiles cost when chips are regions of the image: a cost that depends on its own tile alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from convert.network import Network
from partition.geometry.blocks import Floats
from partition.geometry.links import Link

from .feasible import FeasibleTiles
from .regions import Cuts, Grid, Group, region_cuts, spikes_outside_own_region

INTRACHIP_PRICE = 0.01
"""The price of a message within a chip, or from the host, in messages between chips. Chosen small: among equal cuts the
least traffic is taken, and a hundred messages within chips are given for one between them."""

Costs = Mapping[str, Floats]
"""Per layer the cost of each of its feasible tiles, in messages per time step."""


@dataclass(frozen=True)
class RegionCosts:
    """Costs of ``feasible`` tiles; ``spikes`` are per time step, of each population's shape, ``prices`` of each link,
    ``idle`` what the unused compartments of each tile cost.

    What has been computed is kept, by link, by (number of the link, grid) and by (layer, grid).
    """

    network: Network
    links: Sequence[Link]
    feasible: FeasibleTiles
    spikes: Mapping[str, Floats]
    prices: Sequence[float]
    idle: Costs
    _cuts_of: dict[int, Cuts] = field(default_factory=dict, init=False, repr=False)
    _cuts: dict[tuple[int, Grid], tuple[Floats, Floats]] = field(default_factory=dict, init=False, repr=False)
    _outside: dict[tuple[str, Grid], Floats] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def own(self) -> Costs:
        """What each tile costs by itself: messages from the host, and unused compartments."""
        costs = dict(self.idle)
        for number, link in enumerate(self.links):
            if not self.network.population(link.source).on_chip:
                costs[link.target] = costs[link.target] + INTRACHIP_PRICE * self._cut_by(number, (1, 1))[1]
        return costs

    def of(self, group: Group) -> Costs:
        """The cost of every tile of the layers of ``group``; what comes from other groups crosses chips altogether.

        A neuron whose tile lies mostly in another region than its pixel sends at least one message for each link.
        """
        costs = {name: self._spikes_outside(name, group.grid) + self.own[name] for name in group.layers}
        for number, link in enumerate(self.links):
            if link.target not in costs or not self.network.population(link.source).on_chip:
                continue
            cut, total = self._cut_by(number, group.grid)
            crosses = self.prices[number] * cut if link.source in costs else total
            costs[link.target] += crosses + INTRACHIP_PRICE * total
        return costs

    def least_cut(self, layers: Sequence[str]) -> float:
        """Messages per time step between ``layers`` and all others, whatever the tiles, at least."""
        return sum(
            float(self._cut_by(number, (1, 1))[1].min())
            for number, link in enumerate(self.links)
            if (link.source in layers) != (link.target in layers) and self.network.population(link.source).on_chip
        )

    def _cut_by(self, number: int, grid: Grid) -> tuple[Floats, Floats]:
        """(Messages that cross the regions of ``grid``, all messages) over a link for each tile of its target."""
        link = self.links[number]
        if (number, grid) not in self._cuts:
            if number not in self._cuts_of:
                tiles = [option.tile for option in self.feasible[link.target]]
                self._cuts_of[number] = region_cuts(link, tiles, self.spikes[link.source])
            self._cuts[number, grid] = self._cuts_of[number](grid)
        return self._cuts[number, grid]

    def _spikes_outside(self, name: str, grid: Grid) -> Floats:
        """Messages per time step that neurons outside of their pixel's region send at least, for each tile."""
        if (name, grid) not in self._outside:
            tiles = [option.tile for option in self.feasible[name]]
            price = sum(price for link, price in zip(self.links, self.prices, strict=True) if link.source == name)
            some = price * spikes_outside_own_region(tiles, grid, self.spikes[name]) if price else np.zeros(len(tiles))
            self._outside[name, grid] = some
        return self._outside[name, grid]
