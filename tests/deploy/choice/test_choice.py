"""Networks chosen by what they lose or cost: real conversions, run on exact integers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from convert import Options
from convert.bundle import load_network
from convert.errors import UserError
from deploy import RunOptions, run
from deploy.choice.api import convert_to_suit
from deploy.choice.wanted import Wanted
from deploy.convert_model import main as convert_model
from partition.cli import main as partition_model
from tests.builders.refusing import refused

FAST = Options(timesteps=32, calibration_images=6)


def test_the_bundle_is_the_point_that_was_chosen(tiny, tmp_path):
    bundle = tmp_path / "chosen.bundle"
    report = convert_to_suit(
        tiny / "model.keras", tiny / "data.npz", bundle, Wanted(accuracy_loss=100.0), FAST, images=6
    )
    choice = report.choice
    assert len(choice.trials) == 3
    assert choice.point.joules == min(p.joules for trial in choice.trials for p in trial.points)
    assert load_network(bundle).timesteps == report.timesteps == choice.timesteps < 32
    assert [path.name for path in tmp_path.iterdir()] == ["chosen.bundle"]
    assert CliRunner().invoke(partition_model, [str(bundle)]).exit_code == 0
    again = run(bundle, tiny / "data.npz", RunOptions(measure=False))
    assert again.metrics.snn["accuracy"] == choice.point.value
    assert again.synops == pytest.approx(choice.point.synops)


def test_trials_that_are_done_are_kept_until_one_suits(tiny, tmp_path):
    bundle, given = tmp_path / "chosen.bundle", (tiny / "model.keras", tiny / "data.npz")
    with pytest.raises(UserError, match="none of 3 trials needs at most 1e-09 mJ: the nearest has accuracy"):
        convert_to_suit(*given, bundle, Wanted(joules=1e-12), FAST, images=6)
    (kept,) = tmp_path.iterdir()
    made = {path: path.stat().st_mtime_ns for path in kept.glob("*.bundle/conversion.json")}
    assert len(made) == 3
    seen = []

    def progress(what, total):
        seen.append(what)
        from convert.options import silent

        return silent(what, total)

    report = convert_to_suit(*given, bundle, Wanted(joules=1.0), FAST, images=6, progress=progress)
    assert seen == []
    best = max(p.value for trial in report.choice.trials for p in trial.points)
    assert report.choice.point.value == best
    assert [path.name for path in tmp_path.iterdir()] == ["chosen.bundle"]


@pytest.mark.slow
def test_with_batches_waves_are_trained_one_from_the_other(tiny, tmp_path):
    bundle = tmp_path / "wave.bundle"
    arguments = [tiny / "model.keras", "--data", tiny / "data.npz", "-o", bundle, "--spiking-fine-tune", 2]
    result = CliRunner().invoke(convert_model, [*map(str, arguments), "--accuracy-loss", "100"])
    assert result.exit_code == 0, result.output
    report = json.loads((bundle / "conversion.json").read_text())
    assert [trial["what"] for trial in report["choice"]["trials"]] == [
        "8 steps, 2 batches",
        "8 steps, penalty 0.003, 1 batches more",
        "8 steps, penalty 0.01, 1 batches more",
        "8 steps, penalty 0.03, 1 batches more",
    ]
    assert "(chosen)" in result.output
    assert "--accuracy-loss 100" in report["provenance"]["command"]


def test_data_to_measure_on_that_does_not_fit_is_refused_before_anything_is_tried(tiny, tmp_path):
    with np.load(tiny / "data.npz") as data:
        np.savez(tmp_path / "other.npz", x=data["x"], y=data["y"] + 50)
    arguments = [tiny / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b", "--accuracy-loss", "1"]
    for held_out, problem in (("other.npz", "renumber the labels"), ("none.npz", "no such file or folder")):
        refused(convert_model, [*arguments, "--held-out", tmp_path / held_out], problem, folder=tmp_path)


def test_what_belongs_together_is_asked_for(tiny, tmp_path):
    arguments = [tiny / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b"]
    refused(convert_model, [*arguments, "--held-out", tiny / "data.npz"], "add --accuracy-loss", folder=tmp_path)
