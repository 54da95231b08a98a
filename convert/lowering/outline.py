"""The network that lowering will give, foreseen: its populations, and projections whose weights are all 1.

What ``linearize`` measures of a segment is asked here of its linear path, as if all images had one channel: whether it
is a shared kernel, perhaps with single synapses where the image ends, or single synapses altogether.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np

from convert.frontends.linear_path import Axis, Connected, LinearPath
from convert.frontends.original import Images, Segment
from convert.network import (
    INPUT,
    Array,
    Input,
    Network,
    Population,
    Projection,
    Readout,
    Shape,
    SharedKernel,
    Taps,
    Transform,
    host_population,
)
from convert.network.connections import Connections

from .linear import Linear
from .linearize import BORDER, MANY, kernels_of, least_share, off_pixels

Known = dict[Hashable, list[tuple[SharedKernel, float]]]
"""What has been found out about paths, by their rows and columns: deep networks repeat a few of them."""

ALIKE = 1e-4
"""Numbers that differ by less than this share of the largest stand for one weight: they went through float32."""


def outline(
    segments: Sequence[Segment], paths: Sequence[Mapping[str, LinearPath]], shapes: Mapping[str, Shape]
) -> Network:
    """The network of ``segments`` with weights of 1 and no biases; ``paths`` lead into each, by source."""
    populations, readouts, projections = [], [], []
    known: Known = {}
    for segment, into in zip(segments, paths, strict=True):
        nothing = np.broadcast_to(0.0, segment.shape)
        if segment.activation is not None:
            readouts.append(Readout(segment.target, segment.shape, nothing, segment.activation))
        elif INPUT in segment.sources:
            populations.append(host_population(segment.target, segment.source_layer, nothing, 1.0))
        else:
            populations.append(Population(segment.target, segment.source_layer, segment.shape, nothing, 1.0))
        for source, path in into.items():
            projections += [Projection(source, segment.target, transform) for transform in foreseen(path, known)]
    return Network(Input(shapes[INPUT]), tuple(populations), tuple(projections), tuple(readouts))


def foreseen(path: LinearPath, known: Known) -> tuple[Transform, ...]:
    """The transforms that ``linearize`` will make of ``path``, with weights of 1; ``known`` grows."""
    for kernel, off in [] if path.of_a_vector else _kernels(path, known):
        large = _with_channels(kernel, path)
        synapses = int(large.fan_out(*path.shapes).sum())
        dense = np.count_nonzero(kernel.kernel) / kernel.kernel.size * path.channels.mean() > least_share(synapses)
        if not off:
            return (large,) if dense else (_singles(path),)
        if off <= BORDER and dense and synapses > MANY:
            return (large, *_beside(kernel, path))
    return (_singles(path),)


def _kernels(path: LinearPath, known: Known) -> list[tuple[SharedKernel, float]]:
    """The kernels of one channel that may stand for ``path``, each with the share of the target where it does not."""
    key = tuple((axis.shape, sha256(axis.tobytes()).digest()) for axis in (path.rows, path.columns))
    if key not in known:
        linear = _of_one_channel(path)
        known[key] = [(kernel, float(off_pixels((kernel,), linear).mean())) for kernel in kernels_of(linear)]
    return known[key]


def _of_one_channel(path: LinearPath) -> Linear:
    rows, columns = path.rows.astype(np.float32), path.columns.astype(np.float32)

    def forward(images: Images) -> Images:
        return np.asarray(rows.T @ images[..., 0] @ columns, np.float32)[..., None]

    def adjoint(images: Images) -> Images:
        return np.asarray(rows @ images[..., 0] @ columns.T, np.float32)[..., None]

    source, target = path.shapes
    return Linear(forward, adjoint, (*source[:2], 1), (*target[:2], 1))


def _with_channels(kernel: SharedKernel, path: LinearPath) -> SharedKernel:
    shape = (*kernel.kernel.shape[:2], *path.channels.shape)
    return replace(kernel, kernel=np.broadcast_to(np.float64(1), shape))


def _singles(path: LinearPath) -> Connections:
    return Connections(path.rows != 0, path.columns != 0, path.channels)


def _beside(kernel: SharedKernel, path: LinearPath) -> list[Connections]:
    """What ``path`` connects with other weights than ``kernel``: in rows that differ, and in columns of the others."""
    source, target = path.shapes
    taps, weights = kernel.axes(source, target), kernel.kernel[:, :, 0, 0]
    rows, other_rows = _compared(path.rows, taps[0], weights.sum(axis=1))
    columns, other_columns = _compared(path.columns, taps[1], weights.sum(axis=0))
    parts = (other_rows, columns), (rows & ~other_rows, other_columns)
    return [Connections(*part, path.channels) for part in parts if part[0].any() and part[1].any()]


def _compared(axis: Axis, taps: Taps, weights: Array) -> tuple[Connected, Connected]:
    """Which positions ``axis`` or a kernel of such ``weights``, up to a factor, connects, and which of them unlike."""
    kernel = np.where(taps >= 0, weights[taps], 0.0)
    both = (kernel != 0) & (axis != 0)
    kernel *= np.median(axis[both] / kernel[both])
    return (kernel != 0) | (axis != 0), np.abs(kernel - axis) > ALIKE * np.abs(axis).max()
