"""The neuron of a population: its equation.

``nengo_form`` writes it for Nengo, the reference; ``calibration/simulate.py`` and ``deploy/emulator`` compute it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reset(str, Enum):
    """What a spike does to the voltage."""

    ZERO = "zero"
    """v = 0: the overshoot is lost, at most one spike in a step. Loihi's."""
    SUBTRACT = "subtract"
    """v = v - floor(v): the overshoot is kept, several spikes in a step count as one message. Nengo's, on the host."""


@dataclass(frozen=True)
class Neuron:
    """One step, voltages in thresholds: v = max((1 - leak) v + dt * drive, floor); a spike where v > 1, and the reset.

    On Loihi v is an integer of 23 bits and sign, ``floor`` becomes the compartment's vmin, the negative of a power of
    two plus one, and ``leak`` its decay_v / 4096. The default is ``CHIP``.
    """

    reset: Reset = Reset.ZERO
    floor: float = 0.0
    leak: float = 0.0


CHIP = Neuron()
"""NengoLoihi's rectified-linear compartment."""

HOST = Neuron(Reset.SUBTRACT)
"""What encodes the image on the host: ``nengo.SpikingRectifiedLinear``."""
