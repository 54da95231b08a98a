"""Bundles without a run to report."""

from __future__ import annotations

import pytest

from deploy.report.cli import main as energy_report
from tests.builders.refusing import cut_in_half, fake_run, refused, text

BAD_REPORTS = {
    "no runs": (lambda bundle: None, "has no runs; run 'deploy-model "),
    "damaged run": (
        lambda bundle: (fake_run(bundle), cut_in_half(bundle / "runs" / "fast" / "run.json")),
        r"run.json is damaged \(.*\); run deploy-model again$",
    ),
    "run without metrics": (
        lambda bundle: (fake_run(bundle), (bundle / "runs" / "fast" / "run.json").write_text("{}")),
        r"run.json is damaged \(.*missing required field `target`\); run deploy-model again$",
    ),
    "damaged outputs": (
        lambda bundle: (fake_run(bundle), (bundle / "runs" / "fast" / "outputs.npz").write_text("no archive")),
        r"outputs.npz is damaged \(.*\); run deploy-model again$",
    ),
    "no steps": (
        lambda bundle: fake_run(bundle, timesteps=0),
        r"run.json is damaged \(.*>= 1.*\); run deploy-model again$",
    ),
    "damaged partition": (
        lambda bundle: (fake_run(bundle), text(bundle / "partition.json")),
        r"partition.json is damaged \(.*\); run partition-model again$",
    ),
    "unknown target": (
        lambda bundle: fake_run(bundle, target="abacus"),
        r"run.json is damaged \(Invalid enum value 'abacus'.*\); run deploy-model again$",
    ),
    "damaged conversion": (
        lambda bundle: (fake_run(bundle), text(bundle / "conversion.json")),
        r"conversion.json is damaged \(.*\); convert the model again$",
    ),
}


@pytest.mark.parametrize("case", BAD_REPORTS)
def test_nothing_to_report(case, tiny_bundle, tmp_path):
    spoil, sentence = BAD_REPORTS[case]
    spoil(tiny_bundle)
    refused(energy_report, [tiny_bundle, "-o", tmp_path / "report.html"], sentence, folder=tmp_path)


def test_every_bundle_that_cannot_be_reported_is_named(tmp_path):
    refused(
        energy_report,
        [tmp_path / "a", tmp_path / "b", "-o", tmp_path / "report.html"],
        "a: no such folder",
        "b: no such folder",
        folder=tmp_path,
    )
