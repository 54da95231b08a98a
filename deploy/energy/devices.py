"""What each device needs for each operation: one row for each published set of constants, with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from convert.errors import UserError

STATIC_WATTS_PER_CHIP = 0.104
STATIC_SOURCE = (
    "static power: {watts:g} W for each chip; the default 0.104 W is 3.34 W for 32 chips, measured by "
    "Frady et al., NICE 2020, table 1 (quoted second hand)"
)
PACKAGE_WATTS_PER_CORE = 280 / 64
PACKAGE_SOURCE = "280 W for 64 cores, the TDP of AMD's EPYC 7763"
MEAN_HOPS_EAST_WEST = (8 * 8 - 1) / (3 * 8)
MEAN_HOPS_NORTH_SOUTH = (4 * 4 - 1) / (3 * 4)
"""Mean distances between two tiles drawn at random on a chip's mesh of 8 x 4 tiles with 4 cores each."""


@dataclass(frozen=True)
class EnergyDevice:
    """A spiking chip: joules and seconds for each event; ``seconds_per_step_floor`` is the barrier over one chip.

    An update is active if its compartment had input. Inactive ones, which cost less, are not told apart.
    """

    name: str
    joules_per_synop: float
    joules_per_active_update: float
    joules_per_spike: float
    joules_per_message: float
    joules_per_hop_east_west: float
    joules_per_hop_north_south: float
    seconds_per_synop: float
    seconds_per_active_update: float
    seconds_per_step_floor: float
    source: str
    assumptions: tuple[str, ...] = ()

    @property
    def joules_per_delivery(self) -> float:
        """One message to one core of the same chip over the mean number of hops."""
        return (
            self.joules_per_message
            + MEAN_HOPS_EAST_WEST * self.joules_per_hop_east_west
            + MEAN_HOPS_NORTH_SOUTH * self.joules_per_hop_north_south
        )


@dataclass(frozen=True)
class ArithmeticDevice:
    """A processor that runs the ANN: joules for each multiply-accumulate."""

    name: str
    joules_per_mac: float
    source: str
    assumptions: tuple[str, ...] = ()


DAVIES_2018 = EnergyDevice(
    name="Loihi (Davies 2018)",
    joules_per_synop=23.6e-12,
    joules_per_active_update=81e-12,
    joules_per_spike=0.0,
    joules_per_message=1.7e-12,
    joules_per_hop_east_west=3.0e-12,
    joules_per_hop_north_south=4.0e-12,
    seconds_per_synop=3.5e-9,
    seconds_per_active_update=8.4e-9,
    seconds_per_step_floor=465e-9,
    source="Davies et al., IEEE Micro 38(1), 2018, table 2",
    assumptions=(
        "constants are pre-silicon simulations at 0.75 V; the energy of a synop is the published minimum",
        "times of a synop and an update are from the same table, quoted second hand",
    ),
)

SANA_FE = EnergyDevice(
    name="Loihi (SANA-FE)",
    joules_per_synop=35.5e-12,
    joules_per_active_update=51.2e-12 + 21.6e-12,
    joules_per_spike=69.3e-12,
    joules_per_message=111e-12,
    joules_per_hop_east_west=3.0e-12,
    joules_per_hop_north_south=4.2e-12,
    seconds_per_synop=4.0e-9,
    seconds_per_active_update=9.7e-9,
    seconds_per_step_floor=1.8e-6,
    source="SANA-FE, arch/loihi.yaml",
    assumptions=(
        "constants that SANA-FE's authors (Boyle et al.) calibrated on Loihi",
        "a synop costs what SANA-FE's dense synapse does, the highest of its kinds (convolutional: 24.0 pJ)",
        "the barrier is that of a whole chip, 1.8 us",
    ),
)

DeviceSet = Literal["davies2018", "sana-fe", "all"]
"""The sets of constants by the name that ``--device`` takes."""

DEVICES: dict[str, EnergyDevice] = {"davies2018": DAVIES_2018, "sana-fe": SANA_FE}

_DEGNAN = "Degnan et al. 2016, as in keras-spiking"
_SECOND_HAND = "keras-spiking's constant (model_energy.py), which cites Degnan, Marr and Hasler 2016: second hand"
ARITHMETIC_DEVICES = (
    ArithmeticDevice("CPU per MAC (i7-4960X)", 8.6e-9, _DEGNAN, (_SECOND_HAND, "2013 desktop processor, TDP 130 W")),
    ArithmeticDevice(
        "GPU per MAC (Titan Black)",
        0.3e-9,
        _DEGNAN,
        (_SECOND_HAND, "2014 graphics card, TDP 250 W, kept busy by large batches: at batch 1 it needs more"),
    ),
    ArithmeticDevice("ARM per MAC (Cortex-A)", 0.9e-9, _DEGNAN, (_SECOND_HAND,)),
)


def device_set(name: str) -> tuple[EnergyDevice, ...]:
    """The rows called ``name``, or every one for 'all'."""
    if name == "all":
        return tuple(DEVICES.values())
    if name not in DEVICES:
        raise UserError(f"there is no device set '{name}'; choose from {', '.join(DEVICES)} or all")
    return (DEVICES[name],)
