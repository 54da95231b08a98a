"""The page: whole, escaped, with what runs give to be drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from deploy.report.build import build_report
from deploy.report.page.html import html_report
from deploy.report.read import read_runs
from tests.builders.reported_bundle import make_bundle, of_numbers, write
from tests.deploy.report.printed import printed

SECTIONS = ("accuracy", "examples", "rates", "activity", "chips-panel", "energy", "assumptions")


def test_the_page_shows_when_each_layer_settles(bundle: Path) -> None:
    runs = read_runs([bundle])
    page = html_report(build_report(runs), runs)
    layers = page[page.index("<caption>Numbers for each layer") :]
    cells = re.search(r"<span>conv3</span>(.*?)</tr>", layers, re.DOTALL)
    assert re.findall(r"<span>(\d+)</span>", cells[1]) == ["15", "28"]
    assert "knee: 128 steps" in page


@pytest.mark.parametrize("segmentation", [True, False], ids=["segmentation", "classification"])
def test_the_page_is_whole_and_needs_nothing_else(tmp_path: Path, segmentation: bool) -> None:
    runs = read_runs([make_bundle(tmp_path / "a", segmentation=segmentation)])
    page = html_report(build_report(runs), runs)
    for section in SECTIONS:
        assert f'class="panel {section}"' in page
    assert page.count("<svg") == 2 * 6
    assert page.count("data:image/png") == (8 if segmentation else 2)
    assert "data:image/svg+xml" in page
    for attribute in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert attribute.startswith(("data:", "#"))
    assert not re.findall(r"https?://(?!www\.w3\.org/)", page)
    names = re.findall(r'\bid="([^"]*)"', page)
    assert len(names) == len(set(names))
    used = set(re.findall(r'(?:href="|url\()#([\w-]+)', page)) | set(re.findall(r'aria-labelledby="([^"]*)"', page))
    assert {name for one in used for name in one.split()} <= set(names)
    assert not re.search(r"<script|@import|url\(\s*['\"]?(?!#)", page)
    assert "#010203" not in page


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
        assert "AUC 0.950 (ANN 0.950)" in printed(report)
        assert "Stopped once settled: AUC –" in printed(report)


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
