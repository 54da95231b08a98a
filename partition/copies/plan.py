"""The copies of all chips: on the cores that blocks leave free."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from partition.block import Copy
from partition.core.packing import Packing
from partition.geometry.blocks import Floats, Ints
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .choose import Chooser
from .demand import demands
from .fits import Fits
from .rectangles import Rectangles
from .traffic import slots_used
from .wiring import Wiring


def plan_copies(
    fits: Fits,
    tiles: Mapping[str, Tile],
    packings: Mapping[str, Packing],
    spikes: Mapping[str, Floats],
    chip_of_block: Ints,
    most: int,
    in_time: Callable[[], bool],
) -> tuple[Copy, ...]:
    """What each chip computes too on up to ``most`` cores that its blocks leave free.

    ``spikes`` are those of a time step.
    """
    network, links, chip = fits.network, fits.links, fits.chip
    used = np.bincount(chip_of_block)
    rectangles = Rectangles(fits, tiles)
    copies: list[Copy] = []
    for number, demand in enumerate(demands(network, links, tiles, spikes, chip_of_block, len(used))):
        found = Chooser(rectangles, demand).choose(min(most, chip.cores - int(used[number])), in_time)
        for layer, slices in found.rectangles:
            packing = fits.packing(layer, slices)
            assert packing is not None
            copies.append(Copy(layer, slices, number, int(used[number]), packing))
            used[number] += 1
    return _within_axons(Wiring(network, tiles, packings, chip_of_block, copies), links, chip)


def _within_axons(wiring: Wiring, links: Sequence[Link], chip: Chip) -> tuple[Copy, ...]:
    """The copies of ``wiring`` without those of layers to which a core would have too many output axons."""
    while wiring.copies:
        over = np.flatnonzero(slots_used(wiring, links, chip) > chip.out_axon_slots)
        if not len(over):
            break
        sending = {name for name in wiring.first if np.isin(wiring.cores_of(name), over).any()}
        targets = {link.target for link in links if link.source in sending}
        kept = tuple(copy for copy in wiring.copies if copy.layer not in targets)
        wiring = replace(wiring, copies=kept if len(kept) < len(wiring.copies) else ())
    return tuple(wiring.copies)
