"""Which constant matters: the total with each at its low and at its high value, the others nominal."""

from __future__ import annotations

import msgspec

from .constants import ConstantName
from .counts import Counts
from .devices import EnergyDevice
from .estimate import cost_of


class Swing(msgspec.Struct, frozen=True, kw_only=True):
    """What one constant does to the total energy of an image: its published range, and the joules at its ends."""

    constant: ConstantName
    low: float
    nominal: float
    high: float
    joules_low: float
    joules_high: float
    source: str

    @property
    def joules(self) -> float:
        """The width of the bar."""
        return self.joules_high - self.joules_low


def tornado(device: EnergyDevice, counts: Counts) -> tuple[Swing, ...]:
    """The constants of ``device`` that change the total, the one that changes it most first."""
    nominal = device.values()
    swings = (
        Swing(
            constant=constant.name,
            low=constant.low,
            nominal=constant.nominal,
            high=constant.high,
            joules_low=cost_of({**nominal, constant.name: constant.low}, counts).total,
            joules_high=cost_of({**nominal, constant.name: constant.high}, counts).total,
            source=constant.source,
        )
        for constant in device.constants
    )
    return tuple(sorted((swing for swing in swings if swing.joules > 0), key=lambda swing: -swing.joules))
