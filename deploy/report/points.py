"""Where a run can be stopped, and what it costs there, as report.json has it."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from convert.data.metric_registry import MetricName
from deploy.energy.tornado import Swing

PointName = Literal["knee", "early exit", "all steps"]


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate: with nominal constants, and with all of them at their lowest and at their highest value."""

    low: float
    nominal: float
    high: float


class PointCost(msgspec.Struct, frozen=True, kw_only=True):
    """One image on one spiking chip, estimated.

    ``parts`` are the nominal joules by their cause, ``layers`` the dynamic ones by layer (unset where the run did not
    count by step). Busy, the chip takes ``frames_per_second`` and needs ``joules`` for each; at fewer it idles in
    between with its static power: ``joules_at_frames_per_second`` (None: more than it takes).
    """

    device: str
    joules: Range
    seconds: Range
    parts: dict[str, float]
    layers: dict[str, float] | UnsetType = UNSET
    frames_per_second: float
    joules_at_frames_per_second: dict[str, float | None]


class OperatingPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A number of steps after which images are read out, the metric reached there, the original's, and the costs.

    ``timesteps`` is a mean over images for the early exit, which was measured on ``images`` of them.
    """

    name: PointName
    timesteps: float
    images: int
    metric: MetricName | None = None
    value: float | None = None
    ann: float | None = None
    synops: float | None = None
    spikes_per_update: float | None = None
    """Spikes per neuron and step, unused compartments counted as neurons."""
    costs: tuple[PointCost, ...] = ()


class Tornado(msgspec.Struct, frozen=True, kw_only=True):
    """Which constant matters at one operating point, on one spiking chip."""

    point: PointName
    device: str
    joules: float
    swings: tuple[Swing, ...]


class AccuracyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a device reaches and what an image costs it; a chip ``at`` an operating point, ``value`` None if unknown."""

    run: str
    device: str
    at: PointName | None = None
    metric: MetricName | None = None
    value: float | None = None
    joules: float | None = None


class BreakEven(msgspec.Struct, frozen=True, kw_only=True):
    """At how many times today's spikes a spiking chip would need as much as the processor that needs the least.

    None where it needs more without a single spike: then ``joules_silent``, for steps, updates and static power, is
    above ``processor_joules``.
    """

    run: str
    point: PointName
    device: str
    processor: str
    processor_joules: float
    joules_silent: float
    spikes_factor: float | None
    spikes_per_update: float | None
    synops: float | None


class FrontPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What one run reaches after so many steps, or stopped once settled after so many on average, and nominal joules.

    ``on_front``: nothing else that needs as little reaches as much.
    """

    run: str
    recipe: str
    early_exit: bool
    timesteps: float
    value: float
    joules: float
    on_front: bool = False


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """All points of runs on the same ``images`` of ``data`` (its name), from the fewest joules to the most."""

    data: str
    images: int
    metric: MetricName
    device: str
    points: tuple[FrontPoint, ...]
