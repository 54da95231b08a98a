"""README is short, and its links lead somewhere."""

from __future__ import annotations

import pytest

from tests.builders.paths import ROOT
from website.links import repository_links

MOST_WORDS = 1000


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= MOST_WORDS


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "llms.txt", "SECURITY.md"])
def test_links_lead_somewhere(page):
    links = repository_links((ROOT / page).read_text(), page)
    assert [link for link in links if not (ROOT / link).exists()] == []
