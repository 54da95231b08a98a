"""Placers: which block goes on which chip. One file each, one contract, found by name in ``PLACERS``.

``place(graph, board, *, seed)`` gives the chip of each block, shape (blocks,), numbers 0 to ``board.chips`` - 1, with
at most ``board.chip.cores`` blocks on a chip. The same seed gives the same answer.
"""

from __future__ import annotations

from partition.place.greedy_interchip import greedy_interchip
from partition.place.kahypar import kahypar
from partition.place.local_search import local_search
from partition.place.metis import metis
from partition.place.registry import Placer, Registry
from partition.place.round_robin import round_robin
from partition.place.sequential import sequential
from partition.traffic.unicast import TrafficGraph

from ..hardware import Board

PLACERS = Registry()
PLACERS.register("sequential", sequential)
PLACERS.register("round_robin", round_robin)
PLACERS.register("greedy_interchip", greedy_interchip)
PLACERS.register("metis", metis)
PLACERS.register("kahypar", kahypar)
PLACERS.register("local_search", local_search)

__all__ = ["PLACERS", "Board", "Placer", "Registry", "TrafficGraph"]
