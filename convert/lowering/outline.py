"""The network that lowering will give, foreseen: its populations, and projections whose weights are all 1.

What ``linearize`` measures of a segment is asked here of its linear path, as if all images had one channel: whether it
is a shared kernel, perhaps with single synapses where the image ends, or single synapses altogether.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convert.frontends.linear_path import LinearPath
from convert.frontends.original import Images, Segment
from convert.network import (
    INPUT,
    Input,
    Network,
    Population,
    Projection,
    Readout,
    Shape,
    SharedKernel,
    Transform,
    host_population,
)
from convert.network.connections import Connections

from .linear import Linear
from .linearize import BORDER, DENSE_ENOUGH, MANY, kernels_of, off_pixels


def outline(
    segments: Sequence[Segment], paths: Sequence[Mapping[str, LinearPath]], shapes: Mapping[str, Shape]
) -> Network:
    """The network of ``segments`` with weights of 1 and no biases; ``paths`` lead into each, by source."""
    populations, readouts, projections = [], [], []
    for segment, into in zip(segments, paths, strict=True):
        nothing = np.broadcast_to(0.0, segment.shape)
        if segment.activation is not None:
            readouts.append(Readout(segment.target, segment.shape, nothing, segment.activation))
        elif INPUT in segment.sources:
            populations.append(host_population(segment.target, segment.source_layer, nothing, 1.0))
        else:
            populations.append(Population(segment.target, segment.source_layer, segment.shape, nothing, 1.0))
        for source, path in into.items():
            projections += [Projection(source, segment.target, transform) for transform in foreseen(path)]
    return Network(Input(shapes[INPUT]), tuple(populations), tuple(projections), tuple(readouts))


def foreseen(path: LinearPath) -> tuple[Transform, ...]:
    """The transforms that ``linearize`` will make of ``path``, with weights of 1."""
    linear = _of_one_channel(path)
    if linear.source[:2] == (1, 1) or linear.target[:2] == (1, 1):
        return (_singles(path),)
    for kernel in kernels_of(linear):
        off = off_pixels((kernel,), linear)
        large = _with_channels(kernel, path)
        share = np.count_nonzero(kernel.kernel) / kernel.kernel.size * path.channels.mean()
        if not off.any():
            return (large,) if share > DENSE_ENOUGH else (_singles(path),)
        synapses = large.fan_out(*path.shapes).sum()
        if off.mean() <= BORDER and share > DENSE_ENOUGH and synapses > MANY:
            return (large, *_border(path, off))
    return (_singles(path),)


def _of_one_channel(path: LinearPath) -> Linear:
    rows, columns = path.rows.astype(np.float32), path.columns.astype(np.float32)

    def forward(images: Images) -> Images:
        return np.asarray(rows.T @ images[..., 0] @ columns)[..., None]

    def adjoint(images: Images) -> Images:
        return np.asarray(rows @ images[..., 0] @ columns.T)[..., None]

    source, target = path.shapes
    return Linear(forward, adjoint, (*source[:2], 1), (*target[:2], 1))


def _with_channels(kernel: SharedKernel, path: LinearPath) -> SharedKernel:
    shape = (*kernel.kernel.shape[:2], *path.channels.shape)
    return replace(kernel, kernel=np.broadcast_to(np.float64(1), shape))


def _singles(path: LinearPath) -> Connections:
    return Connections(path.rows != 0, path.columns != 0, path.channels)


def _border(path: LinearPath, off: NDArray[np.bool_]) -> list[Connections]:
    """The connections of ``path`` that end on the pixels ``off``: on whole rows of them, and beside these rows."""
    singles, whole = _singles(path), off.all(axis=1)
    beside = off[~whole].any(axis=0)
    rows = replace(singles, rows=singles.rows & whole)
    sides = replace(singles, rows=singles.rows & ~whole, columns=singles.columns & beside)
    return [part for part in (rows, sides) if part.rows.any() and part.columns.any()]
