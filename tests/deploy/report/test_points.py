"""Where a run can stop: its energy there, by part and layer, beside accuracy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.report.build import build_report
from deploy.report.page.html import html_report
from deploy.report.read import read_runs
from tests.builders.reported_bundle import write
from tests.deploy.report.printed import printed

GOLDEN = Path(__file__).parent / "golden" / "report.txt"


def test_points_tornados_and_break_even_are_the_golden_ones(bundle: Path) -> None:
    report = build_report(read_runs([bundle]))
    (run,) = report.runs
    found = {"points": run.points, "tornados": run.tornados, "break_even": report.timings.break_even}
    assert_close(json.loads(msgspec.json.encode(found)), json.loads(GOLDEN.with_name("points.json").read_text()))


def assert_close(found: Any, golden: Any) -> None:
    """Equal, numbers to nine digits: additions may be made in another order elsewhere."""
    if isinstance(golden, dict):
        assert list(found) == list(golden)
        for key, value in golden.items():
            assert_close(found[key], value)
    elif isinstance(golden, list):
        assert len(found) == len(golden)
        for pair in zip(found, golden, strict=True):
            assert_close(*pair)
    else:
        assert found == (pytest.approx(golden, rel=1e-9) if isinstance(golden, float) else golden)


def test_the_points_come_first_the_knee_before_all_steps(bundle: Path) -> None:
    runs = read_runs([bundle])
    report = build_report(runs, tolerance=0.05)
    points = report.runs[0].points
    assert [(point.name, point.timesteps) for point in points] == [("knee", 64), ("early exit", 41), ("all steps", 128)]
    for point in points:
        for cost in point.costs:
            assert cost.joules.low < cost.joules.nominal < cost.joules.high
            assert sum(cost.parts.values()) == pytest.approx(cost.joules.nominal)
            slow, fast = (cost.joules_at_frames_per_second[rate] for rate in ("1", "30"))
            assert slow - fast == pytest.approx((1 - 1 / 30) * 5 * 0.104)
    text, page = printed(report), html_report(report, runs)
    assert text.index("Energy of one inference on Loihi") < text.index("Time steps, energy")
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert page.index("Energy where the run can stop") < page.index("Energy of one inference")


def test_accuracy_stands_beside_energy(bundle: Path) -> None:
    rows = build_report(read_runs([bundle]), devices="sana-fe").timings.equal_accuracy
    found = [(row.device, row.at, row.value) for row in rows]
    assert found[:3] == [
        ("Loihi (SANA-FE)", "knee", pytest.approx(0.924, abs=0.005)),
        ("Loihi (SANA-FE)", "early exit", pytest.approx(0.87, abs=0.01)),
        ("Loihi (SANA-FE)", "all steps", pytest.approx(0.924, abs=0.005)),
    ]
    assert ("this CPU, batch 1", None, 0.924) in found
    assert ("ARM per MAC (Cortex-A)", None, None) in found
    assert all(row.metric == "pixel_accuracy" and row.joules for row in rows)


def test_layers_of_a_point_add_up_to_its_dynamic_energy(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    for key in ("spikes", "synops", "neuron_updates", "messages", "conv_synops"):
        run[key] = sum(layer[key] for layer in run["layers"])
        run["metrics"]["by_timestep"][-1][key] = run[key]
    run["metrics"]["by_timestep"][-1]["layer_synops"] = {layer["name"]: layer["synops"] for layer in run["layers"]}
    write(path, run)
    for cost in build_report(read_runs([bundle])).runs[0].points[-1].costs:
        assert sum(cost.layers.values()) == pytest.approx(cost.joules.nominal - cost.parts["static"])


def test_every_number_of_steps_has_its_energy_by_the_same_constants(bundle: Path) -> None:
    report = build_report(read_runs([bundle]))
    (run,) = report.runs
    last = run.metrics.by_timestep[-1]
    for device in report.devices[:2]:
        assert last.joules[device.name] == pytest.approx(device.joules_per_inference.total)
        assert last.seconds[device.name] == pytest.approx(device.seconds_per_inference)
    joules = [row.joules["Loihi (SANA-FE)"] for row in run.metrics.by_timestep]
    assert joules == pytest.approx([joules[-1] * t / 128 for t in (16, 32, 64, 96, 128)])
    assert run.early.held_out.joules["Loihi (SANA-FE)"] == pytest.approx(joules[-1] * 41 / 128)
    assert run.knee.timesteps == 128
    assert build_report(read_runs([bundle]), tolerance=0.05).runs[0].knee.timesteps == 64


def test_a_run_without_counts_by_step_has_a_knee_without_energy(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    keys = ("timesteps", "pixel_accuracy", "iou", "f1")
    rows = [{key: row[key] for key in keys} for row in run["metrics"]["by_timestep"]]
    write(path, {**run, "metrics": {**run["metrics"], "by_timestep": rows}, "early": None})
    runs = read_runs([bundle])
    report = build_report(runs)
    assert report.runs[0].knee.joules_per_inference == {}
    assert "Knee: 128 steps" in printed(report)
    assert html_report(report, runs).count("<svg") == 2 * 5
