"""Energy and time for one inference, by arithmetic on counts: nothing here is measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UnsetType

from deploy.device_report import DeviceReport, Joules
from deploy.runs.report import EventMeans, RunReport, StepRow
from partition.result import Partition

from .devices import (
    MEAN_HOPS_EAST_WEST,
    MEAN_HOPS_NORTH_SOUTH,
    STATIC_SOURCE,
    STATIC_WATTS_PER_CHIP,
    ArithmeticDevice,
    EnergyDevice,
)


@dataclass(frozen=True)
class Counts:
    """Events for one image; the messages are None where the run did not count them.

    ``timesteps`` are those until the next image, which may be before the outputs of this one are there: ``following``.
    ``core_loads`` has the mean synops and neuron updates of one core of each layer.
    """

    timesteps: float
    synops: float
    neuron_updates: float
    spikes: float
    messages: float | None = None
    interchip_messages: float | None = None
    host_messages: float | None = None
    chips: int = 1
    following: bool = False
    core_loads: tuple[tuple[float, float], ...] = ()


def loihi_estimate(
    device: EnergyDevice, counts: Counts, *, static_watts_per_chip: float = STATIC_WATTS_PER_CHIP
) -> DeviceReport:
    """Energy and time of one image on Loihi with the constants of ``device``.

    dynamic = synops, neuron updates, spikes and messages, each times its joules; static = watts * chips * seconds;
    seconds = steps * barrier + the time that one core of the busiest layer needs for its synops and updates.
    """
    messages = counts.spikes if counts.messages is None else counts.messages
    parts = {
        "synops": counts.synops * device.joules_per_synop,
        "neuron updates": counts.neuron_updates * device.joules_per_active_update,
        "spikes": counts.spikes * device.joules_per_spike,
        "messages": messages * device.joules_per_delivery,
    }
    work = max(
        (
            synops * device.seconds_per_synop + updates * device.seconds_per_active_update
            for synops, updates in counts.core_loads
        ),
        default=0.0,
    )
    seconds = counts.timesteps * device.seconds_per_step_floor + work
    dynamic = sum(parts.values())
    static = static_watts_per_chip * counts.chips * seconds
    return DeviceReport(
        name=device.name,
        kind="spiking chip",
        measured=False,
        joules_per_inference=Joules(total=dynamic + static, static=static, dynamic=dynamic),
        seconds_per_inference=seconds,
        source=device.source,
        assumptions=(*device.assumptions, *_assumptions(device, counts, static_watts_per_chip)),
        details={
            **parts,
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


def counts_of(run: RunReport, partition: Partition | None) -> Counts | None:
    """The counts of ``run`` for one image, on the chips of ``partition``; None if it counted no synops."""
    loads = {
        layer.name: (layer.synops, layer.neuron_updates)
        for layer in run.layers
        if layer.synops is not None and layer.neuron_updates is not None
    }
    events = EventMeans(
        spikes=run.spikes,
        synops=run.synops,
        neuron_updates=run.neuron_updates,
        messages=run.messages,
        interchip_messages=run.interchip_messages,
        host_messages=run.host_messages,
    )
    return _counts(run, events, run.period or run.timesteps, loads, partition)


def counts_until(run: RunReport, row: StepRow, partition: Partition | None) -> Counts | None:
    """The counts of ``run`` if it had ended at ``row``, one of its rows; None if it did not count by step."""
    if isinstance(row.layer_synops, UnsetType):
        return None
    share = row.timesteps / run.timesteps
    loads = {
        layer.name: (row.layer_synops.get(layer.name, 0.0), layer.neuron_updates * share)
        for layer in run.layers
        if layer.neuron_updates is not None
    }
    return _counts(run, row, row.timesteps, loads, partition)


def _counts(
    run: RunReport,
    events: EventMeans,
    timesteps: float,
    loads: dict[str, tuple[float, float]],
    partition: Partition | None,
) -> Counts | None:
    """``loads`` are the synops and neuron updates of each layer on all its cores."""
    if events.synops is None or events.neuron_updates is None or events.spikes is None:
        return None
    cores = Counter(block.layer for block in partition.blocks) if partition else Counter[str]()
    return Counts(
        timesteps=timesteps * run.crops_per_image,
        synops=events.synops,
        neuron_updates=events.neuron_updates,
        spikes=events.spikes,
        messages=events.messages,
        interchip_messages=events.interchip_messages,
        host_messages=events.host_messages,
        chips=max(partition.chips, 1) if partition else 1,
        following=run.period is not None,
        core_loads=tuple((s / cores[name], u / cores[name]) for name, (s, u) in loads.items() if name in cores),
    )


def _assumptions(device: EnergyDevice, counts: Counts, static_watts: float) -> tuple[str, ...]:
    """What the estimate takes for granted, in the order of its size for the result."""
    stated = [
        STATIC_SOURCE.format(watts=static_watts),
        f"a time step lasts the barrier ({device.seconds_per_step_floor * 1e6:g} us, one whole chip) and the mean work "
        "of one core of the busiest layer; steps run unthrottled",
        f"a message costs {device.joules_per_delivery * 1e12:.1f} pJ: "
        f"{MEAN_HOPS_EAST_WEST:.2f} hops east-west, {MEAN_HOPS_NORTH_SOUTH:.2f} north-south, as between random tiles",
        "the x86 cores, the host and its input and output are not counted",
        "every neuron update is counted as active, an upper bound: the run did not tell them apart",
    ]
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
