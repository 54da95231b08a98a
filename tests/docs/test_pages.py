"""Tutorials, how-tos and the README's Python are run as they stand."""

from __future__ import annotations

import subprocess
import sys

import pytest

from partition.place import PLACERS
from tests.builders.documented import Session, alike
from tests.builders.paths import ROOT
from tests.builders.shared import shared_file
from website.fences import needed_files

DOCS = ROOT / "docs"
CHAINS = {
    "unet": (
        "tutorials/unet-em.md",
        "howto/own-board.md",
        "howto/own-placer.md",
        "howto/resume.md",
        "howto/energy-rows.md",
    ),
    "resnet": ("tutorials/resnet-cifar10.md",),
    "pytorch": ("tutorials/pytorch.md",),
    "nmnist": ("tutorials/nmnist.md",),
    "nengo": ("tutorials/nengo.md",),
}
"""Pages that go on with the files of the one before."""

SHOWN_ONLY = {"howto/check.md"}
"""Its model is not made here."""


@pytest.fixture(autouse=True)
def placers_of_other_tests(monkeypatch):
    """What a page registers is gone with it."""
    monkeypatch.setattr(PLACERS, "_placers", dict(PLACERS))


@pytest.mark.slow
@pytest.mark.parametrize("pages", CHAINS.values(), ids=CHAINS)
def test_the_pages_run_as_they_stand(pages, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = Session()
    for page in pages:
        for name in needed_files((DOCS / page).read_text()):
            path = shared_file(name)
            (tmp_path / path.name).symlink_to(path)
        session.run(DOCS / page)


@pytest.mark.slow
def test_the_readmes_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = Session()
    for part, images, size in (("train", 4, 40), ("test", 2, 32)):
        given = [f"demo/{part}", f"--images={images}", f"--size={size}"]
        subprocess.run([sys.executable, ROOT / "examples" / "unet_em" / "make_data.py", *given], check=True)
    session.run(ROOT / "README.md")
    assert (tmp_path / "report.html").is_file()


def test_every_tutorial_and_how_to_is_run():
    found = {
        path.relative_to(DOCS).as_posix() for room in ("tutorials", "howto") for path in (DOCS / room).glob("*.md")
    }
    assert found == {page for pages in CHAINS.values() for page in pages} | SHOWN_ONLY


def test_a_page_that_shows_what_is_not_printed_fails(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```python\nprint('5 spikes')\n```\n\n```text\n7  spikes\n```\n")
    session = Session()
    session.run(page)
    page.write_text("```bash\necho 5 spikes\n```\n\n```text\n5 messages\n```\n")
    with pytest.raises(AssertionError, match="is shown, and not printed"):
        session.run(page)


def test_numbers_are_alike():
    assert alike("ann   0.9763  1,024 ") == "ann # #"
