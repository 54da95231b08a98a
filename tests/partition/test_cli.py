"""``partition-model`` from the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from partition.cli import main
from tests.builders.shaped_networks import random_rates, unet


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    import convert.bundle

    network = unet(16, [4, 8])
    monkeypatch.setattr(convert.bundle, "load_network", lambda path: network)
    monkeypatch.setattr(convert.bundle, "load_rates", lambda path: random_rates(network))
    return tmp_path


def test_writes_the_partition_and_a_picture(bundle):
    result = CliRunner().invoke(main, [str(bundle), "--seed", "1"])
    assert result.exit_code == 0, result.output
    assert "estimated from rates" in result.output
    assert json.loads((bundle / "partition.json").read_text())["seed"] == 1
    assert (bundle / "partition.svg").stat().st_size > 1000


def test_an_existing_partition_is_kept_unless_forced(bundle):
    (bundle / "partition.json").write_text("old")
    result = CliRunner().invoke(main, [str(bundle)])
    assert result.exit_code == 2
    assert "add --force" in result.stderr
    assert (bundle / "partition.json").read_text() == "old"
    assert CliRunner().invoke(main, [str(bundle), "--force"]).exit_code == 0
    assert (bundle / "partition.json").read_text() != "old"


def test_what_is_no_bundle_ends_with_one_sentence(tmp_path):
    result = CliRunner().invoke(main, [str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert result.stderr.startswith("error: ")


def test_an_unknown_board_ends_with_one_sentence(bundle):
    result = CliRunner().invoke(main, [str(bundle), "--board", "moon"])
    assert result.exit_code == 2
    assert "neither a known board nor a file" in result.stderr
    assert not (bundle / "partition.json").exists()


def test_what_fits_one_chip_needs_no_proof(bundle):
    result = CliRunner().invoke(main, [str(bundle), "--prove", "5"])
    assert result.exit_code == 0
    assert "--prove: not for" in result.output


def test_help_shows_an_example():
    call = [sys.executable, "-c", "from partition.cli import main; main(['--help'])"]
    shown = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert "Example: partition-model" in shown
