"""A partition: which neurons are on which core of which chip of a board."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from math import ceil
from pathlib import Path

import numpy as np

from convert.bundle import PARTITION
from convert.errors import UserError
from convert.network import Network
from convert.storage.reports import read_report, write_report
from partition.copies.wiring import Wiring
from partition.core.packing import PLAIN, Packing
from partition.geometry.tile import Tile

from .block import Block, Copy
from .board_file import board_problems
from .hardware import BOARDS, Board
from .report import PartitionReport

__all__ = ["FILE", "Block", "Copy", "Partition", "read_partition"]

FILE = PARTITION
LARGEST = 2**31
"""No chip, core or neuron of any board has a number beyond this."""
WAY_OUT = "run partition-model again"


@dataclass(frozen=True)
class Partition:
    """Tiles and blocks of every chip population, in the network's order, on the chips of ``board``.

    ``packings`` says how each population lies in the compartments of its cores, nengo_loihi's way where it is missing;
    ``findings`` is what partition.json holds, None for a partition that was made by hand. ``copies`` are neurons of
    the blocks that further cores compute too: they fire as the neurons do, and send to the cores of their own chip.
    """

    board: Board
    tiles: dict[str, Tile]
    blocks: tuple[Block, ...]
    packings: dict[str, Packing] = field(default_factory=dict)
    findings: PartitionReport | None = None
    copies: tuple[Copy, ...] = ()

    @property
    def report(self) -> PartitionReport:
        """What partition.json holds. Raises ``ValueError`` for a partition that was made by hand."""
        if self.findings is None:
            raise ValueError("this partition was made by hand: nothing was found out about it")
        return self.findings

    def packing(self, layer: str) -> Packing:
        return self.packings.get(layer, PLAIN)

    def compartments(self, layer: str) -> int:
        """The compartments that a layer takes on all its cores, unused ones and copies included."""
        packing = self.packing(layer)
        copies = sum(copy.packing.compartments(copy.extent) for copy in self.copies if copy.layer == layer)
        return copies + sum(packing.compartments(block.extent) for block in self.blocks_of(layer))

    @property
    def chips(self) -> int:
        """The number of chips in use."""
        return len({core.chip for core in self.on_cores})

    @property
    def on_cores(self) -> tuple[Block, ...]:
        """What the cores hold, one each: the blocks, then the copies."""
        return (*self.blocks, *self.copies)

    def wiring(self, network: Network) -> Wiring:
        """Which core sends to which core when this is a partition of ``network``."""
        chip = np.array([block.chip for block in self.blocks], np.int64)
        return Wiring(network, self.tiles, self.packings, chip, self.copies)

    def blocks_of(self, layer: str) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.layer == layer)

    def save(self, bundle: str | Path) -> None:
        """Writes partition.json into the folder ``bundle``."""
        write_report(Path(bundle) / FILE, self.report)


def read_partition(path: str | Path) -> Partition:
    """The partition in the file ``path``. Raises ``UserError``, which ends in "run partition-model again"."""
    path = Path(path)
    report = read_report(path, PartitionReport, WAY_OUT)
    board = report.hardware or _board_of(report)
    if problems := [*_impossible_blocks(report), *board_problems(board)]:
        raise UserError([f"{path} is damaged ({problem}); {WAY_OUT}" for problem in problems])
    return Partition(
        board,
        {layer.name: layer.tile for layer in report.layers},
        report.blocks,
        {layer.name: layer.packing for layer in report.layers if layer.packing is not None},
        report,
        report.copied,
    )


def _board_of(report: PartitionReport) -> Board:
    """The board of a file of version 0.1.0: a known one by its name, else one of so many chips in so many columns."""
    if report.board in BOARDS:
        return replace(BOARDS[report.board], chips=report.board_chips)
    columns = max(1 + max((column for _, column in report.places), default=0), ceil(report.board_chips**0.5))
    return Board(report.board, report.board_chips, columns, "partition.json, which says no more about it")


def _impossible_blocks(report: PartitionReport) -> list[str]:
    """What no partition of any network has; whether it is one of a network is for ``violations.cuts`` to say."""
    blocks = (*report.blocks, *report.copied)
    if any(block.chip < 0 or block.core < 0 or min(block.extent) < 1 for block in blocks):
        return ["a block without neurons, or on a chip or core below 0"]
    largest = max((n for block in blocks for n in (block.chip, block.core, *chain(*block.slice))), default=0)
    return [f"a block with the number {largest:.6g}"] if largest > LARGEST else []
