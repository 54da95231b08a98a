"""A sharper lower bound for two chips: semidefinite relaxations with triangle inequalities, and branching.

x_i is +1 for a block on the one chip and -1 for one on the other; X stands for the matrix of all x_i x_j. It is
positive semidefinite with ones on its diagonal, its rows sum to between -slack and slack, since no chip holds more than
its cores, and of any three blocks two are on one chip. Any multipliers of these conditions give a bound: what is left
of the costs has a least eigenvalue, and the trace of X is known. So the bound holds however well the solver has done.
Sources: Helmberg, Rendl, Vanderbei, Wolkowicz, SIAM J. Optim. 6(2), 1996 (the relaxation); Rendl, Rinaldi, Wiegele,
Math. Program. 121(2), 2010 (branching on pairs).
"""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np
from scipy import sparse

from .geometry import Floats, Ints
from .hardware import Board
from .traffic import TrafficGraph

ROUNDS, FIRST_ROUNDS = 6, 12
"""Rounds of triangle inequalities for a node, and for the first."""
NEW = 4_000
"""Triangle inequalities added in a round, the most violated ones."""
VIOLATED = 0.03
"""By how much an inequality is violated to be worth adding."""
ACTIVE = 1e-7
"""The multiplier below which a triangle inequality is dropped."""
PRECISION = 3e-4
STEPS = 2_500
"""Precision and most steps of a solver's run; the bound holds whatever they are."""
PROVED = 0.999
"""The search ends when this share of the messages is proved."""
SIGNS = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)])
"""s_1 X_ij + s_2 X_ik + s_3 X_jk >= -1: a triangle has none or two of its sides between the chips."""

Pair = tuple[int, int, int]
"""Blocks i and j, and +1 for one chip or -1 for two."""


def proved_bound(graph: TrafficGraph, board: Board, messages: float, seconds: float) -> float:
    """Messages per time step that cross between chips of ``board`` however the blocks are placed on them.

    ``messages`` are those of a placement that was found: the search ends when nearly as much is proved, or after
    ``seconds``. 0, which says nothing, if more than two chips may be needed or of use.
    """
    capacity = board.chip.cores
    if not capacity < graph.blocks <= _most_blocks(board):
        return 0.0
    problem = TwoChips(graph.symmetric.toarray(), capacity)
    end_s = time.monotonic() + seconds
    first = problem.bounded(Node(), FIRST_ROUNDS, messages, end_s)
    heap, count = [(first.bound, 0, first)], 1
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as threads:
        while time.monotonic() < end_s and heap[0][0] < PROVED * messages:
            _, _, node = heapq.heappop(heap)
            i, j = problem.undecided(node)
            halves = [Node(node.bound, (*node.fixed, (i, j, side)), node.cuts) for side in (1, -1)]
            for half in threads.map(lambda half: problem.bounded(half, ROUNDS, messages, end_s), halves):
                heapq.heappush(heap, (half.bound, count, half))
                count += 1
    return float(min(heap[0][0], messages))


def _most_blocks(board: Board) -> int:
    """Up to one and a half chips of blocks are no better off on three chips: the smaller two parts fit one."""
    return 2 * board.chip.cores if board.chips == 2 else board.chip.cores * 3 // 2


@dataclass(frozen=True)
class Node:
    """All placements in which the pairs ``fixed`` are as said: a bound on their messages, the triangle inequalities
    (i, j, k, which of ``SIGNS``) that gave it, and the matrix of the relaxation."""

    bound: float = 0.0
    fixed: tuple[Pair, ...] = ()
    cuts: Ints = field(default_factory=lambda: np.zeros((0, 4), np.int64))
    matrix: Floats = field(default_factory=lambda: np.zeros((0, 0)))


