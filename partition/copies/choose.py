"""Which neurons a chip computes too: halos that go back from layer to layer as far as it pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from partition.geometry.tile import Slices

from .demand import Bools, Demand
from .rectangles import Rectangles

LEVELS = (1, 2, 3, 4, 6, 100)
"""A halo is copied with those that it needs in so many layers, its own counted; the rest comes as messages."""

Areas = dict[str, Bools]
"""By layer the neurons that are copied, shape (rows, columns, channel tiles)."""


@dataclass(frozen=True)
class Copied:
    """The copies on one chip, and the messages per time step that come to it from others."""

    areas: Areas
    rectangles: tuple[tuple[str, Slices], ...]
    messages: float

    @property
    def cores(self) -> int:
        return len(self.rectangles)


@dataclass(frozen=True)
class Chooser:
    """The copies of one chip that asks for ``demand``."""

    rectangles: Rectangles
    demand: Demand

    def choose(self, cores: int, in_time: Callable[[], bool] = lambda: True) -> Copied:
        """The best copies found on up to ``cores`` cores, by what each further halo spares for each of its cores."""
        now = self._copied({})
        assert now is not None
        while in_time():
            options = [found for areas in self._further(now.areas) if (found := self._copied(areas)) is not None]
            options = [found for found in options if found.cores <= cores and found.messages < now.messages]
            if not options:
                return now
            now = max(options, key=lambda found: (now.messages - found.messages) / max(found.cores - now.cores, 0.5))
        return now

    def _further(self, areas: Areas) -> Iterator[Areas]:
        """``areas`` and what else of one layer is missing, with what that needs in so many layers before it."""
        seen: set[bytes] = set()
        for layer in self.rectangles.layers():
            for levels in LEVELS:
                found = self._with_halo(areas, layer, levels)
                key = b"".join(np.packbits(area).tobytes() for _, area in sorted(found.items()))
                if key in seen:
                    break
                seen.add(key)
                yield found

    def _with_halo(self, areas: Areas, layer: str, levels: int) -> Areas:
        found = dict(areas)
        wanted = self.demand.wanted[layer] > 0
        for name, area in areas.items():
            for source, needed in self._needed(name, area).items():
                if source == layer:
                    wanted = wanted | needed
        new = {layer: wanted & ~self._here(areas, layer)}
        for _ in range(levels):
            before: Areas = {}
            for name, area in new.items():
                if not area.any():
                    continue
                found[name] = found.get(name, np.zeros_like(area)) | area
                for source, needed in self._needed(name, area).items():
                    missing = needed & ~self._here(found, source)
                    before[source] = before.get(source, np.zeros_like(missing)) | missing
            new = {name: area for name, area in before.items() if name in self.rectangles.layers()}
        return found

    def _needed(self, layer: str, area: Bools) -> Areas:
        """The neurons of each chip population that reach ``area`` of ``layer``."""
        found: Areas = {}
        for link in self.rectangles.from_chip(layer):
            rows, columns, channels = self.rectangles.reach(link)
            pixels = np.einsum("sk,yxk->syx", channels, area.astype(np.float32))
            reached = np.moveaxis((rows @ pixels @ columns.T) > 0, 0, 2)
            found[link.source] = found[link.source] | reached if link.source in found else reached
        return found

    def _here(self, areas: Mapping[str, Bools], layer: str) -> Bools:
        here = self.demand.here[layer]
        return here | areas[layer] if layer in areas else here

    def _copied(self, areas: Areas) -> Copied | None:
        """``areas`` on cores; None if some of it fits none."""
        rectangles: list[tuple[str, Slices]] = []
        wanted, held = dict(self.demand.wanted), {}
        for layer, area in areas.items():
            held[layer] = self.demand.here[layer].copy()
            for tile in range(area.shape[2]):
                cover = self.rectangles.cover(layer, tile, area[..., tile])
                if cover is None:
                    return None
                for slices in cover:
                    rectangles.append((layer, slices))
                    held[layer][self.rectangles.place(layer, slices)] = True
        for layer, slices in rectangles:
            one = np.zeros_like(self.demand.here[layer])
            one[self.rectangles.place(layer, slices)] = True
            for source, needed in self._needed(layer, one).items():
                wanted[source] = wanted[source] + np.where(needed, self.demand.spikes[source], 0.0)
        here = {**self.demand.here, **held}
        messages = sum(float(values[~here[name]].sum()) for name, values in wanted.items())
        return Copied(areas, tuple(rectangles), messages)
