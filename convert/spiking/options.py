"""How a NIR file is converted."""

from __future__ import annotations

from dataclasses import dataclass

from convert.frontends.nir.assumed import DT_S, FLOOR, Assumed, Reset
from convert.options import LIMITS, Options, Takes, out_of_range

STEPS = 128
"""Of a recording, unless others are asked for."""


@dataclass(frozen=True)
class NirOptions:
    """How to take what a NIR file leaves open: see ``Assumed``; ``dt`` is in the file's unit, ``vmin`` in thresholds.

    ``decoder`` is a Keras model that the host runs on the network's output, given rates or counts as ``decoder_takes``
    says. Rates and accuracy are measured on the first ``calibration_images`` recordings. ``timesteps`` None: ``STEPS``,
    or those of a network that was exported here.
    """

    dt: float = DT_S
    reset: Reset = "zero"
    vmin: float = FLOOR
    timesteps: int | None = None
    reference: str | None = None
    decoder: str | None = None
    decoder_takes: Takes = "rates"
    calibration_images: int = 128

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        limits = {name: LIMITS[name] for name in ("timesteps", "calibration_images")}
        values = {name: value for name in limits if (value := getattr(self, name)) is not None}
        problems = self.assumed.problems() + out_of_range(values, {name: limits[name] for name in values})
        return problems + Options(decoder=self.decoder, decoder_takes=self.decoder_takes).problems()

    @property
    def assumed(self) -> Assumed:
        return Assumed(self.dt, self.reset, self.vmin)