class TwoChips:
    """The relaxation for ``weights``, symmetric (blocks, blocks). Variables are X_ij for i >= j, column by column."""

    def __init__(self, weights: Floats, capacity: int) -> None:
        self.blocks = len(weights)
        self.slack = 2 * capacity - self.blocks
        self.column, self.row = np.triu_indices(self.blocks)  # the lower triangle, column by column
        self.place = np.zeros((self.blocks, self.blocks), np.int64)
        self.place[self.row, self.column] = self.place[self.column, self.row] = np.arange(len(self.row))
        self.diagonal = self.row == self.column
        self.total = float(weights.sum()) / 4
        self.cost = np.where(self.diagonal, 0.0, -weights[self.row, self.column] / 2)
        self.unit = max(4 * self.total / self.blocks / 10, np.finfo(float).tiny)
        self.size = np.asarray(weights.sum(axis=0) / max(weights.sum(axis=0).max(), np.finfo(float).tiny))
        every = np.arange(self.blocks)
        self.ones = self._rows(self.place[every, every][:, None], np.ones(1))
        self.sums = self._rows(self.place, np.ones(self.blocks))
        self.cone = -sparse.diags_array(np.where(self.diagonal, 1.0, np.sqrt(2.0)))

    def undecided(self, node: Node) -> tuple[int, int]:
        """The pair of blocks of which the relaxation says least; among such those with many messages."""
        doubt = 1e-3 * (self.size[:, None] + self.size[None, :]) - np.abs(node.matrix)
        i, j = divmod(int(np.argmax(doubt)), self.blocks)
        return i, j

    def bounded(self, node: Node, rounds: int, enough: float, end_s: float) -> Node:
        """``node`` with a better bound: solved, with the triangle inequalities that it violates, and again."""
        best, matrix, cuts = node.bound, node.matrix, node.cuts
        for _ in range(rounds):
            if len(matrix) and time.monotonic() >= end_s:
                break
            bound, matrix, weight = self._solved(node.fixed, cuts)
            best = max(best, bound)
            cuts = cuts[weight > ACTIVE]
            new = _violated(matrix, SIGNS, VIOLATED)
            if best >= enough or not len(new):
                break
            new = new[np.argsort(new[:, 4], kind="stable")[:NEW], :4].astype(np.int64)
            cuts = np.unique(np.concatenate([cuts, new]), axis=0)
        return Node(best, node.fixed, cuts, matrix)

    def _solved(self, fixed: Sequence[Pair], cuts: Ints) -> tuple[float, Floats, Floats]:
        """The bound, the relaxation's matrix, and the multipliers of ``cuts``."""
        import scs

        i, j, side = np.array(fixed, np.int64).reshape(-1, 3).T
        equal = sparse.vstack([self.ones, self._rows(self.place[i, j][:, None], np.ones(1))])
        value = np.concatenate([np.ones(self.blocks), side])
        a, b, c, sign = cuts.T
        triangles = self._rows(np.stack([self.place[a, b], self.place[a, c], self.place[b, c]], axis=1), -SIGNS[sign])
        below = sparse.vstack([self.sums, -self.sums, triangles])
        limit = np.concatenate([np.full(2 * self.blocks, self.slack), np.ones(len(cuts))])
        conditions = sparse.csc_matrix(sparse.vstack([equal, below, self.cone]))
        right = np.concatenate([value, limit, np.zeros(len(self.row))])
        solver = scs.SCS(
            {"A": conditions, "b": right, "c": self.cost / self.unit},
            {"z": len(value), "l": len(limit), "s": [self.blocks]},
            eps_abs=PRECISION, eps_rel=PRECISION, max_iters=STEPS, verbose=False,
        )  # fmt: skip
        found = solver.solve()
        dual = np.nan_to_num(found["y"]) * self.unit
        for_equal, for_below = dual[: len(value)], np.maximum(dual[len(value) : len(value) + len(limit)], 0)
        left = self._matrix(self.cost + equal.T @ for_equal + below.T @ for_below, halved=True)
        least = float(np.linalg.eigvalsh(left)[0]) - 1e-12 * float(np.abs(left).sum())
        bound = self.total - float(value @ for_equal + limit @ for_below) + self.blocks * min(0.0, least)
        return bound, self._matrix(np.nan_to_num(found["x"])), for_below[2 * self.blocks :]

    def _rows(self, places: Ints, values: Any) -> Any:
        """A matrix with ``values`` at ``places``, shape (rows, entries of each)."""
        rows, entries = places.shape
        data = np.broadcast_to(values, places.shape).ravel().astype(float)
        return sparse.csr_array((data, places.ravel(), np.arange(rows + 1) * entries), shape=(rows, len(self.row)))

    def _matrix(self, values: Floats, halved: bool = False) -> Floats:
        """The symmetric matrix of variables, or of their coefficients, of which each side of the diagonal has half."""
        matrix = np.zeros((self.blocks, self.blocks))
        share = np.where(self.diagonal, 1.0, 0.5) if halved else 1.0
        matrix[self.row, self.column] = matrix[self.column, self.row] = values * share
        return matrix


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _violated(matrix: Floats, signs: Ints, least: float) -> Floats:
    """Triangle inequalities that are off by more than ``least``: rows (i, j, k, which of ``signs``, by how much)."""
    blocks = len(matrix)
    count = 0
    found = np.empty((1024, 5))
    for i in range(blocks):
        for j in range(i + 1, blocks):
            for k in range(j + 1, blocks):
                for s in range(4):
                    value = signs[s, 0] * matrix[i, j] + signs[s, 1] * matrix[i, k] + signs[s, 2] * matrix[j, k] + 1.0
                    if value < -least:
                        if count == len(found):
                            larger = np.empty((2 * count, 5))
                            larger[:count] = found
                            found = larger
                        found[count, 0], found[count, 1], found[count, 2] = i, j, k
                        found[count, 3], found[count, 4] = s, value
                        count += 1
    return found[:count]
