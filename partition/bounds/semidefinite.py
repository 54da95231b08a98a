"""The semidefinite relaxation of a placement on two chips, with triangle inequalities where it violates them.

x_i is +1 for a block on the one chip and -1 for one on the other; X stands for the matrix of all x_i x_j. It is
positive semidefinite with ones on its diagonal, its rows sum to between -slack and slack, since no chip holds more than
its cores, and of any three blocks two are on one chip. Any multipliers of these conditions give a bound: what is left
of the costs has a least eigenvalue, and the trace of X is known. So the bound holds however well the solver has done.
Source: Helmberg, Rendl, Vanderbei, Wolkowicz, SIAM J. Optim. 6(2), 1996.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from partition.geometry.blocks import Floats, Ints
from partition.numba_jit import compiled

CUTS_PER_ROUND = 4_000
"""Triangle inequalities added in a round, the most violated ones. Chosen: some twenty for each of 200 blocks."""
LEAST_VIOLATION = 0.03
"""By how much an inequality is violated to be worth adding. Chosen: a hundred times the solver's precision."""
LEAST_MULTIPLIER = 1e-7
"""The multiplier, in units of the costs, below which a triangle inequality is dropped. Chosen by hand."""
SHORTEST_S = 1.0
"""A solver's run may take so long even if the time is over: its bound is the first."""
PRECISION, MOST_STEPS = 3e-4, 2_500
"""Precision and most steps of a solver's run. Chosen by hand; the bound holds whatever they are."""
ROUNDING_ERROR = 1e-12
"""What sums in double precision may be off, relative to the sizes of their terms."""
DECIDED = 0.99
"""The size of X_ij from which on the relaxation has decided on a pair."""
HEAVY = 1e-3
"""How much the messages of a block count beside the relaxation's doubt where a pair to branch on is chosen. By hand."""
SIGNS = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)])
"""s_1 X_ij + s_2 X_ik + s_3 X_jk >= -1: a triangle has none or two of its sides between the chips."""

FixedPair = tuple[int, int, int]
"""Blocks i and j, and +1 if they share a chip or -1 if they do not."""


@dataclass(frozen=True)
class Node:
    """All placements in which the pairs ``fixed`` are as said, and a bound on their messages.

    ``cuts`` are the triangle inequalities (i, j, k, which of ``SIGNS``) that gave it, ``matrix`` is the relaxation's X.
    """

    bound: float = 0.0
    fixed: tuple[FixedPair, ...] = ()
    cuts: Ints = field(default_factory=lambda: np.zeros((0, 4), np.int64))
    matrix: Floats = field(default_factory=lambda: np.zeros((0, 0)))


@dataclass(frozen=True)
class Conditions:
    """``equal`` @ x = ``value`` and ``below`` @ x <= ``limit`` for the variables x, besides the cone."""

    equal: sparse.csr_array
    value: Floats
    below: sparse.csr_array
    limit: Floats


