"""One block to each chip in turn; ``RoundRobin`` in nengo_loihi."""

from __future__ import annotations

import numpy as np

from partition.geometry.blocks import Ints
from partition.hardware import Board
from partition.traffic.unicast import TrafficGraph


def round_robin(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    return np.arange(graph.blocks) % board.chips
