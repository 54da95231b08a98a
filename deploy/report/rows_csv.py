"""The rows of a report as CSV: one for each run, device and operating point, then what others measured."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from msgspec import UnsetType

from convert.data.metric_registry import MetricName
from deploy.device_report import DeviceReport, Execution
from deploy.energy.published import PublishedRow

from .content import EnergyReport, ReportedRun
from .repeats import joules_of_repeats

COLUMNS = (
    "run",
    "network",
    "images",
    "device",
    "at",
    "timesteps",
    "metric",
    "value",
    "joules",
    "joules_low",
    "joules_high",
    "joules_dynamic",
    "seconds",
    "energy",
    "time",
    "loaded",
    "source",
)
"""``network`` is empty for the run's own. ``energy`` and ``time`` are 'measured', 'estimated' or 'published'. A
processor's low and high are those of its repeats, Loihi's those of all constants at once."""

Line = Mapping[str, object]


def csv_of(report: EnergyReport) -> str:
    """All rows, in UTF-8 with a header; numbers as they are, empty where nothing is known."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for line in _lines(report):
        writer.writerow({key: "" if value is None else value for key, value in line.items()})
    return file.getvalue()


def _lines(report: EnergyReport) -> Iterator[Line]:
    for run in report.runs:
        sources = {device.name: device.source for device in report.devices_of(run.run)}
        yield from _chips(run, sources)
        metric = run.points[-1].metric if run.points else None
        for device in report.devices_of(run.run):
            if device.kind != "spiking chip":
                yield _processor(run, device, metric)
    for row in report.published:
        yield _published(row)


def _chips(run: ReportedRun, sources: Mapping[str, str]) -> Iterator[Line]:
    for point in run.points:
        for cost in point.costs:
            yield {
                "run": run.run,
                "images": point.images,
                "device": cost.device,
                "at": point.name,
                "timesteps": point.timesteps,
                "metric": point.metric,
                "value": point.value,
                "joules": cost.joules.nominal,
                "joules_low": cost.joules.low,
                "joules_high": cost.joules.high,
                "joules_dynamic": cost.joules.nominal - cost.parts["static"],
                "seconds": cost.seconds.nominal,
                "energy": "estimated",
                "time": "estimated",
                "source": sources.get(cost.device, ""),
            }


def _processor(run: ReportedRun, device: DeviceReport, metric: MetricName | None) -> Line:
    execution = device.execution if isinstance(device.execution, Execution) else None
    low, high = joules_of_repeats(device) or (None, None)
    return {
        "run": run.run,
        "images": run.images,
        "device": device.name,
        "metric": metric,
        "value": None if metric is None else _value(run, device, metric),
        "joules": device.joules_per_inference.total,
        "joules_low": low,
        "joules_high": high,
        "joules_dynamic": device.joules_per_inference.dynamic,
        "seconds": device.seconds_per_inference,
        "energy": "measured" if device.measured else "estimated",
        "time": "measured" if device.measured or device.time_measured is True else "",
        "loaded": execution.loaded if execution else None,
        "source": device.source,
    }


def _value(run: ReportedRun, device: DeviceReport, metric: MetricName) -> float | None:
    """Of the device's own form of the model, else of the original where that is what ran."""
    if isinstance(device.execution, UnsetType):
        return None
    metrics = device.execution.metrics
    return (run.metrics.ann or {}).get(metric) if isinstance(metrics, UnsetType) else metrics.get(metric)


def _published(row: PublishedRow) -> Line:
    low, high = row.total_joules or (None, None)
    number = {name: v for name in ("accuracy", "dynamic_joules", "seconds_per_inference") if (v := getattr(row, name))}
    return {
        "network": row.network,
        "device": row.name,
        "metric": "accuracy" if "accuracy" in number else None,
        "value": number.get("accuracy"),
        "joules": low if low == high else None,
        "joules_low": low,
        "joules_high": high,
        "joules_dynamic": number.get("dynamic_joules"),
        "seconds": number.get("seconds_per_inference"),
        "energy": "published" if low is not None or "dynamic_joules" in number else "",
        "time": "published" if "seconds_per_inference" in number else "",
        "source": row.source,
    }
