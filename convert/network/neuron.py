"""The neuron of a population: its equation.

``nengo_form`` writes it for Nengo, the reference; ``calibration/simulate.py`` and ``deploy/emulator`` compute it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

DECAY_BITS = 12
"""A decay is so many bits of a fraction. Source: ``decay_int`` in nengo_loihi/builder/discretize.py."""

DECAY_ONE = 1 << DECAY_BITS
"""The decay of a number that is gone after one step."""


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
    two plus one, and ``leak`` its decay_v / 4096: v loses ``chip_leak``, and every form of the network, in floating
    point too, computes with that. The default is ``CHIP``.
    """

    reset: Reset = Reset.ZERO
    floor: float = 0.0
    leak: float = 0.0

    @property
    def decay_v(self) -> int:
        """``leak`` as the chip holds it: whole 4096ths."""
        return chip_decay(self.leak)

    @property
    def chip_leak(self) -> float:
        """The share of the voltage that a neuron on the chip loses in a step."""
        return self.decay_v / DECAY_ONE


def chip_decay(leak: float) -> int:
    """The 4096ths that stand for ``leak`` on the chip."""
    return round(leak * DECAY_ONE)


def given_decay(leak: float) -> float:
    """The decay that nengo_loihi, which takes it times 4095 and rounds, makes ``chip_decay(leak)``."""
    return chip_decay(leak) / (DECAY_ONE - 1)


CHIP = Neuron()
"""NengoLoihi's rectified-linear compartment."""

HOST = Neuron(Reset.SUBTRACT)
"""What encodes the image on the host: ``nengo.SpikingRectifiedLinear``."""
