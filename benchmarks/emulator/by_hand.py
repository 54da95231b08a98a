"""Partitions that nobody searched for: tiles by hand, blocks in order."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from convert.network import Network
from partition.geometry.tile import Tile, tile_slices
from partition.hardware import Board
from partition.result import Block, Partition


def in_order(network: Network, tiles: Mapping[str, Tile], cores: int = 128) -> Partition:
    """Blocks of ``tiles`` in order, ``cores`` to each chip."""
    cut = {p.name: tiles[p.name] for p in network.chip_populations}
    named = [(p.name, s) for p in network.chip_populations for s in tile_slices(p.shape, cut[p.name])]
    chips = ceil(len(named) / cores)
    board = Board("by hand", chips, chips, "this file")
    return Partition(board, cut, tuple(Block(n, s, i // cores, i % cores) for i, (n, s) in enumerate(named)))
