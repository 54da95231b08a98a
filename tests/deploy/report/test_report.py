"""report.json of a made-up bundle: its keys, images of several crops, runs that lack something."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from deploy.report.build import build_report
from deploy.report.page.html import html_report
from deploy.report.read import read_runs
from tests.builders.reported_bundle import write
from tests.deploy.report.printed import printed


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
    text, page = printed(report), html_report(report, runs)
    for shown in (text.replace("\n", " "), page):
        assert "There is no ANN to compare with" in shown
        assert "there is no model" in shown
    assert "the best, 0.922" in text.replace("\n", " ")
    assert page.count("data:image/png") == 6
    assert "ann" not in json.loads(msgspec.json.encode(report))["runs"][0]["metrics"]


def test_files_of_older_versions_are_read(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    needed = {key: run[key] for key in ("target", "images", "timesteps", "metrics")}
    write(path, {**needed, "of_the_future": 1})
    report = build_report(read_runs([bundle]))
    assert report.runs[0].layers == ()
    assert [entry.name for entry in report.absent] == ["Loihi (SANA-FE)", "Loihi (Davies 2018)"]
