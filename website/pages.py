"""The pages that are made: from the commands, the types of the reports, and files of the repository's root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from convert.frontends.keras.supported_md import supported
from deploy.report.schemas import REPORTS
from website.commands import commands_page
from website.links import PAGES, repository_links
from website.notebooks import notebook
from website.schemas import schema_page

ROOT = Path(__file__).parents[1]


class Made(NamedTuple):
    """A file of the site, ``path``; its links are those of a file at ``repository_path``."""

    path: str
    text: str
    repository_path: str


def made_pages() -> Iterator[Made]:
    """All of them."""
    yield Made("reference/commands.md", commands_page(), "docs/reference/commands.md")
    for name in REPORTS:
        page = f"reference/schemas/{name}.md"
        yield Made(page, schema_page(name), f"docs/{page}")
    for source, page in PAGES.items():
        if source == "SUPPORTED.md":
            yield Made(page, supported(), source)
        elif page != "index.md":
            yield Made(page, (ROOT / source).read_text(), source)
    for tutorial in sorted((ROOT / "docs" / "tutorials").glob("*.md")):
        yield Made(f"tutorials/{tutorial.stem}.ipynb", notebook(tutorial.read_text()), "")
    yield Made("llms.txt", (ROOT / "llms.txt").read_text(), "")


def copied_files() -> list[str]:
    """Files of the repository outside docs/ that pages link to."""
    pages = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
    links = {link for page in [*pages, *PAGES] for link in repository_links((ROOT / page).read_text(), page)}
    outside = (link for link in links if not link.startswith("docs/") and link not in PAGES)
    return sorted(link for link in outside if (ROOT / link).is_file())
