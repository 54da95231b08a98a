"""A part of a population, alone: the links that lead into a rectangle of its neurons."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

import numpy as np

from .blocks import Ints
from .links import KernelLink, Link, MatrixLink, SeparableLink
from .tile import Range, Slices, Tile


def extent_of(slices: Slices) -> Tile:
    """The rows, columns and channels of a rectangle."""
    (y0, y1), (x0, x1), (c0, c1) = slices
    return (y1 - y0, x1 - x0, c1 - c0)


@singledispatch
def into_part(link: Link, slices: Slices) -> Link:
    """``link`` as if the neurons of ``slices`` were all that its target has."""
    raise TypeError(f"no part of a {type(link).__name__}")


@into_part.register
def _(link: KernelLink, slices: Slices) -> KernelLink:
    rows, columns = (link.taps(axis)[:, slice(*slices[axis])] for axis in (0, 1))
    return KernelLink(
        link.projection,
        link.source_shape,
        extent_of(slices),
        rows,
        columns,
        link.kernel[..., slice(*slices[2])],
        seen=(reaching(link, 0, slices[0]), reaching(link, 1, slices[1])),
    )


@into_part.register
def _(link: MatrixLink, slices: Slices) -> MatrixLink:
    return MatrixLink(link.projection, link.source_shape, extent_of(slices), link.matrix[neurons_of(link, slices)])


@into_part.register
def _(link: SeparableLink, slices: Slices) -> SeparableLink:
    rows, columns, channels = (part[:, slice(*ends)] for part, ends in zip(link.connected, slices, strict=True))
    matrix = link.matrix[neurons_of(link, slices)]
    return replace(link, target_shape=extent_of(slices), matrix=matrix, connected=(rows, columns, channels))


def reaching(link: KernelLink, axis: int, ends: Range) -> Ints:
    """The positions of the source along ``axis`` that reach a target position in ``ends``."""
    return np.flatnonzero((link.taps(axis)[:, slice(*ends)] >= 0).any(axis=1))


def neurons_of(link: Link, slices: Slices) -> Ints:
    """The numbers of the neurons of a rectangle of the target, ascending."""
    neurons = np.arange(np.prod(link.target_shape)).reshape(link.target_shape)
    return np.asarray(neurons[tuple(slice(*ends) for ends in slices)].ravel())
