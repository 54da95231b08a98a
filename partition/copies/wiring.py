"""Which core sends the spikes of a neuron to which core, where neurons are computed twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from convert.network import Network
from partition.block import Copy
from partition.core.packing import PLAIN, Packing
from partition.core.synapse_lists import weights_delivered
from partition.geometry.blocks import Ints, cores, counts
from partition.geometry.links import Link
from partition.geometry.part import into_part
from partition.geometry.tile import Tile

from .senders import senders


@dataclass(frozen=True)
class Wires:
    """The messages over one link that a spike of each neuron becomes: each from a core to a core.

    A ``line`` is a pixel of the source, whose ``part`` is a tile of its channels, or a neuron, whose part is 0; there
    are so many ``lines`` and ``parts``. ``sender`` is -1 on the host. ``weights`` are added at ``target``.
    """

    link: Link
    lines: int
    parts: int
    line: Ints
    part: Ints
    sender: Ints
    target: Ints
    weights: Ints


@dataclass(frozen=True)
class Wiring:
    """Blocks cut by ``tiles``, the chip of each, and ``copies``, whose numbers follow those of the blocks."""

    network: Network
    tiles: Mapping[str, Tile]
    packings: Mapping[str, Packing]
    chip: Ints
    copies: Sequence[Copy]

    def packing(self, layer: str) -> Packing:
        """How the blocks of ``layer`` lie in their cores."""
        return self.packings.get(layer, PLAIN)

    @cached_property
    def chip_of(self) -> Ints:
        """The chip of each block and of each copy."""
        return np.concatenate([self.chip, np.array([copy.chip for copy in self.copies], np.int64)])

    @cached_property
    def first(self) -> dict[str, int]:
        """The number of the first block of each chip population."""
        populations = self.network.chip_populations
        ends = np.cumsum([0, *(cores(p.shape, self.tiles[p.name]) for p in populations)]).tolist()
        return dict(zip((p.name for p in populations), ends, strict=False))

    def copies_of(self, layer: str) -> dict[int, Copy]:
        """The copies of ``layer`` by their numbers."""
        return {len(self.chip) + i: copy for i, copy in enumerate(self.copies) if copy.layer == layer}

    def cores_of(self, layer: str) -> Ints:
        """The numbers of the blocks of ``layer``, then those of its copies."""
        own = self.first[layer] + np.arange(cores(self.network.shape_of(layer), self.tiles[layer]))
        return np.concatenate([own, np.array(list(self.copies_of(layer)), np.int64)])

    def sender_of(self, layer: str) -> Ints:
        """Shape (rows, columns, channel tiles, chips): the core that sends to the cores of each chip."""
        first, tile = self.first[layer], self.tiles[layer]
        blocks = cores(self.network.shape_of(layer), tile)
        population, chips = self.network.population(layer), int(self.chip_of.max()) + 1
        return senders(population, tile, first, self.chip[first : first + blocks], self.copies_of(layer), chips)

    def sender_of_lines(self, layer: str, lines: int) -> Ints:
        """The same for ``lines`` that are pixels or neurons, shape (lines, parts, chips)."""
        (rows, columns, channels), sender = self.network.shape_of(layer), self.sender_of(layer)
        if lines == rows * columns and channels > 1:
            return sender.reshape(lines, -1, sender.shape[3])
        return sender[:, :, np.arange(channels) // self.tiles[layer][2]].reshape(lines, 1, sender.shape[3])

    def over(self, link: Link) -> Wires:
        """The messages over ``link``."""
        table = self.weights(link).tocoo()
        line, target = table.coords[0].astype(np.int64), self.cores_of(link.target)[table.coords[1]]
        if not self.network.population(link.source).on_chip:
            nobody = np.full(len(line), -1, np.int64)
            return Wires(link, table.shape[0], 1, line, np.zeros_like(line), nobody, target, table.data)
        sender = self.sender_of_lines(link.source, table.shape[0])
        lines, parts, _ = sender.shape
        each = [np.repeat(values, parts) for values in (line, target, table.data)]
        part = np.tile(np.arange(parts), len(line))
        comes_from = sender[each[0], part, self.chip_of[each[1]]]
        return Wires(link, lines, parts, each[0], part, comes_from, each[1], each[2])

    def weights(self, link: Link) -> sparse.csr_array:
        """As ``weights_delivered``: a column for each block of the target, then one for each of its copies."""
        parts = [weights_delivered(link, self.tiles[link.target], self.packing(link.target))]
        for copy in self.copies_of(link.target).values():
            parts.append(weights_delivered(into_part(link, copy.slice), copy.extent, copy.packing))
        return sparse.csr_array(sparse.hstack(parts, format="csr"))

    def single_block(self, layer: str) -> bool:
        """Whether one core holds all of ``layer``: nengo_loihi then builds an axon for whatever comes before it."""
        return counts(self.network.shape_of(layer), self.tiles[layer]) == (1, 1, 1)
