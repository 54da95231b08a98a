"""A certified lower bound on the messages between chips, for given tiles and any placement on so many chips.

Fill the chips with silent blocks up to n = chips * capacity. A placement is then X, shape (n, n), 1 where two blocks
share a chip: its entries are in [0, 1], its diagonal is 1, and X = capacity * (projection onto ``chips`` dimensions,
one of them the constant vector). The messages between chips are <L, X> / 2, L the Laplacian of the traffic. For any
symmetric Z

    <L, X> >= min over Y in the first set <L + Z, Y>  +  min over X in the second set <-Z, X>,

where the first is a sum over entries and the second a sum of eigenvalues. ADMM between the two sets finds a good Z; the
bound needs no convergence. Source: Graham, Hu, Im, Li, Wolkowicz, INFORMS J. Comput. 34(4), 2022 (restricted duals).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from .geometry import Floats
from .hardware import Board
from .traffic import TrafficGraph

EFFORT = 5e10
"""About this many operations are spent: the eigenvalues of (n, n) cost n^3 in each round."""
MOST_ROUNDS = 250
FEWEST_ROUNDS = 8
"""With fewer rounds there is no bound worth its time: it is 0."""
CHECKED = 25
"""The bound is evaluated after every so many rounds; the best one counts."""


def lower_bound(graph: TrafficGraph, board: Board) -> float:
    """Messages per time step that cross between the chips of ``board`` however the blocks of ``graph`` are placed."""
    size = board.cores
    rounds = min(MOST_ROUNDS, int(EFFORT / size**3))
    if board.chips == 1 or rounds < FEWEST_ROUNDS:
        return 0.0
    weights = np.zeros((size, size))
    weights[: graph.blocks, : graph.blocks] = graph.symmetric.toarray()
    scale = float(weights.max())
    if scale <= 0.0:
        return 0.0
    laplacian = (np.diag(weights.sum(axis=1)) - weights) / scale
    return max(0.0, 0.5 * scale * _best_dual(laplacian, board.chips, board.chip.cores, rounds))


def _best_dual(laplacian: Floats, chips: int, capacity: int, rounds: int) -> float:
    """The largest value of the dual among the multipliers that ADMM visits."""
    size = len(laplacian)
    strength = 0.4 * float(np.abs(laplacian).sum()) / size**2 * chips
    entries = np.full((size, size), 1.0 / chips)
    np.fill_diagonal(entries, 1.0)
    multiplier = -laplacian.copy()
    best = -np.inf
    for number in range(1, rounds + 1):
        spectral = _nearest_spectral(entries + multiplier / strength, capacity)
        entries = np.clip(spectral - (laplacian + multiplier) / strength, 0.0, 1.0)
        np.fill_diagonal(entries, 1.0)
        multiplier += strength * (entries - spectral)
        if number % CHECKED == 0 or number == rounds:
            best = max(best, _dual(laplacian, multiplier, chips, capacity))
    return best


def _nearest_spectral(matrix: Floats, capacity: int) -> Floats:
    """The nearest positive semidefinite matrix whose rows sum to ``capacity``, no eigenvalue above it."""
    size = len(matrix)
    centred = _centred(matrix)
    values, vectors = eigh(centred, driver="evd", overwrite_a=True, check_finite=False)
    keep = values > 0
    part = vectors[:, keep] * np.sqrt(np.minimum(values[keep], capacity))
    return np.asarray(part @ part.T) + capacity / size


def _centred(matrix: Floats) -> Floats:
    """``matrix`` on the vectors orthogonal to the constant one."""
    mean = matrix.mean(axis=0)
    return np.asarray(matrix - mean[None, :] - mean[:, None] + mean.mean())


def _dual(laplacian: Floats, multiplier: Floats, chips: int, capacity: int) -> float:
    """The right-hand side of the inequality above for Z = ``multiplier``."""
    size = len(laplacian)
    multiplier = (multiplier + multiplier.T) / 2
    total = laplacian + multiplier
    diagonal = float(np.trace(total))
    off_diagonal = float(np.minimum(total, 0.0).sum() - np.minimum(np.diag(total), 0.0).sum())
    outside = float(np.abs(multiplier).sum()) + 1.0  # lifts the constant vector above all others
    shifted = -_centred(multiplier) + outside / size
    values = eigh(shifted, eigvals_only=True, subset_by_index=[0, chips - 2], check_finite=False)
    rounding = 1e-11 * size * outside
    return diagonal + off_diagonal + capacity * (float(values.sum()) - float(multiplier.sum()) / size) - rounding
