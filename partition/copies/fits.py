"""Which rectangles of neurons fit a core, and what their integers depend on: the same whatever tiles cut the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from convert.network import Network
from partition.core.packing import Packing
from partition.geometry.links import KernelLink, Link, SeparableLink
from partition.geometry.tile import Slices
from partition.hardware import Chip

from .core_use import packing_for, scale_of


@dataclass(frozen=True)
class Fits:
    """``links`` are those onto the chip; what was found out is kept."""

    network: Network
    links: Sequence[Link]
    chip: Chip
    _scales: dict[tuple[str, Slices], tuple[float, ...]] = field(default_factory=dict, init=False, repr=False)
    _packings: dict[tuple[str, Slices], Packing | None] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def layers(self) -> list[str]:
        """The layers whose neurons may be copied: those that send spikes, and over whose links axes separate."""
        return [
            p.name
            for p in self.network.chip_populations
            if self.network.out_of(p.name)
            and all(isinstance(link, KernelLink | SeparableLink) for link in self.from_chip[p.name])
        ]

    @cached_property
    def inward(self) -> Mapping[str, list[Link]]:
        """The links into each chip population."""
        return {p.name: [link for link in self.links if link.target == p.name] for p in self.network.chip_populations}

    @cached_property
    def from_chip(self) -> Mapping[str, list[Link]]:
        """Those of them that come from the chip."""
        return {name: [link for link in links if link.source in self.inward] for name, links in self.inward.items()}

    def packing(self, layer: str, slices: Slices) -> Packing | None:
        """The packing by which a rectangle fits a core; None if none does."""
        key = (layer, slices)
        if key not in self._packings:
            self._packings[key] = packing_for(self.inward[layer], slices, self.chip)
        return self._packings[key]

    def scale(self, layer: str, slices: Slices) -> tuple[float, ...]:
        """What the integers of a block of these neurons depend on: blocks alike in this have the same."""
        key = (layer, slices)
        if key not in self._scales:
            self._scales[key] = scale_of(self.network.population(layer), self.inward[layer], slices)
        return self._scales[key]
