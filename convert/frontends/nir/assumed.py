"""What a NIR file leaves open, and what is taken for it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

DT_S = 0.001
FLOOR = -50.0
"""In thresholds: NIR has no floor, the chip has one. Chosen: 60 of 60 of N-MNIST right, 48 with 0."""

IN_STEPS_S = 0.001
"""How long a step of the chip is where times in the file are counted in steps."""

Reset = Literal["zero", "subtract"]


@dataclass(frozen=True)
class Assumed:
    """``dt``: the time of a step in the file's unit, 1 for times in steps; ``floor`` of voltages, in thresholds.

    ``reset``: what the network was made for; the chip resets to zero.
    """

    dt: float = DT_S
    reset: Reset = "zero"
    floor: float = FLOOR

    @property
    def dt_s(self) -> float:
        """The length of a step of the network."""
        return self.dt if self.dt < 1 else IN_STEPS_S

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        problems = []
        if not isfinite(self.dt) or self.dt <= 0:
            problems.append(f"dt is {self.dt}; give the time of a step in seconds, or 1 for times in steps")
        if not isfinite(self.floor) or self.floor > 0:
            problems.append(f"vmin is {self.floor}; give a finite number of thresholds, 0 or less")
        if self.reset not in get_args(Reset):
            problems.append(f"reset '{self.reset}' is not known; choose {' or '.join(get_args(Reset))}")
        return problems
