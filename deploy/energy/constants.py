"""The constants of a spiking chip: each with the lowest and highest value that was published, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ConstantName = Literal[
    "joules_per_conv_synop",
    "joules_per_synop",
    "joules_per_update",
    "joules_per_spike",
    "joules_per_message",
    "joules_per_hop_east_west",
    "joules_per_hop_north_south",
    "seconds_per_conv_synop",
    "seconds_per_synop",
    "seconds_per_update",
    "seconds_per_spike",
    "seconds_per_message_out",
    "seconds_per_message_in",
    "seconds_per_step",
    "share_in_sequence",
    "static_watts_per_chip",
    "x86_watts_per_chip",
]
"""What an event or a step costs. ``conv`` synops have weights that pixels share, the others their own;
``seconds_per_step`` is the barrier; ``share_in_sequence`` is how much of the shorter of a core's two pipelines waits
for the longer one, 0 to 1."""

Values = Mapping[ConstantName, float]
"""One value for each constant."""


@dataclass(frozen=True)
class Constant:
    """A published number: what an estimate takes, and the lowest and the highest that can be read for it."""

    name: ConstantName
    low: float
    nominal: float
    high: float
    source: str

    def __post_init__(self) -> None:
        assert 0 <= self.low <= self.nominal <= self.high, self


DAVIES = "Davies et al., IEEE Micro 38(1), 2018, table 2, doi 10.1109/MM.2018.112130359"
SANA_FE_ARCH = "SANA-FE, arch/loihi.yaml at 8951ab0; Boyle et al., TCAD 44:3165, 2025, doi 10.1109/TCAD.2025.3537971"
FRADY = "Frady et al., NICE 2020, arXiv 2004.12691"
BOTH = f"{DAVIES}; {SANA_FE_ARCH}"
STATIC = Constant(
    "static_watts_per_chip",
    0.070,
    0.104,
    0.180,
    f"{FRADY}, table 1: 3.34 W, by 32 chips (nominal) or by 48, which another reading of the run gives (low); the high "
    "one is the upper end of what is quoted for single chips, second hand",
)
X86 = Constant("x86_watts_per_chip", 0.0, 0.0, 0.065, f"{FRADY}, table 1, by chip: 44 to 65 mW; none where they sleep")
IN_SEQUENCE = Constant(
    "share_in_sequence",
    0.0,
    0.5,
    1.0,
    "not published: 0 has messages received while neurons are updated, 1 only after that; SANA-FE's detailed timing "
    "lies between, near the middle (docs/energy.md)",
)
FEW_CHIPS, STEP_OF_FEW_CHIPS_S = 32, 5.8e-6
STEP_OF_MANY_CHIPS_S = 16.2e-6
MANY_CHIPS_SOURCE = (
    f"{FRADY}: over several chips no barrier is published but 16.2 us for 768; a whole step of 32 chips took 5.8 us, "
    "which is the high one up to there"
)


def barrier_of(constant: Constant, chips: int) -> Constant:
    """The barrier over ``chips`` chips: the high value is higher than that of one chip."""
    if chips == 1:
        return constant
    high = STEP_OF_FEW_CHIPS_S if chips <= FEW_CHIPS else STEP_OF_MANY_CHIPS_S
    return Constant(constant.name, constant.low, constant.nominal, high, f"{constant.source}; {MANY_CHIPS_SOURCE}")
