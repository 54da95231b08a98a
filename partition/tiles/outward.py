"""What the tiles of a layer need at least of output axons, whichever tiles of its targets are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.network import Population, Shape
from partition.core.out_axons import most_out_slots, slots_per_axon
from partition.geometry.blocks import TileSet, tile_set
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Chip

TargetTiles = Mapping[str, tuple[Tile, ...]]
"""By layer, the tiles that come into question."""


@dataclass(frozen=True)
class OutwardLinks:
    """The links of a layer of ``shape`` to each of its targets, with the tiles of that target if they are known."""

    shape: Shape
    chip: Chip
    by_target: Sequence[tuple[list[Link], TileSet | None]]

    @classmethod
    def of(cls, population: Population, links: Sequence[Link], chip: Chip, targets: TargetTiles) -> OutwardLinks:
        outward: dict[str, list[Link]] = {}
        for link in links:
            if link.source == population.name:
                outward.setdefault(link.target, []).append(link)
        return cls(
            population.shape,
            chip,
            [
                (found, tile_set(found[0].target_shape, targets[name]) if targets.get(name) else None)
                for name, found in outward.items()
            ],
        )

    def least_slots(self, tile: Tile) -> int:
        """Slots on the fullest block of ``tile``, at least; a pixel has an axon for each link, if no more is known."""
        source, total = tile_set(self.shape, [tile]), 0
        for links, tiles in self.by_target:
            if tiles is None:
                total += tile[0] * tile[1] * sum(slots_per_axon(link, self.chip) for link in links)
            else:
                total += int(np.min(sum(most_out_slots(link, source, tiles, self.chip) for link in links)))
        return total
