"""The page in Chromium, light and dark, on a screen, a phone and paper: nothing cut, nothing missed, no complaint."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from deploy.report.build import build_report
from deploy.report.page.html import html_report
from deploy.report.read import read_runs
from tests.builders.chromium import PAPER, PROGRAM, Browser, browser
from tests.builders.paths import ROOT
from tests.builders.reported_bundle import make_bundle

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed"),
    pytest.mark.slow,
]

AXE = Path(os.environ.get("AXE_CORE", ROOT / "node_modules" / "axe-core" / "axe.min.js"))
WIDTHS = (1400, 390)
PRINTABLE = {name: int((width - 26 / 25.4) * 96) for name, (width, _) in PAPER.items()}
"""CSS pixels between margins of 13 mm."""

WIDE = """[...document.querySelectorAll('body *')].filter(e => !e.closest('svg, thead, .skip, .scrolled')
    && e.getClientRects().length && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
  ).map(e => e.outerHTML.slice(0, 100))"""
CUT = """[...document.querySelectorAll('body *')].filter(e => !e.closest('svg, thead, .scrolled') && e.clientWidth
    && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX != 'visible'
  ).map(e => e.outerHTML.slice(0, 100))"""
SEEN = """(s => [...document.querySelectorAll(s)]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().height > 0).length)"""
FINDINGS = """axe.run().then(found => found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 100)).join(' | ')))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bundles, of maps and of classes, one of them with two runs."""
    folder = tmp_path_factory.mktemp("page")
    classes = make_bundle(folder / "classes", segmentation=False)
    rng = np.random.default_rng(0)
    arrays = {"labels": np.arange(6) % 3, "outputs": rng.random((6, 3)), "images": rng.random((2, 16, 16, 3))}
    np.savez(classes / "runs" / "fast-128" / "outputs.npz", **arrays)
    runs = read_runs([make_bundle(folder / "maps", runs=("fast-128", "emulator-128")), classes])
    (folder / "report.html").write_text(html_report(build_report(runs), runs), encoding="utf-8")
    return folder / "report.html"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(chromium: Browser, page: Path, width: int, scheme: str) -> None:
    chromium.open(page, width=width, scheme=scheme)
    for _ in ("folded", "open"):
        assert chromium.run("document.documentElement.scrollWidth") == width
        assert chromium.run(WIDE) == []
        assert chromium.run(CUT) == []
        chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert chromium.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_verdict_is_in_the_first_screen(chromium: Browser, page: Path, width: int) -> None:
    chromium.open(page, width=width)
    sentence = "document.querySelector('.verdict .sentence')"
    assert chromium.run(f"{sentence}.getBoundingClientRect().bottom") < 500
    text = chromium.run(f"{sentence}.innerText")
    assert re.search(r"Pixel accuracy [\d.]+ \(ANN [\d.]+\) at the knee, \d+ steps\.", text)
    assert re.search(r"[\d.]+ mJ on 5 chips of Loihi, estimated, between [\d.]+ and [\d.]+ mJ", text)
    if width == WIDTHS[0]:
        assert chromium.run("document.querySelector('.verdict').getBoundingClientRect().bottom") < 900


def test_every_plot_is_shown_once_in_the_form_of_the_screen(chromium: Browser, page: Path) -> None:
    chromium.open(page, width=1400)
    chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    plots = chromium.run("document.querySelectorAll('.plot').length")
    for width, shown, hidden in ((1400, "wide", "narrow"), (390, "narrow", "wide")):
        chromium.resize(width)
        assert chromium.run(f"{SEEN}('.plot .{shown} svg')") == plots
        assert chromium.run(f"{SEEN}('.plot .{hidden} svg')") == 0
        letters = "[...document.querySelectorAll('.plot svg text')].filter(t => t.getBoundingClientRect().height)"
        least = chromium.run(f"Math.min(...{letters}.map(t => t.getBoundingClientRect().height))")
        assert least > 7.0, f"letters of {least} pixels at {width}"


@pytest.mark.parametrize("paper", PAPER)
def test_paper_has_every_column_and_what_is_folded(chromium: Browser, page: Path, paper: str) -> None:
    chromium.open(page, width=PRINTABLE[paper], scheme="dark", media="print")
    assert chromium.run("document.documentElement.scrollWidth") == PRINTABLE[paper]
    assert chromium.run(WIDE) == []
    assert chromium.run("document.querySelectorAll('details:not([open])').length") > 5
    for kind in ("th", "td", "summary", "li"):
        assert chromium.run(f"{SEEN}('{kind}')") == chromium.run(f"document.querySelectorAll('{kind}').length"), kind
    assert chromium.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    chromium.open(page, width=1400)
    pdf = chromium.pdf(paper)
    assert pdf.startswith(b"%PDF-")
    sizes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf))
    assert [round(float(size) / 72, 2) for size in next(iter(sizes))] == pytest.approx(PAPER[paper], abs=0.02)
    assert len(sizes) == 1
    assert chromium.complaints == []


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed; `make accessibility` does so")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious(chromium: Browser, page: Path, width: int, scheme: str) -> None:
    chromium.open(page, width=width, scheme=scheme)
    chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    chromium.run(AXE.read_text(encoding="utf-8") + ";0")
    assert chromium.run(FINDINGS) == []
    assert chromium.run("axe.run().then(found => found.passes.length)") > 20


def test_lines_of_plots_stand_out_from_the_panel(chromium: Browser, page: Path) -> None:
    ratio = """(name => { const style = getComputedStyle(document.documentElement);
      const light = c => { const v = [1, 3, 5].map(i => parseInt(c.slice(i, i + 2), 16) / 255)
        .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
        return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
      const [a, b] = ['--panel', name].map(n => light(style.getPropertyValue(n).trim())).sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05); })"""
    for scheme in ("light", "dark"):
        chromium.open(page, width=1400, scheme=scheme)
        for colour in ("blue", "orange", "green", "violet", "grey"):
            assert chromium.run(f"{ratio}('--{colour}')") > 3, (colour, scheme)
        for colour in ("ink", "soft", "accent", "good", "guess"):
            assert chromium.run(f"{ratio}('--{colour}')") > 4.5, (colour, scheme)