class TwoChips:
    """The relaxation for ``weights``, symmetric (blocks, blocks). Variables are X_ij for i >= j, column by column."""

    def __init__(self, weights: Floats, capacity: int) -> None:
        weights = weights - np.diag(np.diag(weights))
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

    def undecided(self, node: Node) -> tuple[int, int] | None:
        """The pair of blocks of which the relaxation says least, one with many messages; None if it says all."""
        sure = np.abs(node.matrix)
        np.fill_diagonal(sure, 1.0)
        for i, j, _ in node.fixed:
            sure[i, j] = sure[j, i] = 1.0
        if sure.min() > DECIDED:
            return None
        doubt = np.where(sure > DECIDED, -np.inf, HEAVY * (self.size[:, None] + self.size[None, :]) - sure)
        i, j = divmod(int(np.argmax(doubt)), self.blocks)
        return i, j

    def bounded(self, node: Node, rounds: int, enough: float, end_s: float) -> Node:
        """``node`` with a better bound: solved, with the triangle inequalities that it violates, and again."""
        best, matrix, cuts = node.bound, node.matrix, node.cuts
        for _ in range(rounds):
            if len(matrix) and time.monotonic() >= end_s:
                break
            bound, matrix, weight = self._solved(node.fixed, cuts, end_s)
            best = max(best, bound)
            cuts = cuts[weight > LEAST_MULTIPLIER * self.unit]
            new = _violated(matrix, SIGNS, LEAST_VIOLATION)
            if best >= enough or not len(new):
                break
            new = new[np.argsort(new[:, 4], kind="stable")[:CUTS_PER_ROUND], :4].astype(np.int64)
            cuts = np.unique(np.concatenate([cuts, new]), axis=0)
        return Node(best, node.fixed, cuts, matrix)

    def _solved(self, fixed: Sequence[FixedPair], cuts: Ints, end_s: float) -> tuple[float, Floats, Floats]:
        """The bound, infinite if there is no such placement; the relaxation's matrix; the multipliers of ``cuts``."""
        conditions = self._conditions(fixed, cuts)
        primal, dual = self._run_solver(conditions, end_s)
        equalities, inequalities = len(conditions.value), len(conditions.limit)
        for_equal, for_below = dual[:equalities], np.maximum(dual[equalities : equalities + inequalities], 0)
        impossible = self._least(conditions, 0.0 * self.cost, for_equal, for_below) > 0
        bound = np.inf if impossible else self.total + self._least(conditions, self.cost, for_equal, for_below)
        return bound, self._matrix(primal), for_below[2 * self.blocks :]

    def _conditions(self, fixed: Sequence[FixedPair], cuts: Ints) -> Conditions:
        """Ones on the diagonal and what is ``fixed``; sums of rows within the slack, and the triangles of ``cuts``."""
        i, j, side = np.array(fixed, np.int64).reshape(-1, 3).T
        equal = sparse.vstack([self.ones, self._rows(self.place[i, j][:, None], np.ones(1))])
        a, b, c, sign = cuts.T
        triangles = self._rows(np.stack([self.place[a, b], self.place[a, c], self.place[b, c]], axis=1), -SIGNS[sign])
        below = sparse.vstack([self.sums, -self.sums, triangles])
        limit = np.concatenate([np.full(2 * self.blocks, self.slack), np.ones(len(cuts))])
        return Conditions(equal, np.concatenate([np.ones(self.blocks), side]), below, limit)

    def _run_solver(self, conditions: Conditions, end_s: float) -> tuple[Floats, Floats]:
        """The variables and the multipliers that SCS finds until ``end_s``; zero where it finds no number."""
        import scs

        rows = sparse.csc_matrix(sparse.vstack([conditions.equal, conditions.below, self.cone]))
        right = np.concatenate([conditions.value, conditions.limit, np.zeros(len(self.row))])
        solver = scs.SCS(
            {"A": rows, "b": right, "c": self.cost / self.unit},
            {"z": len(conditions.value), "l": len(conditions.limit), "s": [self.blocks]},
            eps_abs=PRECISION, eps_rel=PRECISION, max_iters=MOST_STEPS, verbose=False,
            time_limit_secs=max(SHORTEST_S, end_s - time.monotonic()),
        )  # fmt: skip
        found = solver.solve()
        return _finite(found["x"]), _finite(found["y"]) * self.unit

    def _least(self, conditions: Conditions, cost: Floats, for_equal: Floats, for_below: Floats) -> float:
        """The least of ``cost`` that the multipliers of equalities and inequalities prove."""
        value, limit = conditions.value, conditions.limit
        left = self._matrix(self._halved(cost + conditions.equal.T @ for_equal + conditions.below.T @ for_below))
        eigenvalue = float(np.linalg.eigvalsh(left)[0]) - ROUNDING_ERROR * float(np.abs(left).sum())
        rounding = ROUNDING_ERROR * float(np.abs(value) @ np.abs(for_equal) + limit @ for_below)
        return self.blocks * min(0.0, eigenvalue) - float(value @ for_equal + limit @ for_below) - rounding

    def _rows(self, places: Ints, values: Floats | Ints) -> sparse.csr_array:
        """A matrix with ``values`` at ``places``, shape (rows, entries of each)."""
        rows, entries = places.shape
        data = np.broadcast_to(values, places.shape).ravel().astype(float)
        return sparse.csr_array((data, places.ravel(), np.arange(rows + 1) * entries), shape=(rows, len(self.row)))

    def _halved(self, coefficients: Floats) -> Floats:
        """``coefficients`` of variables as those of a symmetric matrix, of which each side of the diagonal has half."""
        return np.asarray(coefficients * np.where(self.diagonal, 1.0, 0.5))

    def _matrix(self, values: Floats) -> Floats:
        """The symmetric matrix of variables."""
        matrix = np.zeros((self.blocks, self.blocks))
        matrix[self.row, self.column] = matrix[self.column, self.row] = values
        return matrix


def _finite(values: Floats) -> Floats:
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


@compiled(nogil=True)
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
