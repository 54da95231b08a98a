"""Boards for partitions that are made by hand."""

from __future__ import annotations

from partition.hardware import LOIHI, Board, Chip


def row_of_chips(chips: int, chip: Chip = LOIHI) -> Board:
    """So many chips in one row."""
    return Board("by hand", chips, chips, "a test", chip)
