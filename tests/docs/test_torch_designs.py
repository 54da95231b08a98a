"""docs/onnx.md ends with what came of PyTorch's designs."""

from __future__ import annotations

import json

import pytest

from benchmarks.torch_models.table import HEADING, PAGE, RESULTS, section

FOUND = json.loads(RESULTS.read_text())


def test_the_page_says_what_the_results_say():
    _, _, end = PAGE.read_text(encoding="utf-8").partition(HEADING)
    assert HEADING + end == section(FOUND), "python -m benchmarks.torch_models.table FOLDER writes it"


@pytest.mark.parametrize("name", FOUND["rows"])
def test_each_converts_or_has_every_node_named_by_both_exporters(name):
    row = FOUND["rows"][name]
    assert row["outcome"] == row["older"]["outcome"]
    for found in (row, row["older"]):
        assert found["outcome"] in ("converted", "refused")
        assert found.get("named") == found.get("nodes")
