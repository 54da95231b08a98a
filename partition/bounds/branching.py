"""A sharper lower bound for two chips: relaxations of ``semidefinite``, and branching on whether two blocks share one.

Source: Rendl, Rinaldi, Wiegele, Math. Program. 121(2), 2010.
"""

from __future__ import annotations

import heapq
import os
import time
from concurrent.futures import ThreadPoolExecutor

from partition.traffic.unicast import TrafficGraph

from .semidefinite import Node, TwoChips

CUT_ROUNDS, FIRST_CUT_ROUNDS = 6, 12
"""At most so many rounds of triangle inequalities for a node, and for the first. Chosen by hand."""
PROVED = 0.999
"""The search ends when this share of the messages is proved."""


def proved_bound(graph: TrafficGraph, chips: int, capacity: int, messages: float, seconds: float) -> float:
    """Messages per time step that cross between ``chips`` of ``capacity`` cores however the blocks are placed on them.

    ``messages`` are those of a placement that was found: the search ends when nearly as much is proved, or after
    ``seconds``. 0, which says nothing, if more than two chips may be needed or of use.
    """
    if not can_prove(graph.blocks, chips, capacity):
        return 0.0
    problem = TwoChips(graph.symmetric.toarray(), capacity)
    end_s = time.monotonic() + seconds
    first = problem.bounded(Node(), FIRST_CUT_ROUNDS, messages, end_s)
    heap, count = [(first.bound, 0, first)], 1
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as threads:
        while time.monotonic() < end_s and heap[0][0] < PROVED * messages:
            pair = problem.undecided(heap[0][2])
            if pair is None:  # the best placement is known, and better than the one that was found
                break
            i, j = pair
            _, _, node = heapq.heappop(heap)
            halves = [Node(node.bound, (*node.fixed, (i, j, side)), node.cuts) for side in (1, -1)]
            for half in threads.map(lambda half: problem.bounded(half, CUT_ROUNDS, messages, end_s), halves):
                heapq.heappush(heap, (half.bound, count, half))
                count += 1
    return float(min(heap[0][0], messages))


def can_prove(blocks: int, chips: int, capacity: int) -> bool:
    """Whether ``blocks`` need two of ``chips`` with ``capacity`` cores, and more are of no use.

    Of up to one and a half chips of blocks on three chips, the two smaller parts fit one.
    """
    most = 2 * capacity if chips == 2 else capacity * 3 // 2
    return chips >= 2 and capacity < blocks <= most
