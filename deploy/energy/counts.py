"""The events of one image, as a run counted them: what an estimate of energy is made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from msgspec import UNSET, UnsetType

from deploy.runs.report import BusiestCores, EventMeans, PipelineEvents, RunReport, StepRow
from partition.result import Partition


@dataclass(frozen=True)
class Counts:
    """Events for one image; the messages are None where the run did not count them.

    ``conv_synops`` (None: not told apart) are those of the synops whose weights pixels share. ``busiest`` are the
    pipelines that steps wait for; without them ``core_loads`` has the mean synops and neuron updates of one core of
    each layer.
    """

    timesteps: float
    synops: float
    neuron_updates: float
    spikes: float
    messages: float | None = None
    interchip_messages: float | None = None
    host_messages: float | None = None
    chips: int = 1
    core_loads: tuple[tuple[float, float], ...] = ()
    conv_synops: float | None = None
    busiest: BusiestCores | None = None
    following: bool = False

    @property
    def sent(self) -> float:
        """The messages, or as many as there are spikes."""
        return self.spikes if self.messages is None else self.messages

    def with_spikes_times(self, factor: float) -> Counts:
        """As if every neuron fired so many times as often: all but the steps and the updates grow with it."""

        def scaled(value: float | None) -> float | None:
            return None if value is None else factor * value

        return replace(
            self,
            synops=self.synops * factor,
            spikes=self.spikes * factor,
            messages=scaled(self.messages),
            interchip_messages=scaled(self.interchip_messages),
            host_messages=scaled(self.host_messages),
            conv_synops=scaled(self.conv_synops),
            core_loads=tuple((synops * factor, updates) for synops, updates in self.core_loads),
            busiest=None if self.busiest is None else _busiest_times(self.busiest, factor),
        )


def _busiest_times(busiest: BusiestCores, factor: float) -> BusiestCores:
    def scaled(events: PipelineEvents) -> PipelineEvents:
        return PipelineEvents(
            neuron_updates=events.neuron_updates,
            spikes=events.spikes * factor,
            messages_out=events.messages_out * factor,
            messages_in=events.messages_in * factor,
            synops=events.synops * factor,
            conv_synops=events.conv_synops * factor,
        )

    return BusiestCores(longer=scaled(busiest.longer), shorter=scaled(busiest.shorter), images=busiest.images)


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
        conv_synops=run.conv_synops,
        busiest_cores=UNSET if run.busiest_cores is None else run.busiest_cores,
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
    cores = Counter(block.layer for block in partition.on_cores) if partition else Counter[str]()
    return Counts(
        timesteps=timesteps * run.crops_per_image,
        synops=events.synops,
        neuron_updates=events.neuron_updates,
        spikes=events.spikes,
        messages=events.messages,
        interchip_messages=events.interchip_messages,
        host_messages=events.host_messages,
        chips=max(partition.chips, 1) if partition else 1,
        core_loads=tuple((s / cores[name], u / cores[name]) for name, (s, u) in loads.items() if name in cores),
        conv_synops=events.conv_synops,
        following=run.period is not None,
        busiest=None if isinstance(events.busiest_cores, UnsetType) else events.busiest_cores,
    )
