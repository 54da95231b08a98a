"""Which neurons a chip computes too: halos that go back from layer to layer as far as it pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from partition.geometry.blocks import Floats
from partition.geometry.links import Link
from partition.geometry.tile import Slices

from .demand import Bools, Demand
from .rectangles import Rectangles

LEVELS = (1, 2, 3, 4, 6, 100)
"""A halo is copied with those that it needs in so many layers, its own counted; the rest comes as messages."""
LEAST_GAIN = 1e-4
"""A halo is worth its cores if it spares this share of the messages that come to a chip. Chosen: a core that
spares less costs more joules than it is worth, and what is below is rounding."""
FREE = 0.5
"""What a halo that takes no further core is taken to cost, in cores: it is chosen before others that spare as much."""

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
    """The copies of one chip that asks for ``demand``; what comes from each layer without copies is kept."""

    rectangles: Rectangles
    demand: Demand
    _without: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    def choose(self, cores: int, in_time: Callable[[], bool] = lambda: True) -> Copied:
        """The best copies found on up to ``cores`` cores, by what each further halo spares for each of its cores."""
        now = Copied({}, (), sum(self._messages(layer) for layer in self.demand.wanted))
        while in_time():
            better = self._better(now, cores, whole=True) or self._better(now, cores, whole=False)
            if not better:
                break
            now = max(better, key=lambda found: (now.messages - found.messages) / max(found.cores - now.cores, FREE))
        return now

    def _better(self, now: Copied, cores: int, *, whole: bool) -> list[Copied]:
        """What spares messages within ``cores``: ``whole`` halos, or one side of them."""
        if cores == now.cores and not whole:
            return []
        found, least = [], LEAST_GAIN * now.messages
        for areas in self._further(now.areas, cores, whole=whole):
            copied = self._copied(areas)
            if copied is not None and copied.cores <= cores and copied.messages < now.messages - least:
                found.append(copied)
        return found

    def _further(self, areas: Areas, cores: int, *, whole: bool) -> Iterator[Areas]:
        """``areas`` and what else of one layer is missing, with what that needs in so many layers before it; what
        surely takes more than ``cores`` is left out."""
        seen: set[bytes] = set()
        for layer in self.rectangles.fits.layers:
            missing = self._missing(areas, layer)
            for part in [missing] if whole else _sides(missing, self.demand.here[layer]):
                for levels in LEVELS if part.any() else ():
                    found = self._with_halo(areas, layer, part, levels)
                    key = b"".join(name.encode() + np.packbits(found[name]).tobytes() for name in sorted(found))
                    if key in seen or self._least_cores(found) > cores:
                        break
                    seen.add(key)
                    yield found

    def _least_cores(self, areas: Areas) -> int:
        return sum(self.rectangles.least_cores(layer, int(area.sum())) for layer, area in areas.items())

    def _missing(self, areas: Areas, layer: str) -> Bools:
        """The neurons of ``layer`` whose spikes the chip takes from others."""
        wanted = self.demand.wanted[layer] > 0
        for link in self.rectangles.fits.links:
            if link.source == layer and link.target in areas:
                wanted = wanted | self._reaching(link, areas[link.target])
        return wanted & ~self._here(areas, layer)

    def _with_halo(self, areas: Areas, layer: str, halo: Bools, levels: int) -> Areas:
        found, new = dict(areas), {layer: halo}
        for _ in range(levels):
            before: Areas = {}
            for name, area in new.items():
                if not area.any():
                    continue
                found[name] = found[name] | area if name in found else area
                for link in self.rectangles.fits.from_chip[name]:
                    missing = self._reaching(link, area) & ~self._here(found, link.source)
                    before[link.source] = before[link.source] | missing if link.source in before else missing
            new = {name: area for name, area in before.items() if name in self.rectangles.fits.layers}
        return found

    def _reaching(self, link: Link, area: Bools) -> Bools:
        """The neurons of the source that reach ``area`` of the target."""
        rows, columns, channels = self.rectangles.reach(link)
        found = np.zeros((len(rows), len(columns), len(channels)), bool)
        if not area.any():
            return found
        (rows, up, down), (columns, left, right) = (
            _around(reach, np.asarray(area.any(axis=(1 - axis, 2)))) for axis, reach in enumerate((rows, columns))
        )
        inside = area[area.any(axis=(1, 2))][:, area.any(axis=(0, 2))]
        pixels = np.einsum("sk,yxk->syx", channels, inside.astype(np.float32))
        found[up:down, left:right] = np.moveaxis((rows @ pixels @ columns.T) > 0, 0, 2)
        return found

    def _here(self, areas: Areas, layer: str) -> Bools:
        here = self.demand.here[layer]
        return here | areas[layer] if layer in areas else here

    def _copied(self, areas: Areas) -> Copied | None:
        """``areas`` on cores; None if some of it fits none."""
        rectangles: list[tuple[str, Slices]] = []
        for layer, area in areas.items():
            for tile in range(area.shape[2]):
                cover = self.rectangles.cover(layer, tile, area[..., tile])
                if cover is None:
                    return None
                rectangles += [(layer, slices) for slices in cover]
        wanted, here = dict(self.demand.wanted), dict(self.demand.here)
        for layer in areas:
            here[layer] = here[layer].copy()
        for layer, slices in rectangles:
            here[layer][self.rectangles.place(layer, slices)] = True
            for source, where in self.rectangles.sources(layer, slices):
                if wanted[source] is self.demand.wanted[source]:
                    wanted[source] = wanted[source].copy()
                wanted[source][where] += self.demand.spikes[source][where]
        messages = 0.0
        for name, values in wanted.items():
            same = values is self.demand.wanted[name] and name not in areas
            messages += self._messages(name) if same else float(values[~here[name]].sum())
        return Copied(areas, tuple(rectangles), messages)

    def _messages(self, layer: str) -> float:
        """Those that come from ``layer`` if nothing is copied."""
        if layer not in self._without:
            self._without[layer] = float(self.demand.wanted[layer][~self.demand.here[layer]].sum())
        return self._without[layer]


def _around(reach: Floats, some: Bools) -> tuple[Floats, int, int]:
    """``reach``, shape (source, target), of the targets that are set, and the first and last sources that reach any."""
    chosen = reach[:, some]
    sources = np.flatnonzero(chosen.any(axis=1))
    first, end = (int(sources[0]), int(sources[-1]) + 1) if len(sources) else (0, 0)
    return chosen[first:end], first, end


def _sides(missing: Bools, here: Bools) -> Iterator[Bools]:
    """The parts of ``missing`` above, below, left and right of the rectangle around what is ``here``."""
    for axis in (0, 1):
        inside = np.flatnonzero(here.any(axis=(1 - axis, 2)))
        if not len(inside):
            return
        positions = np.arange(here.shape[axis])
        for beyond in (positions < inside[0], positions > inside[-1]):
            yield missing & (beyond[:, None, None] if axis == 0 else beyond[None, :, None])
