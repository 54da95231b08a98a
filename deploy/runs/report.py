"""run.json: what a run found, written and read here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

import msgspec
from msgspec import UNSET, UnsetType

from convert.data.metric_registry import MetricName
from convert.provenance import Provenance
from convert.report import Metrics, OutputGrid, Task
from convert.storage.reports import read_report, write_report
from convert.timings import Machine
from deploy.device_report import AbsentDevice, DeviceReport, MeasuredEntry, absent_in, devices_in
from deploy.targets.names import TargetName

RUN = "run.json"

Positive = Annotated[int, msgspec.Meta(ge=1)]
PositiveFloat = Annotated[float, msgspec.Meta(gt=0)]

Value = float | None | UnsetType
"""Of a metric: None where the data does not define it, unset where it is not of the task."""


class PipelineEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events that keep a pipeline of a core busy: the first three one that updates neurons and sends their spikes, the
    others one that receives and adds weights; ``conv_synops`` are those of the synops by a kernel that pixels share."""

    neuron_updates: float
    spikes: float
    messages_out: float
    messages_in: float
    synops: float
    conv_synops: float


class BusiestCores(msgspec.Struct, frozen=True, kw_only=True):
    """Events of the busiest pipelines of each step, summed over the steps of one image, means over images: of the core
    that sends longest and the one that receives longest ``longer`` is the one that takes longer in a step. ``images``
    is on how many they were counted."""

    longer: PipelineEvents
    shorter: PipelineEvents
    images: int = 1


