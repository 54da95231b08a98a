"""Placers: which block goes on which chip. One file each, one contract, found by name in ``PLACERS``.

``place(graph, board, *, seed)`` gives the chip of each block, shape (blocks,), numbers 0 to ``board.chips`` - 1, with
at most ``board.chip.cores`` blocks on a chip. The same seed gives the same answer.
"""

from __future__ import annotations

from ..hardware import Board
from ..traffic import TrafficGraph
from .greedy_interchip import greedy_interchip
from .kahypar import kahypar
from .local_search import local_search
from .metis import metis
from .registry import Placer, Registry
from .round_robin import round_robin
from .sequential import sequential

PLACERS = Registry()
PLACERS.register("sequential", sequential)
PLACERS.register("round_robin", round_robin)
PLACERS.register("greedy_interchip", greedy_interchip)
PLACERS.register("metis", metis)
PLACERS.register("kahypar", kahypar)
PLACERS.register("local_search", local_search)

__all__ = ["PLACERS", "Board", "Placer", "Registry", "TrafficGraph"]
