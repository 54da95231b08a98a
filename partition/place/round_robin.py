"""One block to each chip in turn; ``RoundRobin`` in nengo_loihi."""

from __future__ import annotations

import numpy as np

from ..geometry import Ints
from ..hardware import Board
from ..traffic import TrafficGraph


def round_robin(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    return np.arange(graph.blocks) % board.chips
