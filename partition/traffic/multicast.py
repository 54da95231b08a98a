"""Messages between chips if one served all cores of a chip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convert.network import Network
from partition.geometry.blocks import Floats, Ints, block_of_neuron
from partition.geometry.links import Link
from partition.geometry.tile import Tile

from .cores_reached import cores_on_chips


def multicast_interchip(
    network: Network,
    links: Sequence[Link],
    tiles: Mapping[str, Tile],
    rates_hz: Mapping[str, Floats],
    chips: Mapping[str, Ints],
) -> float:
    """Messages per time step between chips if one message served all cores of a chip, as multicast on Loihi 2 could.

    ``chips`` has the chip of each block of every chip population.
    """
    total = 0.0
    for link in links:
        source = network.population(link.source)
        if not source.on_chip:
            continue
        reached = cores_on_chips(link, tiles[link.target], chips[link.target]) > 0
        own = chips[link.source][block_of_neuron(source.shape, tiles[link.source])].reshape(source.shape)
        own_chip = own[..., None] == np.arange(reached.shape[-1])
        spikes = np.asarray(rates_hz[link.source], np.float64).reshape(source.shape) * network.dt_s
        total += float(((reached & ~own_chip).sum(axis=-1) * spikes).sum())
    return total
