"""The report of a made-up bundle: golden text, the sections of the page, report.json's keys, clear errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from convert.errors import UserError
from deploy.report.build import build_report
from deploy.report.cli import main
from deploy.report.html import html_report
from deploy.report.read import read_runs
from deploy.report.si import si
from deploy.report.text import text_report
from tests.builders.reported_bundle import counts_at, make_bundle, write

GOLDEN = Path(__file__).parent / "golden" / "report.txt"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "unet")


def test_the_text_report_is_the_golden_one(bundle: Path) -> None:
    assert text_report(build_report(read_runs([bundle]))) == GOLDEN.read_text()


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
    text, page = text_report(report, 80), html_report(report, runs)
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


def test_report_json_has_its_stable_keys(bundle: Path) -> None:
    report = build_report(read_runs([bundle]), static_watts=0.2, devices="davies2018")
    report = json.loads(msgspec.json.encode(report))
    measured = report["timings"]["devices"]
    assert report["devices"][0]["name"] == "Loihi (Davies 2018)"
    assert [d["name"] for d in measured] == ["this CPU, batch 1", "this CPU, LiteRT int8, batch 8, 2 threads"]
    for device in [*report["devices"], *measured]:
        assert set(device["joules_per_inference"]) == {"total", "static", "dynamic"}
        assert {"name", "measured", "seconds_per_inference", "source", "assumptions"} <= set(device)
        assert device["assumptions"] or "Cortex" in device["name"]
    assert report["absent"] == []
    assert report["timings"]["absent"] == [
        {"name": "this GPU", "reason": "none here: TensorFlow finds no GPU", "run": "unet/fast-128"}
    ]
    assert report["timings"]["ratios"]["this CPU, batch 1 / Loihi (Davies 2018)"] > 1


def every_device(report):
    return [device for run in report.runs for device in report.devices_of(run.run)]


def test_an_image_of_several_crops_counts_them_all(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    once = every_device(build_report(read_runs([bundle])))
    write(path, {**run, "crops_per_image": 25})
    often = every_device(build_report(read_runs([bundle])))
    by_name = {d.name: (d.joules_per_inference.total, d.seconds_per_inference) for d in once}
    for device in often:
        joules, seconds = by_name[device.name]
        if device.kind == "processor":
            assert device.joules_per_inference.total == pytest.approx(25 * joules)
        else:
            assert device.seconds_per_inference > seconds


def test_the_row_of_a_loaded_machine_is_marked_and_says_how_good_eight_bits_are(bundle: Path) -> None:
    runs = read_runs([bundle])
    report = build_report(runs)
    line = next(line for line in text_report(report, width=200).splitlines() if line.startswith(" this CPU, LiteRT"))
    assert "estimated (time measured, loaded)" in line
    assert "pixel accuracy 0.923" in line
    page = html_report(report, runs)
    assert page.count('<tr class="loaded"><td>this CPU, LiteRT int8, batch 8, 2 threads</td>') == 1
    assert page.count('<tr class="loaded">') == 1


def test_the_spread_of_an_image_of_several_crops_is_that_of_all_of_them(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    write(path, {**json.loads(path.read_text()), "crops_per_image": 25})
    device = next(d for d in build_report(read_runs([bundle])).timings.devices if "LiteRT" in d.name)
    assert device.execution.cpu_seconds.median == pytest.approx(25 * 0.02)
    assert device.execution.wall_seconds.high == pytest.approx(25 * 0.014)


def test_a_target_that_counts_nothing_says_so(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    write(path, {**run, "synops": None, "spikes": None, "interchip_messages": None, "layers": []})
    report = build_report(read_runs([bundle]))
    assert all(device.kind == "processor" for device in report.devices)
    assert "counts no synops" in report.absent[0].reason
    assert "counts no spikes" in html_report(report, read_runs([bundle]))


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
    assert "Knee: 128 steps" in text_report(report)
    assert html_report(report, runs).count("<svg") == 4


def test_a_run_without_an_original_says_so(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    run["metrics"].pop("ann")
    measured = [{"name": "this machine", "absent": "there is no model"}]
    write(path, {**run, "timings": {"devices_measured": measured}})
    with np.load(path.with_name("outputs.npz")) as arrays:
        kept = {key: arrays[key] for key in arrays.files if key != "ann"}
    np.savez(path.with_name("outputs.npz"), **kept)
    runs = read_runs([bundle])
    report = build_report(runs)
    text, page = text_report(report), html_report(report, runs)
    for shown in (text, page):
        assert "There is no ANN to compare with" in shown
        assert "there is no model" in shown
    assert "the best, 0.922" in text
    assert page.count("data:image/png") == 6
    assert "ann" not in json.loads(msgspec.json.encode(report))["runs"][0]["metrics"]


def test_files_of_older_versions_are_read(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    needed = {key: run[key] for key in ("target", "images", "timesteps", "metrics")}
    write(path, {**needed, "of_the_future": 1})
    report = build_report(read_runs([bundle]))
    assert report.runs[0].layers == ()
    assert [entry.name for entry in report.absent] == ["Loihi (Davies 2018)", "Loihi (SANA-FE)"]


def test_the_page_shows_when_each_layer_settles(bundle: Path) -> None:
    runs = read_runs([bundle])
    page = html_report(build_report(runs), runs)
    assert re.search(r"<td>conv3</td>.*?<td>15</td>\s*<td>28</td></tr>", page, re.DOTALL)
    assert "knee: 128 steps" in page


SECTIONS = ("accuracy", "examples", "rates", "activity", "chips-panel", "energy", "assumptions")


@pytest.mark.parametrize("segmentation", [True, False], ids=["segmentation", "classification"])
def test_the_page_is_whole_and_needs_nothing_else(tmp_path: Path, segmentation: bool) -> None:
    runs = read_runs([make_bundle(tmp_path / "a", segmentation=segmentation)])
    page = html_report(build_report(runs), runs)
    for section in SECTIONS:
        assert f'class="panel {section}"' in page
    assert page.count("<svg") == 6
    assert page.count("data:image/png") == (8 if segmentation else 2)
    assert "data:image/svg+xml" in page
    for attribute in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert attribute.startswith(("data:", "#"))
    assert not re.findall(r"https?://(?!www\.w3\.org/)", page)
    assert not re.search(r"<script|@import|url\(\s*['\"]?(?!#)", page)
    assert "#010203" not in page


ERRORS = {"ann": 0.00123, "snn": 0.00345, "by_timestep": (0.09, 0.012, 0.004, 0.0036, 0.00345)}


def of_numbers(bundle: Path, task: str, *, images: Any, outputs: Any, labels: Any) -> None:
    """Makes the run of ``bundle`` one of ``task``; its area under the curve is not defined at first."""
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    area = {"auc": 0.95} if task == "anomaly" else {}
    rows = [
        {**{k: v for k, v in row.items() if k not in ("pixel_accuracy", "iou", "f1")}, **area, "mse": error}
        for row, error in zip(run["metrics"]["by_timestep"], ERRORS["by_timestep"], strict=True)
    ]
    metrics = {name: {**area, "mse": ERRORS[name]} for name in ("ann", "snn")}
    run |= {"task": task, "early": None, "metrics": {**metrics, "by_timestep": rows}}
    if task == "anomaly":
        point = {"threshold": -0.5, "timesteps": 40.0, "auc": None, **counts_at(40)}
        held_out = {**point, "images": 3, "chosen_on": 3, "all_steps": None}
        run["early"] = {"rule": "settled", "metric": "auc", "curve": [point], "held_out": held_out}
    write(path, run)
    arrays = {"images": images, "outputs": outputs, "ann": outputs, "labels": labels}
    np.savez(path.with_name("outputs.npz"), **{k: np.asarray(v, np.float32) for k, v in arrays.items()})


def test_errors_are_written_with_their_digits_and_the_knee_is_where_they_are_low(bundle: Path) -> None:
    images = np.zeros((2, 8, 8, 1))
    of_numbers(bundle, "regression", images=images, outputs=[[0.25], [0.5]], labels=[0.2, 0.75])
    runs = read_runs([bundle])
    report = build_report(runs)
    text, page = text_report(report), html_report(report, runs)
    assert "mean squared error (lower\u00a0is\u00a0better) 0.00345 (ANN 0.00123)" in text
    assert "Knee: 96 steps, the fewest whose mean squared error is within 5 % of the best, 0.00345" in text
    assert "Image 1: label 0.75; ANN 0.5; SNN 0.5" in page
    assert page.count("<svg") == 6
    assert "0.00345" in page
    assert "mse (lower\u00a0is\u00a0better)" in page
    assert build_report(runs, tolerance=3.0).runs[0].knee.timesteps == 64


@pytest.mark.parametrize("shape", [(6, 5, 1), (1, 9, 2), (1, 1, 24)], ids=["image", "sequence", "vector"])
@pytest.mark.parametrize("task", ["regression", "anomaly"])
def test_what_is_given_again_is_drawn(bundle: Path, task: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    images = rng.random((2, *shape))
    outputs = (images + 0.1).reshape(2, *(shape if shape[:2] != (1, 1) else shape[2:]))
    labels = [False, True] if task == "anomaly" else images.reshape(outputs.shape)
    of_numbers(bundle, task, images=images, outputs=outputs, labels=labels)
    runs = read_runs([bundle])
    report = build_report(runs)
    page = html_report(report, runs)
    assert page.count("data:image/png") == 6
    assert "mean squared error ANN 0.01, SNN 0.01" in page
    assert ("Image 1, an anomaly" in page) is (task == "anomaly")
    assert "Red: pixels" not in page
    if task == "anomaly":
        assert "AUC 0.950 (ANN 0.950)" in text_report(report)
        assert "Stopped once settled: AUC –" in text_report(report)


def test_several_bundles_are_compared(tmp_path: Path) -> None:
    first = make_bundle(tmp_path / "a", runs=("fast-64", "emulator-64"))
    runs = read_runs([first, make_bundle(tmp_path / "b", segmentation=False), first / "runs" / "fast-64"])
    assert [run.label for run in runs] == ["a/emulator-64", "a/fast-64", "b/fast-128"]
    report = build_report(runs)
    page = html_report(report, runs)
    assert 'id="comparison"' in page
    assert page.count("<article") == 3
    assert any(name.startswith("b/fast-128: ") for name in report.timings.ratios)


def test_names_from_files_are_escaped(bundle: Path) -> None:
    path = bundle / "partition.json"
    write(path, {**json.loads(path.read_text()), "board": "<b>&"})
    assert "&lt;b&gt;&amp;" in html_report(build_report(read_runs([bundle])), read_runs([bundle]))


def test_the_command_writes_both_files(bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "page.html"
    result = CliRunner().invoke(main, [str(bundle), "-o", str(output), "--device", "sana-fe"])
    assert result.exit_code == 0, result.output
    assert json.loads(output.with_suffix(".json").read_text())["devices"][0]["name"] == "Loihi (SANA-FE)"
    assert output.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda b: b / "nowhere", "no such folder"),
        (lambda b: (b / "conversion.json").unlink() or b, "not a bundle"),
        (lambda b: (b / "runs/fast-128/run.json").unlink() or b, "has no runs"),
        (lambda b: (b / "runs/fast-128/run.json").write_text("{") and b, "run deploy-model again"),
        (
            lambda b: (b / "partition.json").write_text("{}") and b,
            "partition.json is damaged .*run partition-model again",
        ),
        (
            lambda b: (
                (b / "runs/fast-128/run.json").write_text(
                    '{"target": "fast", "images": 1, "timesteps": 8, "metrics": {}, "devices_measured": [{"name": ""}]}'
                )
                and b
            ),
            "damaged .*measured.*run deploy-model again",
        ),
        (
            lambda b: (b / "runs/fast-128/run.json").write_text("[]") and b,
            r"damaged \(Expected `object`",
        ),
        (
            lambda b: (b / "runs/fast-128/run.json").write_text('{"target": ""}') and b,
            "damaged .*run deploy-model again",
        ),
    ],
)
def test_what_is_no_run_is_a_user_error(bundle: Path, break_it: Any, words: str) -> None:
    path = break_it(bundle)
    with pytest.raises(UserError, match=words):
        read_runs([path])
    result = CliRunner().invoke(main, [str(path)])
    assert result.exit_code == 2


def test_the_output_must_be_a_page(bundle: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(main, [str(bundle), "-o", str(tmp_path / "a.txt")]).exit_code == 2


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00123, "J", "1.23 mJ"),
        (999.96, "", "1.00 k"),
        (0, "J", "0 J"),
        (None, "J", "–"),
        (5.4e8, "", "540 M"),
        (27.1e-12, "J", "27.1 pJ"),
        (0.99999, "s", "1.00 s"),
        (12.3, "", "12.3"),
    ],
)
def test_si(value: float | None, unit: str, text: str) -> None:
    assert si(value, unit) == text
