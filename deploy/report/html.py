"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.calibration.bias_onset import BIAS_SOURCE_LAYER
from convert.data.metrics import class_map

from . import plots
from .content import devices_of
from .read import Run
from .text import METRIC_NAMES, early_line, how, knee_line, metric_lines, si, summary_line

SHOWN_IMAGES = 3
HEADLINE = ("accuracy", "iou", "pixel_accuracy")


def html_report(report: Mapping[str, Any], runs: Sequence[Run]) -> str:
    """The page for ``report``, which was built from ``runs``."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("deploy.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(si=si, how=how)
    sections = [_section(report, summary, run) for summary, run in zip(report["runs"], runs, strict=True)]
    return environment.get_template("report.html").render(
        sections=sections, report=report, comparison=_comparison(report) if len(sections) > 1 else []
    )


def _section(report: Mapping[str, Any], summary: Mapping[str, Any], run: Run) -> dict[str, Any]:
    devices = devices_of(dict(report), summary["run"])
    layers = summary.get("layers") or []
    arrival = {layer["name"]: layer.get("arrival_step") for layer in run.conversion.get("layers") or []}
    rates = {layer["name"]: layer["rate_hz"] for layer in layers if layer.get("rate_hz") is not None}
    return {
        "run": summary,
        "line": summary_line(summary),
        "cards": _cards(summary, devices),
        "metrics": metric_lines(summary["metrics"]),
        "accuracy_plot": plots.accuracy_by_timestep(summary["metrics"], summary["knee"], summary["early"]),
        "knee": summary["knee"],
        "energy_by_step": next(iter((summary["knee"] or {}).get("joules_per_inference", {})), None),
        "steps_lines": [line for line in (knee_line(summary), early_line(summary)) if line] if summary["knee"] else [],
        "rates_plot": plots.rates_by_layer(run.conversion.get("layers") or [], rates),
        "activity_plot": plots.activity_by_layer([layer for layer in layers if layer.get("kind") != BIAS_SOURCE_LAYER]),
        "layers": [{"arrival_step": arrival.get(layer["name"]), "settled_step": None, **layer} for layer in layers],
        "blocks": run.partition.get("layers") or [],
        "picture": plots.picture_uri(run.picture) if run.picture else None,
        "energy_plot": plots.energy_by_device(devices),
        "devices": devices,
        "absent": [entry for entry in report["absent"] if entry["run"] == summary["run"]],
        "ratios": [
            (name.removeprefix(f"{summary['run']}: "), value)
            for name, value in report["ratios"].items()
            if len(report["runs"]) == 1 or name.startswith(f"{summary['run']}: ")
        ],
        "examples": _examples(run),
    }


def _cards(summary: Mapping[str, Any], devices: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """(value, what it is, remark): what a reader wants to know first."""
    ann, snn = summary["metrics"].get("ann") or {}, summary["metrics"].get("snn") or {}
    key = next((key for key in HEADLINE if snn.get(key) is not None), None)
    cards = []
    if key:
        remark = f"ANN: {ann[key]:.3f}" if ann.get(key) is not None else ""
        cards.append((f"{snn[key]:.3f}", f"{METRIC_NAMES[key]} of the SNN", remark))
    if summary["partition"].get("chips"):
        cards.append((str(summary["partition"]["chips"]), "chips", f"{summary['partition']['cores']} cores"))
    chip = next((device for device in devices if device["kind"] == "spiking chip"), None)
    if chip:
        joules = chip["joules_per_inference"]
        cards.append(
            (
                si(joules["total"], "J"),
                f"for one inference, {how(chip)}",
                f"{si(joules['dynamic'], 'J')} of it dynamic; {chip['name']}",
            )
        )
        cards.append(
            (
                si(chip["seconds_per_inference"], "s"),
                f"for one inference, {how(chip)}",
                f"{summary['timesteps']} time steps",
            )
        )
    if summary.get("interchip_messages") is not None:
        cards.append((si(summary["interchip_messages"]), "messages between chips", "for one image"))
    return cards


def _comparison(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for each run."""
    rows = []
    for run in report["runs"]:
        snn = run["metrics"].get("snn") or {}
        key = next((key for key in HEADLINE if snn.get(key) is not None), None)
        chip = next((d for d in devices_of(dict(report), run["run"]) if d["kind"] == "spiking chip"), None)
        rows.append(
            {
                "run": run["run"],
                "target": run["target"],
                "timesteps": run["timesteps"],
                "metric": f"{METRIC_NAMES[key]} {snn[key]:.3f}" if key else "–",
                "chips": run["partition"].get("chips") or "–",
                "interchip": si(run.get("interchip_messages")),
                "joules": si(chip["joules_per_inference"]["total"] if chip else None, "J"),
            }
        )
    return rows


def _examples(run: Run) -> list[dict[str, Any]]:
    """The first images with their label, the ANN's answer and the SNN's, as (caption, picture) pairs."""
    path = run.folder / "outputs.npz"
    if not path.is_file():
        return []
    with np.load(path, allow_pickle=False) as arrays:
        if not {"images", "labels", "ann", "outputs"} <= set(arrays.files):
            return []
        images, labels, ann, snn = (arrays[key][:SHOWN_IMAGES] for key in ("images", "labels", "ann", "outputs"))
    return [_example(i, image, labels[i], ann[i], snn[i]) for i, image in enumerate(images)]


def _example(i: int, image: NDArray[Any], label: NDArray[Any], ann: NDArray[Any], snn: NDArray[Any]) -> dict[str, Any]:
    if np.ndim(label) < 2:
        best = [_class_of(scores) for scores in (ann, snn)]
        return {
            "title": f"Image {i}: label {int(label)}, ANN {best[0]}, SNN {best[1]}",
            "pictures": [("image", plots.image_uri(image))],
        }
    maps = {"label": np.asarray(label), "ANN": class_map(ann), "SNN": class_map(snn)}
    agreement = float(np.mean(maps["ANN"] == maps["SNN"]))
    return {
        "title": f"Image {i}: ANN and SNN agree on {agreement:.1%} of the pixels",
        "pictures": [
            ("image", plots.image_uri(image)),
            *((name, plots.image_uri(image, classes)) for name, classes in maps.items()),
        ],
    }


def _class_of(scores: NDArray[Any]) -> int:
    scores = np.asarray(scores).reshape(-1)
    return int(scores[0] >= 0.5) if len(scores) == 1 else int(scores.argmax())
