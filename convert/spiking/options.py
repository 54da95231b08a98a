"""How a NIR file is converted."""

from __future__ import annotations

from dataclasses import dataclass

from convert.frontends.nir.assumed import DT_S, FLOOR, Assumed, Reset
from convert.options import LIMITS, out_of_range


@dataclass(frozen=True)
class NirOptions:
    """How to take what a NIR file leaves open: see ``Assumed``; ``dt`` is in the file's unit, ``vmin`` in thresholds.

    Rates and accuracy are measured on the first ``calibration_images`` recordings.
    """

    dt: float = DT_S
    reset: Reset = "zero"
    vmin: float = FLOOR
    timesteps: int = 128
    reference: str | None = None
    calibration_images: int = 128

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        limits = {name: LIMITS[name] for name in ("timesteps", "calibration_images")}
        return self.assumed.problems() + out_of_range({name: getattr(self, name) for name in limits}, limits)

    @property
    def assumed(self) -> Assumed:
        return Assumed(self.dt, self.reset, self.vmin)
