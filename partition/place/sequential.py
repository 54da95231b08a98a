"""Chip after chip, each filled to the brim in the order of the blocks; ``Greedy`` in nengo_loihi."""

from __future__ import annotations

import numpy as np

from partition.geometry.blocks import Ints
from partition.hardware import Board
from partition.traffic.unicast import TrafficGraph


def sequential(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    return np.arange(graph.blocks) // board.chip.cores
