"""What each device needs for each operation: one row for each published set of constants, with its source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from convert.errors import UserError

from .constants import BOTH, DAVIES, IN_SEQUENCE, SANA_FE_ARCH, STATIC, X86, Constant, ConstantName

STATIC_WATTS_PER_CHIP = STATIC.nominal
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
    """A spiking chip: what each event and each step costs, one row for each constant."""

    name: str
    constants: tuple[Constant, ...]
    source: str
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert tuple(constant.name for constant in self.constants) == get_args(ConstantName), self.name

    def with_constants(self, *others: Constant) -> EnergyDevice:
        """The same with ``others`` instead of the constants of these names."""
        by_name = {constant.name: constant for constant in others}
        return replace(self, constants=tuple(by_name.get(constant.name, constant) for constant in self.constants))

    def values(self, which: Literal["low", "nominal", "high"] = "nominal") -> dict[ConstantName, float]:
        """Every constant at its low, nominal or high value."""
        return {constant.name: getattr(constant, which) for constant in self.constants}


@dataclass(frozen=True)
class ArithmeticDevice:
    """A processor that runs the ANN: joules for each multiply-accumulate."""

    name: str
    joules_per_mac: float
    source: str
    assumptions: tuple[str, ...] = ()


_NS, _PJ = 1e-9, 1e-12


def _rows(nominal: tuple[float, ...], barrier: Constant) -> tuple[Constant, ...]:
    """The constants of one set: ``nominal`` in pJ, then ns, in the order of ``RANGES``, which all sets share."""
    joules_and_seconds = tuple(
        Constant(name, low * unit, value * unit, high * unit, source)
        for (name, low, high, unit, source), value in zip(RANGES, nominal, strict=True)
    )
    return (*joules_and_seconds, barrier, IN_SEQUENCE, STATIC, X86)


RANGES: tuple[tuple[ConstantName, float, float, float, str], ...] = (
    ("joules_per_conv_synop", 23.6, 35.5, _PJ, f"{DAVIES} (a minimum): 23.6; {SANA_FE_ARCH}: 24.0, dense 35.5"),
    ("joules_per_synop", 23.6, 35.5, _PJ, f"{DAVIES} (a minimum): 23.6; {SANA_FE_ARCH}: sparse 33.6, dense 35.5"),
    ("joules_per_update", 51.2, 81.0, _PJ, f"{DAVIES}: inactive 52, active 81; {SANA_FE_ARCH}: 51.2, active 72.8"),
    ("joules_per_spike", 0.0, 69.3, _PJ, f"{SANA_FE_ARCH}: 69.3; {DAVIES} has none"),
    ("joules_per_message", 1.7, 111.0, _PJ, f"{DAVIES}: 1.7, within a tile; {SANA_FE_ARCH}: 111, outgoing axon"),
    ("joules_per_hop_east_west", 3.0, 3.0, _PJ, BOTH),
    ("joules_per_hop_north_south", 4.0, 4.2, _PJ, f"{DAVIES}: 4.0; {SANA_FE_ARCH}: 4.2"),
    ("seconds_per_conv_synop", 3.1, 3.8, _NS, f"{DAVIES} (a maximum): 3.5; {SANA_FE_ARCH}: 3.1, dense 3.8"),
    ("seconds_per_synop", 3.5, 4.7, _NS, f"{DAVIES} (a maximum): 3.5; {SANA_FE_ARCH}: dense 3.8, sparse 4.7"),
    ("seconds_per_update", 5.3, 9.7, _NS, f"{DAVIES}: inactive 5.3, active 8.4; {SANA_FE_ARCH}: 6.0, active 9.7"),
    ("seconds_per_spike", 0.0, 30.0, _NS, f"{SANA_FE_ARCH}: 30; {DAVIES} has none"),
    ("seconds_per_message_out", 0.0, 5.1, _NS, f"{SANA_FE_ARCH}: 5.1; {DAVIES} has none"),
    ("seconds_per_message_in", 0.0, 16.0, _NS, f"{SANA_FE_ARCH}: 16; {DAVIES} has none"),
)
"""(constant, low, high, unit, source): published twice or stated as a bound, so that both are read as a range."""

BARRIER_SOURCE = f"{DAVIES}: 113 ns for one tile to 465 for 32; {SANA_FE_ARCH}: 0.6 us to 1.8"

DAVIES_2018 = EnergyDevice(
    name="Loihi (Davies 2018)",
    constants=_rows(
        (23.6, 23.6, 81.0, 0.0, 1.7, 3.0, 4.0, 3.5, 3.5, 8.4, 0.0, 0.0, 0.0),
        Constant("seconds_per_step", 113e-9, 465e-9, 1.8e-6, BARRIER_SOURCE),
    ),
    source="Davies et al., IEEE Micro 38(1), 2018, table 2",
    assumptions=(
        "constants are pre-silicon simulations at 0.75 V; the energy of a synop is the published minimum",
        "times of a synop and an update are from the same table, quoted second hand",
    ),
)

SANA_FE = EnergyDevice(
    name="Loihi (SANA-FE)",
    constants=_rows(
        (24.0, 35.5, 72.8, 69.3, 111.0, 3.0, 4.2, 3.1, 3.8, 9.7, 30.0, 5.1, 16.0),
        Constant("seconds_per_step", 113e-9, 1.8e-6, 1.8e-6, BARRIER_SOURCE),
    ),
    source="SANA-FE, arch/loihi.yaml",
    assumptions=(
        "constants that SANA-FE's authors (Boyle et al.) calibrated on Loihi",
        "a synop of a shared kernel costs what SANA-FE's convolutional synapse does, another what its dense one does",
        "the barrier is that of a whole chip, 1.8 us",
    ),
)

DeviceSet = Literal["sana-fe", "davies2018", "all"]
"""The sets of constants by the name that ``--device`` takes."""

DEVICES: dict[str, EnergyDevice] = {"sana-fe": SANA_FE, "davies2018": DAVIES_2018}
"""Calibrated on the chip first: what a report names first is by these."""

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