class EventMeans(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Events of one image, means over images; None where the target did not count them.

    Host populations count in ``host_messages`` only; ``layer_synops`` has the synops of each chip population,
    ``conv_synops`` are those whose weights are a kernel that pixels share.
    """

    spikes: float | None = None
    synops: float | None = None
    neuron_updates: float | None = None
    messages: float | None = None
    interchip_messages: float | None = None
    host_messages: float | None = None
    conv_synops: float | None = None
    layer_synops: dict[str, float] | UnsetType = UNSET
    busiest_cores: BusiestCores | UnsetType = UNSET


class StepRow(EventMeans, frozen=True, kw_only=True, omit_defaults=True):
    """What images bring that are stopped after ``timesteps`` steps (on average): metrics, events; in report.json what
    that costs on each device instead of ``layer_synops``."""

    timesteps: Positive | PositiveFloat
    accuracy: Value = UNSET
    pixel_accuracy: Value = UNSET
    iou: Value = UNSET
    f1: Value = UNSET
    adapted_rand_error: Value = UNSET
    variation_of_information: Value = UNSET
    auc: Value = UNSET
    mse: Value = UNSET
    psnr: Value = UNSET
    joules_per_inference: dict[str, float] | UnsetType = UNSET
    seconds_per_inference: dict[str, float] | UnsetType = UNSET

    def value(self, name: MetricName) -> float | None:
        """The metric ``name``; None if it is not defined."""
        value: Value = getattr(self, name)
        return None if isinstance(value, UnsetType) else value

    @property
    def joules(self) -> Mapping[str, float]:
        """The energy of one image in J by the name of the device; empty where it is not known."""
        return {} if isinstance(self.joules_per_inference, UnsetType) else self.joules_per_inference

    @property
    def seconds(self) -> Mapping[str, float]:
        """The time of one image in s by the name of the device; empty where it is not known."""
        return {} if isinstance(self.seconds_per_inference, UnsetType) else self.seconds_per_inference


class StoppedRow(StepRow, frozen=True, kw_only=True, omit_defaults=True):
    """Images each stopped once it was settled by ``threshold``."""

    threshold: float


class HeldOutRow(StoppedRow, frozen=True, kw_only=True, omit_defaults=True):
    """The same on ``images`` images, the threshold chosen on so many others (0: given); ``all_steps`` is the metric
    without a stop."""

    images: int
    chosen_on: int
    all_steps: float | None


class Knee(StepRow, frozen=True, kw_only=True, omit_defaults=True):
    """The row with the fewest steps whose ``metric`` is within ``tolerance`` of ``reference_value``: a difference, for
    mse a share of it."""

    metric: MetricName
    reference: Literal["ann", "best"]
    reference_value: float
    tolerance: float


class EarlyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What stopping settled images early brings: for thresholds on all images, and for one on held-out images."""

    rule: str
    metric: MetricName
    curve: tuple[StoppedRow, ...] = ()
    held_out: HeldOutRow | None = None


class RunMetrics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Metrics of the original (None: there is none to compare with), of all steps, and after fewer steps."""

    ann: Metrics | None = None
    snn: Metrics = {}
    by_timestep: tuple[StepRow, ...] = ()


class LayerRun(msgspec.Struct, frozen=True, kw_only=True):
    """One population: events of one image, means over images; its mean rate in Hz; the readout step from which its
    rate stays within 10 % of that of the second half (None: it does not, or was not counted)."""

    name: str
    kind: str | None = None
    on_chip: bool = True
    spikes: float | None = None
    synops: float | None = None
    neuron_updates: float | None = None
    messages: float | None = None
    interchip_messages: float | None = None
    conv_synops: float | None = None
    overflows: float | None = None
    rate_hz: float | None = None
    settled_step: int | None = None


class HostDecoder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Keras model that the host runs on the network's output: its multiply-accumulates for one input, which are in no
    joules of the chip's, or why they are not counted."""

    name: str
    macs: int | None = None
    not_counted: str | None = None

    def __str__(self) -> str:
        """Such as: the decoder 'up' on the host, 1,234 multiply-accumulates an inference, is not in Loihi's joules."""
        counted = "" if self.macs is None else f", {self.macs:,} multiply-accumulates an inference,"
        return f"the decoder '{self.name}' on the host{counted} is not in Loihi's joules"


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What run.json and ``runs[]`` of report.json share; events are means of one image, None where not counted."""

    target: TargetName
    task: Task | None = None
    images: Positive
    timesteps: Positive
    period: Positive | None = None
    """The steps from image to image where they follow each other through the layers; neuron updates are those of so
    many steps."""
    exact: bool = False
    """Whether its spikes are those of the chip's integers."""
    crops_per_image: Positive = 1
    metrics: RunMetrics
    decoder: HostDecoder | None = None
    """None: the host computes no more than the network's own readout."""
    simulated: str | None = None
    """How the events of the data were simulated; None: they were not, or there are none."""
    early: EarlyReport | None = None
    """None if the state goes on from image to image."""
    spikes: float | None = None
    synops: float | None = None
    neuron_updates: float | None = None
    messages: float | None = None
    interchip_messages: float | None = None
    host_messages: float | None = None
    conv_synops: float | None = None
    busiest_cores: BusiestCores | None = None
    layers: tuple[LayerRun, ...] = ()


class RunTimings(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured on a machine: everything else in run.json is the same on each."""

    machine: Machine | None = None
    """None in files of version 0.1.0, as the next one."""
    finished: str | None = None
    """The date and time, UTC."""
    seconds_per_image: float | None = None
    """None if all images were done before."""
    devices_measured: tuple[MeasuredEntry, ...] = ()


class RunReport(RunSummary, frozen=True, kw_only=True):
    """What run.json holds."""

    target_note: str = ""
    continuous: bool = False
    windows: tuple[tuple[int, int], ...] = ()
    """For each readout the steps, the last one excluded, whose rates are averaged."""
    host_spikes: float | None = None
    overflows: float | None = None
    data: str | None = None
    labelled: bool = True
    """If not, outputs were compared with the inputs."""
    output_grid: OutputGrid | None = None
    """Where a segmentation's pixels lie in the input; None for other tasks, and where the model does not tell."""
    provenance: Provenance | None = None
    """None in files of version 0.1.0."""
    timings: RunTimings = RunTimings()

    @property
    def seconds_per_image(self) -> float | None:
        return self.timings.seconds_per_image

    @property
    def devices_measured(self) -> tuple[MeasuredEntry, ...]:
        return self.timings.devices_measured

    @property
    def devices(self) -> tuple[DeviceReport, ...]:
        """The devices on which the original was measured."""
        return devices_in(self.devices_measured)

    @property
    def absent(self) -> tuple[AbsentDevice, ...]:
        """The devices on which it could not be measured."""
        return absent_in(self.devices_measured)


Row = TypeVar("Row", bound=StepRow)


def row_of(kind: type[Row], metrics: Metrics, events: EventMeans, **numbers: float | str | int | None) -> Row:
    """A row of ``kind`` with these metrics, events and further ``numbers``."""
    assert set(metrics) <= set(get_args(MetricName)), f"no place for {sorted(metrics)} in a row"
    kept = {key: value for key, value in msgspec.structs.asdict(events).items() if value is not UNSET}
    return msgspec.convert({**kept, **metrics, **numbers}, kind)


def metric_names(metrics: Metrics) -> tuple[MetricName, ...]:
    """The names of ``metrics``, in the order of ``MetricName``."""
    names: tuple[MetricName, ...] = get_args(MetricName)
    return tuple(name for name in names if name in metrics)


def write_run(folder: Path, report: RunReport) -> None:
    """Writes run.json into ``folder``."""
    write_report(folder / RUN, report)


def read_run(folder: Path) -> RunReport:
    """The run.json of ``folder``. Raises ``UserError`` if it is damaged."""
    return read_report(folder / RUN, RunReport, "run deploy-model again", _with_timings)


def _with_timings(raw: object) -> object:
    """A run.json of version 0.1.0, which had its timings among the rest, as it is now."""
    if not isinstance(raw, dict) or "timings" in raw:
        return raw
    measured = {key: raw[key] for key in ("seconds_per_image", "devices_measured") if key in raw}
    return {**raw, "timings": measured}
