"""Where commands run: without room, without a terminal, told to end, with settings of other programs around them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PARTITION = Path(sys.executable).with_name("partition-model")
TERMINATED = """
import os, signal, sys, time
from pathlib import Path
import rich_click as click
from convert.console.terminal import command
from convert.storage.atomic import whole_folder

@click.command()
@command
def main():
    with whole_folder(Path(sys.argv[1]), force=False) as folder:
        (folder / "half").write_text("")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

main([])
"""


def partition(bundle, *, redirect="", **environment):
    """``partition-model`` in a shell, where ``redirect`` says what becomes of its output."""
    return subprocess.run(
        f"'{PARTITION}' '{bundle}' --force {redirect}",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def test_a_full_disk_behind_stdout(tiny_bundle):
    done = partition(tiny_bundle, redirect="> /dev/full")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert done.stderr.startswith("error: cannot write: No space left on device")


@pytest.mark.parametrize("redirect", ["2>&-", "2> /dev/full"])
def test_nothing_to_complain_on(redirect, tmp_path):
    assert partition(tmp_path / "none", redirect=redirect).returncode == 2


@pytest.mark.parametrize(
    "environment",
    [
        {"MPLBACKEND": "of a notebook that is not installed"},
        pytest.param({"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}, marks=pytest.mark.slow),
        {"TMPDIR": "/no/such/folder"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    ],
    ids=["MPLBACKEND", "no place for Numba's cache", "TMPDIR", "ASCII"],
)
def test_settings_of_other_programs(environment, tiny_bundle):
    done = partition(tiny_bundle, **environment)
    assert done.returncode == 0, done.stderr


def test_told_to_end_a_command_leaves_nothing(tmp_path):
    done = subprocess.run([sys.executable, "-c", TERMINATED, tmp_path / "a"], check=False, timeout=50)
    assert done.returncode == 143
    assert not list(tmp_path.iterdir())
