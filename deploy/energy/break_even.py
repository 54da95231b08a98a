"""At how many spikes Loihi's total would equal a processor's: the line that a claim of less energy has to cross.

Everything but the steps and the neurons' updates grows with the spikes, so the total is a constant and a slope, and
the line is one division. The same question about an ANN of fewer bits on the same hardware: arXiv 2409.08290.
"""

from __future__ import annotations

from dataclasses import dataclass

from .constants import Values
from .counts import Counts
from .estimate import cost_of


@dataclass(frozen=True)
class Line:
    """The total energy of an image if all neurons fired ``factor`` times as often: ``silent`` + factor * ``fired``."""

    silent: float
    fired: float

    def factor_at(self, joules: float) -> float | None:
        """The factor with this total; None if even without a spike it is more, or if spikes cost nothing."""
        return (joules - self.silent) / self.fired if joules >= self.silent and self.fired > 0 else None


def line_of(values: Values, counts: Counts) -> Line:
    """The line of ``counts`` with one value for each constant."""
    silent = cost_of(values, counts.with_spikes_times(0.0)).total
    return Line(silent, cost_of(values, counts).total - silent)
