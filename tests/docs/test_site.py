"""The site is built without a warning, needs no network, and fits a phone."""

from __future__ import annotations

import json
import logging
import re

import pytest

from tests.builders.chromium import PROGRAM, browser
from tests.builders.documented import logical_lines
from tests.builders.paths import ROOT
from website.fences import fences, without_front_matter
from website.links import for_site

mkdocs_build = pytest.importorskip("mkdocs.commands.build", reason="needs the extra docs")
pytest.importorskip("jupytext", reason="needs the extra docs")

LOOKED_AT = ("index", "tutorials/unet-em", "benchmarks", "reference/commands", "reference/api-convert", "energy")
WIDE = """[...document.querySelectorAll('.md-content *')].filter(e => !e.closest('svg, .md-typeset__scrollwrap, pre')
    && e.getClientRects().length && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
  ).map(e => e.outerHTML.slice(0, 100))"""


SEARCH = """(async () => {
    const field = document.querySelector('input.md-search__input');
    field.focus();
    field.value = 'placer';
    for (let tries = 0; tries < 100; tries++) {
        field.dispatchEvent(new KeyboardEvent('keyup', {bubbles: true}));
        await new Promise(done => setTimeout(done, 100));
        const found = document.querySelector('.md-search-result__list');
        if (found && found.textContent.trim()) return found.textContent;
    }
    return 'nothing was found';
})()"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site; a warning while it is built is an error, a broken link among them."""
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.chdir(ROOT)
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True)
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())
    logging.getLogger("mkdocs").addHandler(handler)
    try:
        mkdocs_build.build(config)
    finally:
        logging.getLogger("mkdocs").removeHandler(handler)
        monkeypatch.undo()
    assert said == []
    return folder


@pytest.mark.slow
def test_it_needs_no_network(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    fetched = re.compile(r'<(?:script|img|link|iframe)\b[^>]*(?:src|href)="(?:https?:)?//')
    assert [page.name for page in pages if fetched.search(page.read_text())] == []


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")
def test_it_opens_on_desktop_and_phone(site, tmp_path):
    with browser(tmp_path) as chromium:
        for name in LOOKED_AT:
            for width in (1400, 390):
                chromium.open(site / f"{name}.html", width=width)
                assert chromium.run(WIDE) == [], (name, width)
        assert chromium.complaints == []


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")
def test_search_works_from_a_file(site, tmp_path):
    with browser(tmp_path) as chromium:
        chromium.open(site / "index.html", width=1400)
        assert "partition" in chromium.run(SEARCH).lower()
        assert chromium.complaints == []


@pytest.mark.slow
def test_a_notebook_has_the_cells_of_its_tutorial(site):
    for tutorial in sorted((ROOT / "docs" / "tutorials").glob("*.md")):
        cells = json.loads((site / "tutorials" / f"{tutorial.stem}.ipynb").read_text())["cells"]
        code = [fence for fence in fences(without_front_matter(tutorial.read_text())) if fence.language != "text"]
        assert len([cell for cell in cells if cell["cell_type"] == "code"]) == len(code)
        written = "".join("".join(cell["source"]) for cell in cells)
        assert all(line in written for fence in code for line in logical_lines(fence.text))


def test_links_of_the_repository_become_links_of_the_site():
    text = "[a](../SUPPORTED.md#layers) [b](energy.md) [c](../benchmarks/x.json) [d](https://example.org/e.md) [e](#f)"
    assert for_site(text, "docs/index.md", "index.md") == (
        "[a](reference/supported.md#layers) [b](energy.md) [c](files/benchmarks/x.json) [d](https://example.org/e.md) "
        "[e](#f)"
    )
    assert for_site("[a](docs/energy.md)", "ARCHITECTURE.md", "reference/architecture.md") == "[a](../energy.md)"
