"""How a core is cleared between two images, in its own integers: to the floor, and up by the floor's size.

A weight is at most ``LARGEST`` steps, so that what trained weights have of their eight bits is left to them: a drive of
several thresholds comes over several axons. An unfiltered current keeps 1 / 4096 in the next step, rounded towards 0.
The floor is -(2^k) + 1. The last drive down is 2^k, so the lift of 2^k ends at 1 - 2^(k - 12), and what it leaves,
2^(k - 12) - 1, comes one step later: 0, exactly. So every voltage is 0, and no current is left, ``settled`` steps after
a layer's last. (Below 2^12 the drive down is 4096, which leaves 1, and the lift ends at 0.)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

from .network import Clearing

LARGEST = 127
"""The largest weight in steps of its scale. Source: ``discretize_weights`` in nengo_loihi, mixed signs."""

LEFT = 512
"""The most that a current leaves in the next step: its accumulator has 21 bits, of which 12 go."""

LEAST_DRIVE = 1 << 12
"""The smallest drive of which anything is left."""

NOTHING = 1e-6
"""A weight that becomes 0, in steps: of an axon that some cores do not need."""

SHALLOWEST = -0.5
"""The highest floor, in thresholds, from which a few steps clear a layer."""

ROUNDED = 1.1 * sqrt(2)
"""By how much a floor may be rounded up, and a drive down."""


@dataclass(frozen=True)
class Core:
    """The integers of a core: its threshold, the power of two that is one more than its floor's size, one step of a
    weight."""

    threshold: int
    size: int
    step: int

    @property
    def down(self) -> int:
        """The last drive down, in steps."""
        return max(self.size, LEAST_DRIVE) // self.step

    def least(self, downs: int) -> int:
        """What each drive down but the last brings at least, in steps, if there are ``downs`` of them in all."""
        return ceil((self.threshold + LEFT) / self.step / (downs - 1))


def drives_down(floor: float) -> int:
    """In how many steps a layer is driven to its ``floor``, in thresholds; at least 2."""
    return 1 + ceil(ROUNDED / -floor)


def settled(downs: int) -> int:
    """The steps from a layer's last one for an image to the first for the next: down, up, and what is left of it."""
    return downs + 2


def axons_of(core: Core, downs: int) -> dict[Clearing, int]:
    """How many axons each kind of drive needs."""
    down = ceil(core.least(downs) / LARGEST)
    floor = max(1, ceil((core.down - LARGEST * down) / LARGEST))
    return {Clearing.DOWN: down, Clearing.FLOOR: floor, Clearing.LIFT: ceil(core.size / core.step / LARGEST)}


def weights_of(core: Core, downs: int, axons: dict[Clearing, int]) -> dict[Clearing, list[float]] | None:
    """The weight of every axon in steps, signed; None if there are too few axons."""
    down = min(LARGEST * axons[Clearing.DOWN], core.down - 1)
    totals = {Clearing.DOWN: down, Clearing.FLOOR: core.down - down, Clearing.LIFT: core.size // core.step}
    whole = core.size % core.step == 0 == LEAST_DRIVE % core.step
    if not whole or down < core.least(downs) or any(not 1 <= totals[k] <= LARGEST * n for k, n in axons.items()):
        return None
    return {
        kind: [(1 if kind is Clearing.LIFT else -1) * max(part, NOTHING) for part in _split(total, axons[kind])]
        for kind, total in totals.items()
    }


def _split(total: int, parts: int) -> list[int]:
    """``total`` as so many whole numbers, as equal as can be."""
    each, more = divmod(total, parts)
    return [each + (i < more) for i in range(parts)]
