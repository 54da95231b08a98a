"""Segments of a Keras model -> ConvertedNetwork, and the pure changes of scale on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .compat import load_tensorflow
from .graph import Cut, Segment
from .measure import measure
from .network import (
    INPUT,
    ConvertedNetwork,
    Population,
    Projection,
    Readout,
    Sparse,
    Transform,
)
from .probe import Function

LOUD = 2.0**12
"""By how much impulses are larger than 1."""


def lower(cut: Cut, advance: Callable[[int], None] = lambda steps: None) -> ConvertedNetwork:
    """The network of ``cut`` in units of the Keras activations (``scale_hz`` = 1): one projection per source.

    ``advance`` is called once per segment.
    """
    populations, projections, readouts = [], [], []
    for segment in cut.segments:
        bias = _bias(segment, cut)
        if segment.is_readout:
            readouts.append(Readout(segment.target, segment.shape, bias, segment.activation))
        else:
            on_chip = INPUT not in segment.sources
            populations.append(Population(segment.target, segment.kind, segment.shape, bias, 1.0, on_chip))
        for source in segment.sources:
            transform = measure(_response(segment, source, cut), cut.shapes[source], segment.shape)
            projections.append(Projection(source, segment.target, transform))
        advance(1)
    return ConvertedNetwork(cut.shapes[INPUT], tuple(populations), tuple(projections), tuple(readouts))


def _zeros(segment: Segment, count: int) -> list[Any]:
    tf = load_tensorflow()
    return [tf.zeros((count, *tensor.shape[1:])) for tensor in segment.function.inputs]


def _bias(segment: Segment, cut: Cut) -> NDArray[np.float64]:
    """What the segment gives for silent sources, of its own shape (where zeros are padded it differs by pixel)."""
    values = segment.function(_zeros(segment, 1), training=False)
    return np.asarray(values, dtype=np.float64).reshape(segment.shape)


def _response(segment: Segment, source: str, cut: Cut) -> Function:
    """The linear part of the segment with respect to one source, as a function on images.

    The images are made large before, and the response small after, so that no bias swallows the last bits of a weight.
    """
    tf = load_tensorflow()
    which = segment.sources.index(source)
    inner = tuple(segment.function.inputs[which].shape[1:])

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def drive(images: Any) -> Any:
        silent = [tf.zeros((tf.shape(images)[0], *tensor.shape[1:])) for tensor in segment.function.inputs]
        with_images = [images * LOUD if i == which else zeros for i, zeros in enumerate(silent)]
        return (segment.function(with_images, training=False) - segment.function(silent, training=False)) / LOUD

    def response(images: NDArray[np.float32]) -> NDArray[np.float32]:
        values = drive(tf.constant(images.reshape(len(images), *inner)))
        return np.asarray(values, dtype=np.float32).reshape(len(images), *segment.shape)

    return response


def with_scales(network: ConvertedNetwork, scale_hz: Mapping[str, float]) -> ConvertedNetwork:
    """``network`` with the rate at activation 1 of each population changed to ``scale_hz``; what it computes stays."""
    ratio = {p.name: scale_hz[p.name] / p.scale_hz for p in network.populations}
    populations = tuple(
        replace(p, bias_hz=p.bias_hz * ratio[p.name], scale_hz=scale_hz[p.name]) for p in network.populations
    )
    projections = tuple(
        replace(p, transform=scaled(p.transform, ratio.get(p.target, 1.0) / ratio.get(p.source, 1.0)))
        for p in network.projections
    )
    return replace(network, populations=populations, projections=projections)


def with_gains(network: ConvertedNetwork, gains: Mapping[str, NDArray[np.float64]]) -> ConvertedNetwork:
    """``network`` with everything that enters channel c of a population multiplied by ``gains[population][c]``."""
    populations = tuple(
        replace(p, bias_hz=p.bias_hz * gains[p.name]) if p.name in gains else p for p in network.populations
    )
    projections = tuple(
        replace(p, transform=scaled(p.transform, gains[p.target], network.population(p.target).shape))
        if p.target in gains
        else p
        for p in network.projections
    )
    return replace(network, populations=populations, projections=projections)


def scaled(transform: Transform, factor: Any, target: tuple[int, ...] = ()) -> Transform:
    """``transform`` times a number, or times one number for each target channel (``target`` is the target's shape)."""
    if not isinstance(transform, Sparse):
        return replace(transform, kernel=transform.kernel * factor)
    if np.ndim(factor) == 0:
        return Sparse(sparse.csr_array(transform.matrix * factor))
    rows = np.broadcast_to(factor, target).ravel()
    return Sparse(sparse.csr_array(sparse.diags_array(rows) @ transform.matrix))
