"""Segments of a Keras model -> ConvertedNetwork, and the pure changes of scale on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .network import ConvertedNetwork, Sparse, Transform


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


def without_silent(network: ConvertedNetwork, names: Collection[str]) -> ConvertedNetwork:
    """``network`` without the populations ``names``, which never fire: caps of ReLUs that no activation reaches.

    They stay where something has no other source.
    """
    sources = [{p.source for p in network.into(target)} for target in {p.target for p in network.projections}]
    gone = set(names).difference(*(s for s in sources if s <= set(names)))
    return replace(
        network,
        populations=tuple(p for p in network.populations if p.name not in gone),
        projections=tuple(p for p in network.projections if not gone & {p.source, p.target}),
    )


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
        m = transform.matrix
        m.sort_indices()  # for both share them from here on
        return Sparse(sparse.csr_array((m.data * factor, m.indices, m.indptr), shape=m.shape))
    rows = np.broadcast_to(factor, target).ravel()
    return Sparse(sparse.csr_array(sparse.diags_array(rows) @ transform.matrix))
