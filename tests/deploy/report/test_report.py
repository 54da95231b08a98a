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
from deploy.report.text import si, text_report

GOLDEN = Path(__file__).parent / "golden" / "report.txt"
LAYERS = ("conv1", "conv2", "down1", "conv3", "up1", "conv4")
MEASURED = [
    {
        "name": "this CPU, batch 1",
        "kind": "processor",
        "measured": True,
        "joules_per_inference": {"total": 0.42, "static": 0.3, "dynamic": 0.12},
        "seconds_per_inference": 0.031,
        "source": "RAPL, processor packages",
        "assumptions": ["idle power was read before"],
        "macs": 85_000_000,
        "time_measured": True,
        "batch": 1,
    },
    {
        "name": "this CPU, batch 32",
        "kind": "processor",
        "measured": False,
        "joules_per_inference": {"total": 0.21, "static": None, "dynamic": None},
        "seconds_per_inference": 0.024,
        "source": "time here, power from a stated TDP",
        "assumptions": ["8.75 W times the measured time"],
        "macs": 85_000_000,
        "time_measured": True,
        "batch": 32,
    },
    {"name": "this GPU", "absent": "none here: TensorFlow finds no GPU", "macs": 85_000_000},
]


def write(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))


def counts_at(steps: float) -> dict[str, Any]:
    """The events of the made-up run up to a step."""
    share = steps / 128
    return {
        "spikes": 2.96e6 * share,
        "synops": 5.4e8 * share,
        "neuron_updates": 5.45e7 * share,
        "messages": 5.9e6 * share,
        "interchip_messages": 1.3e5 * share,
        "host_messages": 4.1e5 * share,
        "layer_synops": {name: 2e8 / (i + 1) * share for i, name in enumerate(LAYERS)},
    }


def make_bundle(
    path: Path, *, segmentation: bool = True, runs: tuple[str, ...] = ("fast-128",), size: int = 48
) -> Path:
    """A bundle with its files as the other commands write them, and plausible numbers in them."""
    rng = np.random.default_rng(1)
    layers = [
        {
            "name": name,
            "kind": "Conv2D",
            "shape": [64, 64, 16],
            "neurons": 65536,
            "on_chip": i > 0,
            "scale_hz": 150.0,
            "percentile_rate_hz": 148.0 - 9 * i,
            "mean_rate_hz": 21.0 - 2 * i,
            "arrival_step": 5 * i,
        }
        for i, name in enumerate(LAYERS)
    ]
    write(
        path / "conversion.json",
        {
            "layers": layers,
            "input_shape": [64, 64, 1],
            "dt_s": 0.001,
            "timesteps": 128,
            "synapse_s": 0.0,
            "agreement": {"max_abs_error": 1e-6, "tolerance": 1e-4},
            "metrics": {},
        },
    )
    write(
        path / "partition.json",
        {
            "board": "nahuku08",
            "chips": 5,
            "cores": 432,
            "blocks": [
                {"layer": name, "slice": [[i, i + 1], [0, 1], [0, 1]], "chip": (72 * k + i) // 90, "core": 72 * k + i}
                for k, name in enumerate(LAYERS)
                for i in range(72)
            ],
            "layers": [{"name": name, "tile": [64, 1, 16], "blocks": 72} for name in LAYERS],
            "board_chips": 8,
            "messages_per_step": {
                "total": 46500.0,
                "interchip": 1020.0,
                "interchip_multicast": 900.0,
                "host": 3200.0,
            },
            "hop_messages_per_step": 1500.0,
            "heaviest_board_link": 400.0,
            "max_link_load": 380.0,
            "chip_to_chip": [[0.0] * 5] * 5,
            "places": [[0, i] for i in range(5)],
            "lower_bound_interchip": 790.0,
            "optimality_gap": 0.23,
            "baseline_chips": 5,
            "utilization": {"compartments": 1.0, "in_axons": 0.3, "out_axon_slots": 0.2, "synapse_bits": 0.6},
            "baselines": {"greedy": 34200.0, "greedy-interchip": 11500.0},
            "seed": 0,
            "seconds": 3.0,
        },
    )
    (path / "partition.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 30">'
        + "".join(f'<rect x="{20 * i}" y="2" width="18" height="26" fill="#9cf" stroke="#333"/>' for i in range(5))
        + "</svg>"
    )
    keys = ("pixel_accuracy", "iou", "f1") if segmentation else ("accuracy",)
    ann = dict(zip(keys, (0.924, 0.689, 0.816), strict=False))
    if segmentation:
        ann |= {"adapted_rand_error": 0.18, "variation_of_information": 1.1}
    steps = (16, 32, 64, 96, 128)
    by_timestep = [
        {"timesteps": t, **{key: ann[key] * (1 - 2 ** (-t / 14)) for key in keys}, **counts_at(t)} for t in steps
    ]
    early = {
        "rule": "settled",
        "metric": keys[0],
        "curve": [
            {"threshold": s, "timesteps": t, keys[0]: ann[keys[0]] * (1 - 2 ** (-t / 10)), **counts_at(t)}
            for s, t in ((0.5, 24.5), (0.9, 41.0), (0.99, 77.25))
        ],
    }
    early["held_out"] = {**early["curve"][1], "images": 3, "chosen_on": 3, "all_steps": 0.91}
    for name in runs:
        write(
            path / "runs" / name / "run.json",
            {
                "target": name.split("-")[0],
                "images": 6,
                "timesteps": 128,
                "exact": True,
                "metrics": {"ann": ann, "snn": {key: 0.99 * ann[key] for key in ann}, "by_timestep": by_timestep},
                "early": early,
                "spikes": 2.96e6,
                "synops": 5.4e8,
                "neuron_updates": 5.45e7,
                "interchip_messages": 1.3e5,
                "messages": 5.9e6,
                "host_messages": 4.1e5,
                "seconds_per_image": 0.21,
                "devices_measured": MEASURED,
                "layers": [
                    {
                        "name": name,
                        "spikes": 9e5 / (i + 1),
                        "synops": 2e8 / (i + 1),
                        "neuron_updates": 9e6,
                        "rate_hz": 19.0 - 2 * i,
                        "settled_step": 8 * i + 4,
                    }
                    for i, name in enumerate(LAYERS)
                ],
            },
        )
        y, x = np.mgrid[:size, :size] / size
        label = ((np.sin(9 * x + 3 * y) * np.cos(7 * y - 2 * x)) > -0.4).astype(np.uint8)
        arrays = {
            "images": np.stack([label * 120 + rng.normal(80, 20, label.shape)] * 2)[..., None],
            "labels": np.stack([label] * 2),
            "ann": np.stack([label * 0.8 + 0.1] * 2)[..., None],
            "outputs": np.stack([np.roll(label, 1, 0) * 0.8 + 0.1] * 2)[..., None],
        }
        if not segmentation:
            arrays |= {"labels": np.array([3, 1]), "ann": np.eye(10)[[3, 1]], "outputs": np.eye(10)[[3, 2]]}
        np.savez(path / "runs" / name / "outputs.npz", **arrays)
    return path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "unet")


