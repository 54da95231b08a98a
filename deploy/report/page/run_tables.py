"""The tables of one run on the page: metrics, readouts, early exits, activity, tiles, baselines."""

from __future__ import annotations

from collections import Counter

from convert.data.metric_registry import METRICS, heading
from convert.report import ConversionReport
from deploy.report.content import PlacementSummary, ReportedRun
from deploy.report.words.si import si
from deploy.report.words.text import metric_lines
from deploy.runs.report import EarlyReport, Knee, RunMetrics, StepRow
from partition.result import Partition

from .table import PageTable, row, table


def metrics_table(metrics: RunMetrics) -> PageTable:
    return table("Metrics", ("metric", "ANN", "SNN"), (row(*line) for line in metric_lines(metrics)))


def readouts_table(run: ReportedRun, knee: Knee, device: str | None) -> PageTable:
    """Every readout with its events, energy and time."""
    columns = ("time steps", heading(knee.metric), "spikes", "synops", "messages between chips", "energy", "time")
    rows = [
        row(
            f"{step.timesteps:g}",
            METRICS[knee.metric].text(step.value(knee.metric)),
            si(step.spikes),
            si(step.synops),
            si(step.interchip_messages),
            *_cost(step, device),
            mark="knee" if step.timesteps == knee.timesteps else "",
        )
        for step in run.metrics.by_timestep
    ]
    return table("Every readout", columns, rows)


def early_table(early: EarlyReport, device: str | None) -> PageTable:
    """Every threshold at which images are stopped."""
    rows = [
        row(
            f"{step.threshold:.4g}",
            f"{step.timesteps:.1f}",
            METRICS[early.metric].text(step.value(early.metric)),
            si(step.synops),
            *_cost(step, device),
        )
        for step in early.curve
    ]
    columns = ("threshold", "time steps", heading(early.metric), "synops", "energy", "time")
    return table("Each image stopped once settled", columns, rows)


def layers_table(run: ReportedRun, converted: ConversionReport) -> PageTable:
    arrival = {layer.name: layer.arrival_step for layer in converted.layers}
    columns = (
        "layer",
        "spikes",
        "synops",
        "neuron updates",
        "mean rate",
        "drive arrives (step)",
        "rate settled (step)",
    )
    rows = [
        row(
            layer.name,
            si(layer.spikes),
            si(layer.synops),
            si(layer.neuron_updates),
            si(layer.rate_hz, "Hz"),
            _whole(arrival.get(layer.name)),
            _whole(layer.settled_step),
        )
        for layer in run.layers
    ]
    return table("Numbers for each layer", columns, rows)


def baselines_table(placement: PlacementSummary) -> PageTable | None:
    """Messages between chips of this placement and of others; None on one chip, where there are none."""
    ours = (placement.messages_per_step or {}).get("interchip")
    if not placement.baselines or not placement.chips or placement.chips == 1:
        return None
    rows = [row("this one", si(ours)), *(row(name, si(value)) for name, value in placement.baselines.items())]
    return table("Other placements", ("placement", "messages between chips in each step"), rows)


def tiles_table(partition: Partition | None) -> PageTable | None:
    if partition is None:
        return None
    copied = Counter(copy.layer for copy in partition.copies)
    rows = [
        row(
            name,
            " × ".join(map(str, tile)),
            str(len(partition.blocks_of(name))),
            *([str(copied[name])] if copied else []),
        )
        for name, tile in partition.tiles.items()
    ]
    columns = ("layer", "tile (rows, columns, channels)", "cores", *(["further cores with copies"] if copied else []))
    return table("Tiles of each layer", columns, rows)


def _cost(step: StepRow, device: str | None) -> tuple[str, str]:
    return si(step.joules.get(device or ""), "J"), si(step.seconds.get(device or ""), "s")


def _whole(value: int | None) -> str:
    return "–" if value is None else str(value)
