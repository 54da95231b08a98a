"""``energy-report``: what it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from convert.errors import UserError
from deploy.report.cli import main
from deploy.report.read import read_runs


def test_the_command_writes_both_files(bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "page.html"
    result = CliRunner().invoke(main, [str(bundle), "-o", str(output), "--device", "sana-fe"])
    assert result.exit_code == 0, result.output
    assert json.loads(output.with_suffix(".json").read_text())["devices"][0]["name"] == "Loihi (SANA-FE)"
    assert output.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda b: b / "nowhere", "no such folder"),
        (lambda b: (b / "conversion.json").unlink() or b, "not a bundle"),
        (lambda b: (b / "runs/fast-128/run.json").unlink() or b, "has no runs"),
        (lambda b: (b / "runs/fast-128/run.json").write_text("{") and b, "run deploy-model again"),
        (
            lambda b: (b / "partition.json").write_text("{}") and b,
            "partition.json is damaged .*run partition-model again",
        ),
        (
            lambda b: (
                (b / "runs/fast-128/run.json").write_text(
                    '{"target": "fast", "images": 1, "timesteps": 8, "metrics": {}, "devices_measured": [{"name": ""}]}'
                )
                and b
            ),
            "damaged .*measured.*run deploy-model again",
        ),
        (
            lambda b: (b / "runs/fast-128/run.json").write_text("[]") and b,
            r"damaged \(Expected `object`",
        ),
        (
            lambda b: (b / "runs/fast-128/run.json").write_text('{"target": ""}') and b,
            "damaged .*run deploy-model again",
        ),
    ],
)
def test_what_is_no_run_is_a_user_error(bundle: Path, break_it: Any, words: str) -> None:
    path = break_it(bundle)
    with pytest.raises(UserError, match=words):
        read_runs([path])
    result = CliRunner().invoke(main, [str(path)])
    assert result.exit_code == 2


def test_the_output_must_be_a_page(bundle: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(main, [str(bundle), "-o", str(tmp_path / "a.txt")]).exit_code == 2