def test_the_text_report_is_the_golden_one(bundle: Path) -> None:
    assert text_report(build_report(read_runs([bundle]))) == GOLDEN.read_text()


def test_report_json_has_its_stable_keys(bundle: Path) -> None:
    report = build_report(read_runs([bundle]), static_watts=0.2, devices="davies2018")
    report = json.loads(msgspec.json.encode(report))
    assert [d["name"] for d in report["devices"]][:2] == ["Loihi (Davies 2018)", "this CPU, batch 1"]
    for device in report["devices"]:
        assert set(device["joules_per_inference"]) == {"total", "static", "dynamic"}
        assert {"name", "measured", "seconds_per_inference", "source", "assumptions"} <= set(device)
        assert device["assumptions"] or "Cortex" in device["name"]
    assert report["absent"] == [
        {"name": "this GPU", "reason": "none here: TensorFlow finds no GPU", "run": "unet/fast-128"}
    ]
    assert report["ratios"]["this CPU, batch 1 / Loihi (Davies 2018)"] > 1


def test_an_image_of_several_crops_counts_them_all(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    once = build_report(read_runs([bundle])).devices
    write(path, {**run, "crops_per_image": 25})
    often = build_report(read_runs([bundle])).devices
    by_name = {d.name: (d.joules_per_inference.total, d.seconds_per_inference) for d in once}
    for device in often:
        joules, seconds = by_name[device.name]
        if device.kind == "processor":
            assert device.joules_per_inference.total == pytest.approx(25 * joules)
        else:
            assert device.seconds_per_inference > seconds


def test_a_target_that_counts_nothing_says_so(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    write(path, {**run, "synops": None, "spikes": None, "interchip_messages": None, "layers": []})
    report = build_report(read_runs([bundle]))
    assert all(device.kind == "processor" for device in report.devices)
    assert "counts no synops" in report.absent[1].reason
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
    write(path, {**run, "devices_measured": [{"name": "this machine", "absent": "there is no model"}]})
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
    assert page.count("<svg") == 4
    assert page.count("data:image/png") == (8 if segmentation else 2)
    assert "data:image/svg+xml" in page
    for attribute in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert attribute.startswith(("data:", "#"))
    assert not re.findall(r"https?://(?!www\.w3\.org/)", page)
    assert not re.search(r"<script|@import|url\(\s*['\"]?(?!#)", page)
    assert "#010203" not in page


def test_several_bundles_are_compared(tmp_path: Path) -> None:
    first = make_bundle(tmp_path / "a", runs=("fast-64", "emulator-64"))
    runs = read_runs([first, make_bundle(tmp_path / "b", segmentation=False), first / "runs" / "fast-64"])
    assert [run.label for run in runs] == ["a/emulator-64", "a/fast-64", "b/fast-128"]
    report = build_report(runs)
    page = html_report(report, runs)
    assert 'id="comparison"' in page
    assert page.count("<article") == 3
    assert any(name.startswith("b/fast-128: ") for name in report.ratios)


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
