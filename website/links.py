"""Links of Markdown files: written for the repository, rewritten for the site."""

from __future__ import annotations

import posixpath
import re

LINK = re.compile(r"(?<=\]\()(?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?(?=\))")

PAGES = {
    "SUPPORTED.md": "reference/supported.md",
    "ARCHITECTURE.md": "reference/architecture.md",
    "CONTRIBUTING.md": "reference/contributing.md",
    "CHANGELOG.md": "reference/changelog.md",
    "SECURITY.md": "reference/security.md",
    "benchmarks/accuracy/README.md": "reference/stock.md",
    "README.md": "index.md",
}
"""Files of the repository outside docs/, and the page of the site that each becomes."""


def repository_links(markdown: str, path: str) -> list[str]:
    """The files that the Markdown file ``path`` of the repository links to, as paths of the repository."""
    here = posixpath.dirname(path)
    return [posixpath.normpath(posixpath.join(here, found["path"])) for found in LINK.finditer(markdown)]


def for_site(markdown: str, repository_path: str, page: str) -> str:
    """``markdown``, at ``repository_path`` in the repository, with links for the site, where it is ``page``."""

    def replaced(found: re.Match[str]) -> str:
        (target,) = repository_links(f"]({found['path']})", repository_path)
        return posixpath.relpath(_place(target), posixpath.dirname(page)) + (found["anchor"] or "")

    return LINK.sub(replaced, markdown)


def _place(target: str) -> str:
    if target in PAGES:
        return PAGES[target]
    return target.removeprefix("docs/") if target.startswith("docs/") else f"files/{target}"
