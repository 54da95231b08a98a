"""Which core sends the spikes of a neuron to the cores of each chip: a copy on that chip, else the neuron's block."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from convert.network import Population
from partition.block import Copy
from partition.geometry.blocks import Ints, counts
from partition.geometry.tile import Tile


def senders(population: Population, tile: Tile, first: int, chip: Ints, copies: Mapping[int, Copy], chips: int) -> Ints:
    """Shape (rows, columns, channel tiles, chips): the number of the core that sends to the cores of each chip.

    ``chip`` has the chip of each block of ``population``, whose numbers begin with ``first``; ``copies`` are its
    copies by their numbers.
    """
    grid = (first + np.arange(len(chip))).reshape(counts(population.shape, tile))
    rows, columns = (np.arange(size) // step for size, step in zip(population.shape[:2], tile[:2], strict=True))
    home = grid[rows][:, columns]
    found = np.repeat(home[..., None], chips, axis=3)
    for number, copy in copies.items():
        where = (slice(*copy.slice[0]), slice(*copy.slice[1]), copy.slice[2][0] // tile[2])
        at_home = chip[home[where] - first] == copy.chip
        found[(*where, copy.chip)] = np.where(at_home, found[(*where, copy.chip)], number)
    return found
