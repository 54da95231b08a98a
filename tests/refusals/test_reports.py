"""Bundles without a run to report."""

from __future__ import annotations

import pytest

from deploy.report.cli import main as energy_report
from tests.builders.refusing import cut_in_half, fake_run, refused, text

BAD_REPORTS = {
    "no runs": (lambda bundle: None, "has no runs; run 'deploy-model "),
    "damaged run": (
        lambda bundle: (fake_run(bundle), cut_in_half(bundle / "runs" / "fast" / "run.json")),
        "cannot read .*run.json .* run deploy-model again$",
    ),
    "run without metrics": (
        lambda bundle: (fake_run(bundle), (bundle / "runs" / "fast" / "run.json").write_text("{}")),
        "run.json has no target, images, timesteps, metrics; run deploy-model again$",
    ),
    "damaged conversion": (
        lambda bundle: (fake_run(bundle), text(bundle / "conversion.json")),
        "cannot read .*conversion.json .* run convert-model again$",
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
