"""Energy and time for one inference, by arithmetic on counts: nothing here is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.device_report import DeviceReport, Joules
from deploy.runs.report import PipelineEvents

from .constants import STATIC, Constant, Values, barrier_of
from .counts import Counts
from .devices import (
    MEAN_HOPS_EAST_WEST,
    MEAN_HOPS_NORTH_SOUTH,
    STATIC_SOURCE,
    STATIC_WATTS_PER_CHIP,
    ArithmeticDevice,
    EnergyDevice,
)


@dataclass(frozen=True)
class Cost:
    """Joules by their cause, and seconds, of one image."""

    parts: dict[str, float]
    static: float
    seconds: float

    @property
    def dynamic(self) -> float:
        return sum(self.parts.values())

    @property
    def total(self) -> float:
        return self.dynamic + self.static


def cost_of(values: Values, counts: Counts) -> Cost:
    """What ``counts`` cost with one value for each constant.

    dynamic = synops, neuron updates, spikes and messages, each times its joules; static = watts * chips * seconds;
    seconds = steps * barrier + what the busiest pipelines of each step take.
    """
    conv = counts.conv_synops or 0.0
    parts = {
        "synops": conv * values["joules_per_conv_synop"] + (counts.synops - conv) * values["joules_per_synop"],
        "neuron updates": counts.neuron_updates * values["joules_per_update"],
        "spikes": counts.spikes * values["joules_per_spike"],
        "messages": counts.sent * joules_per_delivery(values),
    }
    seconds = counts.timesteps * values["seconds_per_step"] + _work_s(values, counts)
    watts = values["static_watts_per_chip"] + values["x86_watts_per_chip"]
    return Cost(parts, watts * counts.chips * seconds, seconds)


def joules_per_delivery(values: Values) -> float:
    """One message to one core of the same chip over the mean number of hops."""
    return (
        values["joules_per_message"]
        + MEAN_HOPS_EAST_WEST * values["joules_per_hop_east_west"]
        + MEAN_HOPS_NORTH_SOUTH * values["joules_per_hop_north_south"]
    )


def _work_s(values: Values, counts: Counts) -> float:
    """What cores need beside the barrier; one core after the other is idle, so only the busiest counts."""
    if counts.busiest is not None:
        longer, shorter = (_pipeline_s(values, events) for events in (counts.busiest.longer, counts.busiest.shorter))
        return longer + values["share_in_sequence"] * shorter
    return max(
        (s * values["seconds_per_synop"] + u * values["seconds_per_update"] for s, u in counts.core_loads), default=0.0
    )


def _pipeline_s(values: Values, events: PipelineEvents) -> float:
    sends = (
        events.neuron_updates * values["seconds_per_update"]
        + events.spikes * values["seconds_per_spike"]
        + events.messages_out * values["seconds_per_message_out"]
    )
    added = events.synops - events.conv_synops
    weights = events.conv_synops * values["seconds_per_conv_synop"] + added * values["seconds_per_synop"]
    return sends + weights + events.messages_in * values["seconds_per_message_in"]


def on_board(device: EnergyDevice, chips: int, static_watts: float = STATIC_WATTS_PER_CHIP) -> EnergyDevice:
    """``device`` with the barrier of so many chips and the static power that the user gives, which then is certain."""
    barrier = next(constant for constant in device.constants if constant.name == "seconds_per_step")
    static = STATIC
    if static_watts != STATIC_WATTS_PER_CHIP:
        static = Constant("static_watts_per_chip", static_watts, static_watts, static_watts, "given by the user")
    return device.with_constants(barrier_of(barrier, chips), static)


def loihi_estimate(
    device: EnergyDevice, counts: Counts, *, static_watts_per_chip: float = STATIC_WATTS_PER_CHIP
) -> DeviceReport:
    """Energy and time of one image on Loihi with the constants of ``device``; the range has all of them low, or high.

    How it is computed: ``cost_of``.
    """
    placed = on_board(device, counts.chips, static_watts_per_chip)
    low, cost, high = (cost_of(placed.values(which), counts) for which in ("low", "nominal", "high"))
    return DeviceReport(
        name=device.name,
        kind="spiking chip",
        measured=False,
        joules_per_inference=Joules(total=cost.total, static=cost.static, dynamic=cost.dynamic),
        joules_range=(low.total, high.total),
        seconds_per_inference=cost.seconds,
        seconds_range=(low.seconds, high.seconds),
        source=device.source,
        assumptions=(*device.assumptions, *_assumptions(placed, counts, static_watts_per_chip)),
        details={
            **cost.parts,
            "messages between chips": counts.interchip_messages,
            "messages from the host": counts.host_messages,
        },
    )


def arithmetic_estimate(device: ArithmeticDevice, macs: int) -> DeviceReport:
    """Energy of ``macs`` multiply-accumulates; these constants do not say how long they take."""
    return DeviceReport(
        name=device.name,
        measured=False,
        joules_per_inference=Joules(total=macs * device.joules_per_mac),
        seconds_per_inference=None,
        source=device.source,
        assumptions=(
            f"{macs:.4g} multiply-accumulates at {device.joules_per_mac * 1e9:g} nJ each",
            *device.assumptions,
        ),
        macs=macs,
    )


def ratios(devices: Sequence[DeviceReport]) -> dict[str, float]:
    """How many times the energy of each spiking chip the other devices need: {"A / B": ratio of total joules}."""
    chips: dict[str, float] = {}
    others: dict[str, float] = {}
    for device in devices:
        if total := device.joules_per_inference.total:
            (chips if device.kind == "spiking chip" else others)[device.name] = total
    return {f"{other} / {chip}": others[other] / chips[chip] for chip in chips for other in others}


def _assumptions(device: EnergyDevice, counts: Counts, static_watts: float) -> tuple[str, ...]:
    """What the estimate takes for granted, in the order of its size for the result."""
    values = device.values()
    stated = [
        STATIC_SOURCE.format(watts=static_watts),
        f"a time step lasts the barrier ({values['seconds_per_step'] * 1e6:g} us, one whole chip) and the work of "
        f"{_work_of(counts, values)}; steps run unthrottled",
        f"a message costs {joules_per_delivery(values) * 1e12:.1f} pJ: "
        f"{MEAN_HOPS_EAST_WEST:.2f} hops east-west, {MEAN_HOPS_NORTH_SOUTH:.2f} north-south, as between random tiles",
        "the host and its input and output are not counted; the x86 cores sleep, but for the upper end of the range",
        "every neuron update is counted as active, an upper bound, at the lower end of the range as inactive: the run "
        "did not tell them apart",
    ]
    if counts.conv_synops is None:
        stated.append("the run did not tell synops of shared kernels apart: all cost what others do")
    if counts.following:
        stated.append("images follow each other through the layers: time and energy are those from image to image")
    if counts.messages is None:
        stated.append("messages on the chip are taken as one for each spike: the run did not count them")
    if counts.chips > 1:
        stated.append(
            "nothing is counted for the links between chips, whose energy is not published, and the barrier "
            "is that of one chip: a lower bound"
        )
    return tuple(stated)


def _work_of(counts: Counts, values: Values) -> str:
    if counts.busiest is None:
        return "one core of the busiest layer, a mean: the run did not count by core and step"
    share = values["share_in_sequence"]
    return (
        f"the busiest pipeline of any core in that step and {share:g} of the busiest one of the other kind, "
        f"counted on {counts.busiest.images} images"
    )
