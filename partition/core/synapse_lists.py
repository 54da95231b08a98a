"""The synapse lists of a block: the packings that let them be shared, and what a spike adds by them on each core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch

import numpy as np
from scipy import sparse

from partition.geometry.blocks import Ints, cores
from partition.geometry.links import KernelLink, Link, MatrixLink
from partition.geometry.tile import Tile

from .packing import Packing


def packings(links: Sequence[Link], tile: Tile) -> list[Packing]:
    """The packings worth a try for ``tile``, the one with the fewest unused compartments first."""
    rows, columns = (_overhang(links, axis, tile[axis]) for axis in (0, 1))
    cut = (0, 0)
    unused = [(cut, cut), (cut, columns), (rows, cut), (rows, columns)]
    found = [Packing(first, *both) for both in dict.fromkeys(unused) for first in (False, True)]
    return sorted(found, key=lambda packing: packing.compartments(tile))


def _overhang(links: Iterable[Link], axis: int, step: int) -> tuple[int, int]:
    """How far whole synapse lists reach (before, after) a tile, in positions, over all tiles of an axis."""
    before, after = zip((0, 0), *(_overhang_of(link, axis, step) for link in links), strict=True)
    return max(before), max(after)


@singledispatch
def _overhang_of(link: Link, axis: int, step: int) -> tuple[int, int]:
    """No synapse list of a matrix is shared, so none reaches over a border."""
    return 0, 0


@_overhang_of.register
def _(link: KernelLink, axis: int, step: int) -> tuple[int, int]:
    found = [i for i in link.intervals(axis, step, whole=True)[0] if len(i.base)]
    before = max((-int(i.base.min()) for i in found), default=0)
    after = max((int((i.base + i.count).max()) - i.size for i in found), default=0)
    return before, after


@singledispatch
def weights_delivered(link: Link, tile: Tile, packing: Packing) -> sparse.csr_array:
    """The weights that a spike adds on each core of the target, those to unused compartments too.

    ``tile`` cuts the target and lies in its cores as ``packing`` says. Shape (source neurons, target blocks), or
    (source pixels, target blocks) where all channels are alike; what is not stored gets no message.
    """
    raise TypeError(f"no weights delivered by a {type(link).__name__}")


@weights_delivered.register
def _(link: KernelLink, tile: Tile, packing: Packing) -> sparse.csr_array:
    rows = _list_lengths(link, 0, tile[0], whole=any(packing.rows))
    columns = _list_lengths(link, 1, tile[1], whole=any(packing.columns))
    depths = link.depths(tile[2])[None, :]
    pixels = sparse.kron(sparse.csr_array(rows), sparse.csr_array(columns), format="csr")
    return sparse.csr_array(sparse.kron(pixels, sparse.csr_array(depths), format="csr"))


@weights_delivered.register
def _(link: MatrixLink, tile: Tile, packing: Packing) -> sparse.csr_array:
    found = link.blocks_reached(tile)
    shape = (link.matrix.shape[1], cores(link.target_shape, tile))
    return sparse.coo_array((found.synapses, (found.source, found.block)), shape=shape).tocsr()


def _list_lengths(link: KernelLink, axis: int, step: int, *, whole: bool) -> Ints:
    """The length of the lists that each position uses in each tile along an axis, shape (positions, tiles)."""
    found, kind = link.intervals(axis, step, whole=whole)
    lengths = np.zeros((link.source_shape[axis], len(kind)), np.int64)
    for tile, (reached, which) in enumerate(zip(link.reach(axis, step).T, kind.tolist(), strict=True)):
        lengths[reached, tile] = found[which].count
    return lengths
