"""Every command line that README and docs show is one that the commands take."""

from __future__ import annotations

import re

import pytest

from tests.builders.documented import logical_lines, problems_of
from tests.builders.paths import ROOT
from website.commands import commands
from website.fences import fences, without_front_matter

PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "llms.txt", *sorted((ROOT / "docs").rglob("*.md")))
]
FOR_USERS = [page for page in PAGES if page == "README.md" or page.startswith(("docs/tutorials", "docs/howto"))]
OF_OTHER_PROGRAMS = {"--help", "--signal", "--no-build-isolation", "--images", "--size", "--seed"}
BETWEEN = re.compile(r"\s(?:&&|\|\||\|)\s|;\s")


def command_lines(page):
    """The lines of a page's blocks, and its inline code, that begin with one of our commands."""
    text = without_front_matter((ROOT / page).read_text())
    blocks = [line for fence in fences(text) for line in logical_lines(fence.text)]
    lines = [*blocks, *re.findall(r"`([a-z]+-[a-z]+ [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))]
    parts = [part.strip().removeprefix("$ ") for line in lines for part in BETWEEN.split(line)]
    return [part.replace(" ...", "") for part in parts if part.split(" ")[0] in commands()]


@pytest.mark.parametrize("page", PAGES)
def test_commands_take_what_the_page_shows(page):
    known = commands()
    assert [problem for line in command_lines(page) for problem in problems_of(line, known)] == []


def test_there_are_command_lines():
    assert len(command_lines("README.md")) >= 7


def test_readme_names_every_command():
    assert {line.split(" ")[0] for line in command_lines("README.md")} == set(commands())


def test_an_option_that_is_gone_is_found():
    known = commands()
    assert problems_of("deploy-model unet.bundle --data test --no-such-option", known)
    assert problems_of("deploy-model unet.bundle --data test --target moon", known)


@pytest.mark.parametrize("page", FOR_USERS)
def test_options_named_in_the_text_are_there(page):
    named = set(re.findall(r"`[^`]*?(--[a-z][a-z-]+)", (ROOT / page).read_text()))
    there = {name for command in commands().values() for p in command.params for name in (*p.opts, *p.secondary_opts)}
    assert named - there - OF_OTHER_PROGRAMS == set()
