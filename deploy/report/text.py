"""The report for the terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table

from .jsonreport import devices_of

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))
METRIC_NAMES = {"accuracy": "accuracy", "pixel_accuracy": "pixel accuracy", "iou": "IoU", "f1": "F1",
                "adapted_rand_error": "adapted Rand error", "variation_of_information": "variation of information"}


def si(value: float | None, unit: str = "") -> str:
    """``value`` with three digits and a prefix: 0.00123 J is '1.23 mJ'; None is a dash."""
    if value is None:
        return "–"
    scale, prefix = next((p for p in PREFIXES if abs(value) >= p[0] * 0.9995), PREFIXES[-1] if value else (1.0, ""))
    number = value / scale
    digits = 0 if abs(number) >= 99.95 or value == 0 else 1 if abs(number) >= 9.995 else 2
    return f"{number:.{digits}f} {prefix}{unit}".strip()


def how(device: Mapping[str, Any]) -> str:
    """Whether the energy of a device was measured."""
    if device["measured"]:
        return "measured"
    return "estimated (time measured)" if device.get("time_measured") else "estimated"


def metric_lines(metrics: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(name, ANN, SNN) of every metric that both have, in the order of ``METRIC_NAMES``."""
    ann, snn = metrics.get("ann") or {}, metrics.get("snn") or {}
    keys = [key for key in METRIC_NAMES if key in ann or key in snn]
    return [(METRIC_NAMES[key], _number(ann.get(key)), _number(snn.get(key))) for key in keys]


def renderables(report: Mapping[str, Any]) -> Iterator[RenderableType]:
    """For each run a heading, its metrics in a line and the table of devices."""
    for run in report["runs"]:
        yield from _run_text(dict(report), run)


def text_report(report: Mapping[str, Any], width: int = 110) -> str:
    """The report as plain text of ``width`` columns."""
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False)
    console.print(Group(*renderables(report)))
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def summary_line(run: Mapping[str, Any]) -> str:
    """What was run, in one sentence."""
    parts = [f"{run['images']} images on {run['target']}", f"{run['timesteps']} time steps"]
    if run["partition"].get("chips"):
        parts.append(f"{run['partition']['cores']} cores on {run['partition']['chips']} chips")
    if run.get("spikes") is not None:
        parts.append(f"{si(run['spikes'])} spikes, {si(run.get('synops'))} synops for each image")
    return "; ".join(parts)


def _run_text(report: dict[str, Any], run: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield f"{run['run']}: {summary_line(run)}"
    yield "; ".join(f"{name} {snn} (ANN {ann})" for name, ann, snn in metric_lines(run["metrics"]))
    table = Table(title="Energy of one inference", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
                  padding=(0, 1, 0, 0))
    for column in ("device", "total", "dynamic", "time"):
        table.add_column(column, justify="left" if column == "device" else "right", no_wrap=True)
    table.add_column("how, and the source")
    for device in devices_of(report, run["run"]):
        joules = device["joules_per_inference"]
        table.add_row(device["name"], si(joules["total"], "J"), si(joules["dynamic"], "J"),
                      si(device["seconds_per_inference"], "s"), f"{how(device)}: {device['source']}")
    yield table
    for entry in report["absent"]:
        if entry["run"] == run["run"]:
            yield f"{entry['name']}: {entry['reason']}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
