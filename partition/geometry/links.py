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

from convert.network.network import ConvertedNetwork, Convolution, Projection, Shape, Sparse

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
        if isinstance(transform, Sparse):
            arrays = [transform.matrix.indptr, transform.matrix.indices, transform.matrix.data]
        else:
            assert self.rows is not None
            assert self.columns is not None
            arrays = [np.array(self.rows.shape + self.columns.shape), self.rows, self.columns]
        for array in arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.digest()


def link(network: ConvertedNetwork, projection: Projection) -> Link:
    """The geometry of ``projection``."""
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    transform = projection.transform
    if isinstance(transform, Sparse):
        return Link(projection, source, target, None, None)
    kernel, stride, same = transform.kernel.shape, transform.strides, transform.padding == "same"
    taps = _taps if isinstance(transform, Convolution) else _transposed_taps
    rows, columns = (taps(source[a], target[a], kernel[a], stride[a], same) for a in (0, 1))
    return Link(projection, source, target, rows, columns)


def chip_links(network: ConvertedNetwork) -> tuple[Link, ...]:
    """The links that end on chip populations, in the order of the network."""
    on_chip = {population.name for population in network.chip_populations}
    return tuple(link(network, p) for p in network.projections if p.target in on_chip)


def _taps(source: int, target: int, size: int, stride: int, same: bool) -> Taps:
    """``Convolution``: tap = source + padding - stride * target; padding of 'same' as TensorFlow splits it."""
    padding = max((target - 1) * stride + size - source, 0) // 2 if same else 0
    tap = np.arange(source)[:, None] + padding - stride * np.arange(target)[None, :]
    return np.where((tap >= 0) & (tap < size), tap, -1)


def _transposed_taps(source: int, target: int, size: int, stride: int, same: bool) -> Taps:
    """``ConvolutionTranspose``: tap = target + offset - stride * source."""
    offset = max(size - stride, 0) // 2 if same else 0
    tap = np.arange(target)[None, :] + offset - stride * np.arange(source)[:, None]
    return np.where((tap >= 0) & (tap < size), tap, -1)


def reach(taps: Taps, step: int) -> NDArray[np.bool_]:
    """Shape (source positions, target tiles): whether a position has a synapse into a tile of ``step`` positions."""
    return np.add.reduceat(taps >= 0, starts(taps.shape[1], step), axis=1) > 0
