"""Links of a board and the route of a message over them: along its row first, then along the column of its end."""

from __future__ import annotations

from math import ceil

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.hardware import Board


def link_numbers(board: Board) -> int:
    """How many numbers links have: those of each row from west to east, then those of each column from north to south.

    The last of each row and column would leave the board; no message passes it.
    """
    return 2 * _rows(board) * board.columns


def routes(board: Board, start: Ints, end: Ints) -> Ints:
    """The links from the places ``start`` to ``end``, shape (2, 2, *start.shape): [row, column][first, after the last].

    Both parts of a route are links with consecutive numbers.
    """
    (row, column), (to_row, to_column) = np.divmod(start, board.columns), np.divmod(end, board.columns)
    along_row = row * board.columns + np.stack((np.minimum(column, to_column), np.maximum(column, to_column)))
    along_column = to_column * _rows(board) + np.stack((np.minimum(row, to_row), np.maximum(row, to_row)))
    return np.stack((along_row, _rows(board) * board.columns + along_column))


def link_loads(board: Board, start: Ints, end: Ints, messages: Floats) -> Floats:
    """Messages per time step over each link, both ways, if ``messages`` go from the places ``start`` to ``end``."""
    first, after = np.swapaxes(routes(board, start, end), 0, 1).reshape(2, -1)
    twice, size = np.tile(messages, 2), link_numbers(board) + 1
    return np.asarray(np.cumsum(np.bincount(first, twice, size) - np.bincount(after, twice, size))[:-1], np.float64)


def route_prices(board: Board, prices: Floats) -> Floats:
    """Shape (places, places): the sum of the ``prices`` of all links on the route from place to place."""
    before = np.concatenate(([0.0], np.cumsum(prices)))
    place = np.arange(board.chips)
    ends = before[routes(board, *np.meshgrid(place, place, indexing="ij"))]
    return np.asarray((ends[:, 1] - ends[:, 0]).sum(axis=0), np.float64)


def _rows(board: Board) -> int:
    return ceil(board.chips / board.columns)
