"""Energy and time for one inference, by arithmetic on counts: nothing here is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .devices import (
    MEAN_HOPS_EAST_WEST,
    MEAN_HOPS_NORTH_SOUTH,
    STATIC_SOURCE,
    STATIC_WATTS_PER_CHIP,
    ArithmeticDevice,
    EnergyDevice,
)

SPIKING_CHIP = "spiking chip"


@dataclass(frozen=True)
class Counts:
    """Events for one image; ``active_updates`` and the messages are None where the run did not count them.

    ``core_loads`` has the mean synops and neuron updates of one core of each layer.
    """

    timesteps: float
    synops: float
    neuron_updates: float
    spikes: float
    active_updates: float | None = None
    messages: float | None = None
    interchip_messages: float | None = None
    host_messages: float | None = None
    chips: int = 1
    core_loads: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Estimate:
    """Joules and seconds for one inference; what is None is not known."""

    name: str
    total_joules: float | None
    static_joules: float | None
    dynamic_joules: float | None
    seconds: float | None
    source: str
    assumptions: tuple[str, ...]
    kind: str = "processor"
    measured: bool = False
    details: Mapping[str, float | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The entry of ``devices`` in report.json."""
        return {
            "name": self.name,
            "kind": self.kind,
            "measured": self.measured,
            "joules_per_inference": {
                "total": self.total_joules,
                "static": self.static_joules,
                "dynamic": self.dynamic_joules,
            },
            "seconds_per_inference": self.seconds,
            "source": self.source,
            "assumptions": list(self.assumptions),
            **({"details": dict(self.details)} if self.details else {}),
        }


def loihi_estimate(
    device: EnergyDevice, counts: Counts, *, static_watts_per_chip: float = STATIC_WATTS_PER_CHIP
) -> Estimate:
    """Energy and time of one image on Loihi with the constants of ``device``.

    dynamic = synops, neuron updates, spikes and messages, each times its joules; static = watts * chips * seconds;
    seconds = steps * barrier + the time that one core of the busiest layer needs for its synops and updates.
    """
    active = counts.neuron_updates if counts.active_updates is None else counts.active_updates
    messages = counts.spikes if counts.messages is None else counts.messages
    parts = {
        "synops": counts.synops * device.joules_per_synop,
        "neuron updates": active * device.joules_per_active_update
        + (counts.neuron_updates - active) * device.joules_per_inactive_update,
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
    return Estimate(
        device.name,
        dynamic + static,
        static,
        dynamic,
        seconds,
        device.source,
        (*device.assumptions, *_assumptions(device, counts, static_watts_per_chip)),
        kind=SPIKING_CHIP,
        details={
            **parts,
            "messages between chips": counts.interchip_messages,
            "messages from the host": counts.host_messages,
        },
    )


def arithmetic_estimate(device: ArithmeticDevice, macs: float) -> Estimate:
    """Energy of ``macs`` multiply-accumulates; these constants do not say how long they take."""
    joules = macs * device.joules_per_mac
    assumptions = (f"{macs:.4g} multiply-accumulates at {device.joules_per_mac * 1e9:g} nJ each", *device.assumptions)
    return Estimate(device.name, joules, None, None, None, device.source, assumptions)


def ratios(devices: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How many times the energy of each spiking chip the other devices need: {"A / B": ratio of total joules}."""
    totals = {device["name"]: device["joules_per_inference"]["total"] for device in devices}
    spiking = {device["name"] for device in devices if device["kind"] == SPIKING_CHIP}
    chips = [name for name in totals if name in spiking and totals[name]]
    others = [name for name in totals if name not in spiking and totals[name]]
    return {f"{other} / {chip}": totals[other] / totals[chip] for chip in chips for other in others}


def counts_of(run: Mapping[str, Any], partition: Mapping[str, Any]) -> Counts | None:
    """The counts of a run.json for one image, on the chips of a partition.json; None if it counted no synops."""
    if run.get("synops") is None or run.get("neuron_updates") is None:
        return None
    cores: dict[str, int] = {layer["name"]: layer["blocks"] for layer in partition.get("layers", [])}
    loads = tuple(
        (layer["synops"] / cores[layer["name"]], layer["neuron_updates"] / cores[layer["name"]])
        for layer in run.get("layers", [])
        if layer["name"] in cores and None not in (layer.get("synops"), layer.get("neuron_updates"))
    )
    crops = run.get("crops_per_image") or 1
    return Counts(
        timesteps=run["timesteps"] * crops,
        synops=run["synops"],
        neuron_updates=run["neuron_updates"],
        spikes=run["spikes"],
        active_updates=run.get("active_updates"),
        messages=run.get("messages"),
        interchip_messages=run.get("interchip_messages"),
        host_messages=run.get("host_messages"),
        chips=partition.get("chips") or 1,
        core_loads=loads,
    )


def run_until(run: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A run.json as if the run had ended at ``row``, which is a row of its ``by_timestep`` or of its early curve."""
    share = row["timesteps"] / run["timesteps"]
    layers = [
        {
            "name": layer["name"],
            "synops": row["layer_synops"].get(layer["name"], 0.0),
            "neuron_updates": layer["neuron_updates"] * share,
        }
        for layer in run["layers"]
    ]
    return {**run, **row, "layers": layers}


def _assumptions(device: EnergyDevice, counts: Counts, static_watts: float) -> tuple[str, ...]:
    """What the estimate takes for granted, in the order of its size for the result."""
    stated = [
        STATIC_SOURCE.format(watts=static_watts),
        f"a time step lasts the barrier ({device.seconds_per_step_floor * 1e6:g} us, one whole chip) and the mean work "
        "of one core of the busiest layer; steps run unthrottled",
        f"a message costs {device.joules_per_delivery * 1e12:.1f} pJ: "
        f"{MEAN_HOPS_EAST_WEST:.2f} hops east-west, {MEAN_HOPS_NORTH_SOUTH:.2f} north-south, as between random tiles",
        "the x86 cores, the host and its input and output are not counted",
    ]
    if counts.active_updates is None:
        stated.append("every neuron update is counted as active, an upper bound: the run did not tell them apart")
    if counts.messages is None:
        stated.append("messages on the chip are taken as one for each spike: the run did not count them")
    if counts.chips > 1:
        stated.append(
            "nothing is counted for the links between chips, whose energy is not published, and the barrier "
            "is that of one chip: a lower bound"
        )
    return tuple(stated)
