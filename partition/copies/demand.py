"""What each chip asks of each layer: the messages per time step that pixels would send to its cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, Population
from partition.geometry.blocks import Floats, Ints, counts, starts
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.traffic.cores_reached import cores_on_chips

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Demand:
    """What the blocks of one chip ask of each chip population, all arrays of shape (rows, columns, channel tiles).

    ``spikes`` are those of a time step, ``wanted`` the messages that they are if the neurons are on another chip,
    ``here`` tells which neurons are on this one.
    """

    spikes: Mapping[str, Floats]
    wanted: Mapping[str, Floats]
    here: Mapping[str, Bools]


def demands(
    network: Network,
    links: Sequence[Link],
    tiles: Mapping[str, Tile],
    spikes: Mapping[str, Floats],
    chip: Ints,
    chips: int,
) -> list[Demand]:
    """The demand of each chip; ``chip`` has the chip of each block, ``spikes`` those of each neuron in a time step."""
    populations = network.chip_populations
    of_layer = _by_layer(populations, tiles, chip)
    sent = {p.name: _by_tile(spikes.get(p.name, np.zeros(p.shape)), tiles[p.name]) for p in populations}
    wanted = {p.name: np.zeros((*sent[p.name].shape, chips)) for p in populations}
    for link in links:
        if link.source not in sent:
            continue
        reached = cores_on_chips(link, tiles[link.target], of_layer[link.target])
        if reached.shape[2] == 1:
            messages = sent[link.source][..., None] * reached
        else:
            messages = _by_tile(spikes[link.source][..., None] * reached, tiles[link.source])
        wanted[link.source][..., : reached.shape[3]] += messages
    home = {p.name: _home(p, tiles[p.name], of_layer[p.name]) for p in populations}
    return [
        Demand(
            sent,
            {name: np.ascontiguousarray(values[..., number]) for name, values in wanted.items()},
            {name: values == number for name, values in home.items()},
        )
        for number in range(chips)
    ]


def _by_layer(populations: Sequence[Population], tiles: Mapping[str, Tile], chip: Ints) -> dict[str, Ints]:
    """The chips of the blocks of each population, in block order, from those of all."""
    sizes = [int(np.prod(counts(p.shape, tiles[p.name]))) for p in populations]
    parts = np.split(chip, np.cumsum(sizes)[:-1])
    return {p.name: part for p, part in zip(populations, parts, strict=True)}


def _by_tile(values: Floats, tile: Tile) -> Floats:
    """``values``, shape (rows, columns, channels, ...), summed over the channels of each tile."""
    return np.asarray(np.add.reduceat(values, starts(values.shape[2], tile[2]), axis=2))


def _home(population: Population, tile: Tile, chip: Ints) -> Ints:
    """The chip of the neurons of each pixel, shape (rows, columns, channel tiles)."""
    rows, columns = (np.arange(size) // step for size, step in zip(population.shape[:2], tile[:2], strict=True))
    return np.asarray(chip.reshape(counts(population.shape, tile))[rows][:, columns])
