"""How events are simulated."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import get_args

from .motions import DISTANCES, MotionName

LONGEST_MS = 60_000


@dataclass(frozen=True)
class SensorOptions:
    """``milliseconds`` a recording; the image moves by ``distance`` pixels (None: by ``DISTANCES``).

    ``threshold`` is the change of the light's natural logarithm that a pixel tells, ``mismatch`` the standard deviation
    of its pixels', as a share of it. Of the data the first ``images`` are taken (None: all).
    """

    motion: MotionName = "saccades"
    milliseconds: int = 300
    distance: float | None = None
    threshold: float = 0.2
    mismatch: float = 0.03
    images: int | None = None
    seed: int = 0

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        problems = []
        if self.motion not in get_args(MotionName):
            problems.append(f"motion '{self.motion}' is not known; choose {', '.join(get_args(MotionName))}")
        if not 1 <= self.milliseconds <= LONGEST_MS:
            problems.append(f"{self.milliseconds} ms is no recording; give 1 to {LONGEST_MS}")
        if self.distance is not None and not (isfinite(self.distance) and 0 < self.distance <= 10_000):
            problems.append(f"a distance of {self.distance} pixels; give one above 0, up to 10000")
        if not (isfinite(self.threshold) and 0.01 <= self.threshold <= 4):
            problems.append(f"a threshold of {self.threshold} of the light's logarithm; give 0.01 to 4")
        if not (isfinite(self.mismatch) and 0 <= self.mismatch <= 0.3):
            problems.append(f"a mismatch of {self.mismatch}; give 0 to 0.3")
        if self.images is not None and self.images < 1:
            problems.append(f"{self.images} images; give 1 or more")
        if self.seed < 0:
            problems.append(f"seed {self.seed}; give 0 or more")
        return problems

    def pixels(self, columns: int) -> float:
        """How far an image of so many columns moves."""
        return self.distance if self.distance is not None else max(1.0, DISTANCES[self.motion] * columns)
