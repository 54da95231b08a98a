"""How much a search does, and what it is after."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from convert.options import out_of_range
from partition.options import LIMITS as OF_PARTITION

LIMITS = {
    "candidates": (1, 100_000),
    "population": (2, 10_000),
    "shared_batches": (0, 10_000_000),
    "tune_batches": (1, 1_000_000),
    "winner_batches": (1, 10_000_000),
    "chips": OF_PARTITION["chips"],
    "seed": (0, 2**31 - 1),
}
"""The least and the most of whole numbers."""


@dataclass(frozen=True)
class Plan:
    """So many ``candidates`` are scored, ``population`` of them a generation, which is also how many may be parents.

    The super-network is trained on ``shared_batches``, each candidate then on ``tune_batches``, the winner on
    ``winner_batches``. Fitness is accuracy times joules to the power of -``energy_weight``, on ``chips`` at most (None:
    on as many as it takes).
    """

    candidates: int = 40
    population: int = 10
    shared_batches: int = 2000
    tune_batches: int = 60
    winner_batches: int = 3000
    energy_weight: float = 0.08
    chips: int | None = 1
    seed: int = 0

    def problems(self) -> list[str]:
        """What is wrong with it, one sentence for each."""
        problems = out_of_range({name: getattr(self, name) for name in LIMITS}, LIMITS)
        if not (isfinite(self.energy_weight) and self.energy_weight >= 0):
            problems.append(f"energy_weight is {self.energy_weight}; give a finite number that is not negative")
        return problems
