"""Changes of scale: Network -> Network, and what the network computes stays, or is multiplied as said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .network import Network


def with_scales(network: Network, scale_hz: Mapping[str, float]) -> Network:
    """``network`` with the rate at activation 1 of each population changed to ``scale_hz``; what it computes stays."""
    ratio = {p.name: scale_hz[p.name] / p.scale_hz for p in network.populations}
    populations = tuple(
        replace(p, bias_hz=p.bias_hz * ratio[p.name], scale_hz=scale_hz[p.name]) for p in network.populations
    )
    projections = tuple(
        replace(p, transform=p.transform.scaled(ratio.get(p.target, 1.0) / ratio.get(p.source, 1.0)))
        for p in network.projections
    )
    return replace(network, populations=populations, projections=projections)


def without_silent(network: Network, names: Collection[str]) -> Network:
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


def with_gains(network: Network, gains: Mapping[str, NDArray[np.float64]]) -> Network:
    """``network`` with everything that enters channel c of a population multiplied by ``gains[population][c]``."""
    populations = tuple(
        replace(p, bias_hz=p.bias_hz * gains[p.name]) if p.name in gains else p for p in network.populations
    )
    projections = tuple(
        replace(p, transform=p.transform.scaled(gains[p.target], network.population(p.target).shape))
        if p.target in gains
        else p
        for p in network.projections
    )
    return replace(network, populations=populations, projections=projections)
