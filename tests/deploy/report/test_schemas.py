"""The schemas in docs/ are those of the reports, and what is written fits them."""

from __future__ import annotations

import json
import re
from itertools import chain

import pytest

from deploy.report.schemas import REPORTS, schema
from tests.builders.paths import ROOT


@pytest.mark.parametrize("name", REPORTS)
def test_the_schemas_in_docs_are_those_of_the_reports(name):
    assert (ROOT / "docs" / "schemas" / f"{name}.schema.json").read_bytes() == schema(name)


NAMES_OF_NUMBERS = {"ann", "before", "after", "50", "90", "99", "max"} | {"max_pooling_replaced", "fine_tuned", "rate"}
"""Keys of dictionaries, which a schema leaves open."""


def promised(name):
    """The keys that docs/files.md names in its row on NAME.json."""
    page = (ROOT / "docs" / "files.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {name}.json |")]
    return set(re.findall(r"`(\w+)(?:\[\])?`", row))


def keys_in(described):
    """Every key that a schema describes, at any depth."""
    if isinstance(described, dict):
        return {*described.get("properties", {}), *chain.from_iterable(map(keys_in, described.values()))}
    return set(chain.from_iterable(map(keys_in, described))) if isinstance(described, list) else set()


@pytest.mark.parametrize("name", REPORTS)
def test_the_keys_that_the_docs_promise_are_there(name):
    assert len(promised(name)) > 8
    assert promised(name) - keys_in(json.loads(schema(name))) - NAMES_OF_NUMBERS == set()
