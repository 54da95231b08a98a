"""What unused compartments cost: a synapse list that runs into them adds weights for nothing, and they are updated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from convert.network import Network
from partition.geometry.blocks import Floats
from partition.geometry.links import Link
from partition.geometry.tile import Tile

from .feasible import FeasibleTile, FeasibleTiles
from .region_costs import INTRACHIP_PRICE

SYNOP_PRICE, UPDATE_PRICE = 0.2 * INTRACHIP_PRICE, 0.6 * INTRACHIP_PRICE
"""The prices of an added weight and of an updated compartment, in messages between chips: by the joules of each beside
those of a message within a chip. Source: SANA-FE, arch/loihi.yaml: 24, 73 and 124 pJ."""

IdleCosts = Mapping[str, Mapping[Tile, float]]
"""By layer, for each of its feasible tiles, in messages between chips per time step."""


def idle_costs(
    network: Network, links: Sequence[Link], feasible: FeasibleTiles, rates_hz: Mapping[str, Floats]
) -> IdleCosts:
    """What the unused compartments of each feasible tile cost if neurons fire at ``rates_hz``.

    Lists are taken to fall on unused compartments as often as on others, which is so but at the borders of a layer.
    """
    work = {p.name: UPDATE_PRICE * p.neurons for p in network.chip_populations}
    for link in links:
        spikes = np.reshape(rates_hz[link.source], link.source_shape) * network.dt_s
        synapses = link.projection.transform.fan_out(link.source_shape, link.target_shape)
        work[link.target] += SYNOP_PRICE * float((spikes * synapses).sum())
    return {
        name: {option.tile: work[name] * _unused(option) for option in options} for name, options in feasible.items()
    }


def _unused(option: FeasibleTile) -> float:
    """Unused compartments for each neuron."""
    return option.packing.compartments(option.tile) / prod(option.tile) - 1.0
