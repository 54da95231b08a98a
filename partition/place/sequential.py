"""Chip after chip, each filled to the brim in the order of the blocks; ``Greedy`` in nengo_loihi."""

from __future__ import annotations

import numpy as np

from ..geometry import Ints
from ..hardware import Board
from ..traffic import TrafficGraph


def sequential(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    return np.arange(graph.blocks) // board.chip.cores
