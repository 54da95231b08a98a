"""The report as text: a golden one, what rows say, numbers with prefixes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from convert.storage.reports import as_json
from deploy.report.build import build_report
from deploy.report.page.html import html_report
from deploy.report.read import read_runs
from deploy.report.words.si import si
from tests.builders.reported_bundle import of_numbers
from tests.deploy.report.printed import printed

GOLDEN = Path(__file__).parent / "golden" / "report.txt"


def test_the_text_report_is_the_golden_one(bundle: Path) -> None:
    assert printed(build_report(read_runs([bundle]))) == GOLDEN.read_text()


def test_the_row_of_a_loaded_machine_is_marked_and_says_how_good_eight_bits_are(bundle: Path) -> None:
    runs = read_runs([bundle])
    report = build_report(runs)
    line = next(line for line in printed(report).splitlines() if line.startswith(" LiteRT"))
    assert line.split() == ["LiteRT", "int8", "8,", "2", "87.5", "mJ", "12.0", "ms*", "estimated", "0.923"]
    page = html_report(report, runs)
    (row,) = re.findall(r'<tr role="row" class="loaded">(.*?)</tr>', page, re.DOTALL)
    assert "this CPU, LiteRT int8, batch 8, 2 threads" in row
    assert "estimated (time measured, loaded)" in row


def test_cores_with_copies_are_told_where_cores_are_named(bundle: Path) -> None:
    """In text, page and report.json; without copies all of them are as before."""
    plain = build_report(read_runs([bundle]))
    assert "432 cores on 5 chips" in printed(plain)
    assert b"copied_cores" not in as_json(plain)
    path = bundle / "partition.json"
    partition = json.loads(path.read_text())
    twice = [{"layer": "conv2", "slice": [[i, i + 1], [0, 1], [0, 1]], "chip": i, "core": 500} for i in (1, 2)]
    path.write_text(json.dumps({**partition, "cores": 434, "copies": twice}))
    runs = read_runs([bundle])
    report = build_report(runs)
    said = "434 cores (2 of them with copies)"
    assert f"{said} on 5 chips" in " ".join(printed(report).split())
    assert json.loads(as_json(report))["runs"][0]["partition"]["copied_cores"] == 2
    page = html_report(report, runs)
    assert f"{said} on 5 chips" in page
    assert page.count(said) == 3
    assert "further cores with copies" in page


def test_errors_are_written_with_their_digits_and_the_knee_is_where_they_are_low(bundle: Path) -> None:
    images = np.zeros((2, 8, 8, 1))
    of_numbers(bundle, "regression", images=images, outputs=[[0.25], [0.5]], labels=[0.2, 0.75])
    runs = read_runs([bundle])
    report = build_report(runs)
    text, page = printed(report), html_report(report, runs)
    assert "mean squared error (lower\u00a0is\u00a0better) 0.00345 (ANN 0.00123)" in text
    assert "Knee: 96 steps, the fewest whose mean squared error is within 5 % of the best,\n0.00345" in text
    assert "Image 1: label 0.75; ANN 0.5; SNN 0.5" in page
    assert page.count("<svg") == 2 * 6
    assert "0.00345" in page
    assert "mse (lower\u00a0is\u00a0better)" in page
    assert build_report(runs, tolerance=3.0).runs[0].knee.timesteps == 64


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
