"""The examples in docstrings say what happens."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from tests.builders.paths import ROOT

FILES = [path for package in ("convert", "partition", "deploy") for path in sorted((ROOT / package).rglob("*.py"))]
WITH_EXAMPLES = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in FILES if ">>> " in path.read_text()]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples(module):
    failed, tried = doctest.testmod(import_module(module), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried > 0
    assert failed == 0
