"""The front of accuracy over joules: what is on it, and which runs are compared."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from deploy.report.build import build_report
from deploy.report.read import read_runs
from tests.builders.reported_bundle import make_bundle, write


def test_nothing_beats_the_front_and_all_else_is_beaten(bundle: Path) -> None:
    (front,) = build_report(read_runs([bundle])).fronts
    assert len(front.points) == 8  # five readouts, three thresholds
    on_front = [point for point in front.points if point.on_front]
    for low, high in itertools.pairwise(on_front):
        assert low.joules < high.joules
        assert low.value < high.value
    for point in front.points:
        beaten = any(o.joules <= point.joules and o.value >= point.value and o is not point for o in front.points)
        assert point.on_front is not beaten
    assert any(point.early_exit for point in on_front)


def test_where_less_is_better_the_front_goes_down(bundle: Path) -> None:
    path = bundle / "runs" / "fast-128" / "run.json"
    run = json.loads(path.read_text())
    for row, error in zip(run["metrics"]["by_timestep"], (0.5, 0.3, 0.4, 0.2, 0.2), strict=True):
        row["mse"] = error
        del row["pixel_accuracy"]
    write(path, {**run, "early": None})
    (front,) = build_report(read_runs([bundle])).fronts
    assert [point.value for point in front.points if point.on_front] == [0.5, 0.3, 0.2]


def test_only_runs_on_the_same_images_are_compared(tmp_path: Path) -> None:
    first = make_bundle(tmp_path / "a", runs=("fast-64", "fast-32"))
    path = first / "runs" / "fast-32" / "run.json"
    write(path, {**json.loads(path.read_text()), "images": 2})
    report = build_report(read_runs([first, make_bundle(tmp_path / "b")]))
    assert [(front.images, {point.run for point in front.points}) for front in report.fronts] == [
        (6, {"a/fast-64", "b/fast-128"}),
        (2, {"a/fast-32"}),
    ]


def test_a_run_of_images_that_follow_each_other_is_one_point(tmp_path: Path) -> None:
    first = make_bundle(tmp_path / "a", runs=("fast-64", "fast-128"))
    path = first / "runs" / "fast-64" / "run.json"
    run = json.loads(path.read_text())
    events = ("synops", "spikes", "neuron_updates", "layer_synops", "busiest_cores")
    rows = [{k: v for k, v in row.items() if k not in events} for row in run["metrics"]["by_timestep"]]
    write(path, {**run, "metrics": {**run["metrics"], "by_timestep": rows}, "early": None, "period": 40})
    report = build_report(read_runs([first]))
    (front,) = report.fronts
    (alone,) = [point for point in front.points if point.run == "a/fast-64"]
    (summary,) = [run for run in report.runs if run.run == "a/fast-64"]
    assert alone.joules == summary.points[-1].costs[0].joules.nominal
    assert alone.timesteps == summary.timesteps
