"""Who reaches whom: which neurons of a source have a synapse into which neurons of a target, axis by axis.

A convolution, transposed or not, connects source pixel (i, j) to target pixel (y, x) if row i reaches row y and column
j reaches column x; all channels reach all. So two small matrices of kernel taps hold its whole geometry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, Projection, Shape

from .blocks import starts

Taps = NDArray[np.int64]
"""Shape (source positions, target positions) along one axis: the kernel tap that connects them, -1 for none."""


@dataclass(frozen=True)
class Link:
    """A projection between two populations and the taps of its rows and columns; both None for ``Sparse``.

    ``known`` keeps what has been computed from it, by any key.
    """

    projection: Projection
    source_shape: Shape
    target_shape: Shape
    rows: Taps | None
    columns: Taps | None
    known: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def source(self) -> str:
        return self.projection.source

    @property
    def target(self) -> str:
        return self.projection.target

    @cached_property
    def geometry(self) -> bytes:
        """A digest of who reaches whom (and of the weights, where they are not shared)."""
        digest = sha256()
        transform = self.projection.transform
        if self.rows is None:
            matrix = transform.as_matrix(self.source_shape, self.target_shape)
            arrays = [matrix.indptr, matrix.indices, matrix.data]
        else:
            assert self.columns is not None
            arrays = [np.array(self.rows.shape + self.columns.shape), self.rows, self.columns]
        for array in arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.digest()


def link(network: Network, projection: Projection) -> Link:
    """The geometry of ``projection``."""
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    rows, columns = projection.transform.axes(source, target) or (None, None)
    return Link(projection, source, target, rows, columns)


def chip_links(network: Network) -> tuple[Link, ...]:
    """The links that end on chip populations, in the order of the network."""
    on_chip = {population.name for population in network.chip_populations}
    return tuple(link(network, p) for p in network.projections if p.target in on_chip)


def reach(taps: Taps, step: int) -> NDArray[np.bool_]:
    """Shape (source positions, target tiles): whether a position has a synapse into a tile of ``step`` positions."""
    return np.add.reduceat(taps >= 0, starts(taps.shape[1], step), axis=1) > 0
