"""Seconds from nothing to the first spikes: what is imported, what Numba compiles, and a whole command.

Every measurement is a new process. Run with ``python -m benchmarks.emulator.startup`` from the repository.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .record import RESULTS, options_of, table, timed

ROOT = Path(__file__).parents[2]
STOCK = "import nengo_loihi"
OURS = "from convert.upstream.nengo_loihi import load_nengo_loihi; load_nengo_loihi()"
SPIKES = """
from benchmarks.emulator.unet import images, partition, unet
from deploy.emulator import compile_network, drives_hz, run
network = unet(16, steps=10)
run(compile_network(network, partition(network)), drives_hz(network, images(1, 16)))
"""


def process(code: str, **environment: str) -> dict[str, Any]:
    """Median seconds of three processes that run ``code``, after one that warms the disk cache."""

    def once() -> None:
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env=os.environ | environment,
        )

    once()
    return timed(once, 3)[0]


def compiling() -> dict[str, Any]:
    """One process that finds no compiled kernels."""
    with tempfile.TemporaryDirectory() as empty:
        return timed(
            lambda: subprocess.run(
                [sys.executable, "-W", "ignore", "-c", SPIKES],
                check=True,
                cwd=ROOT,
                env=os.environ | {"NUMBA_CACHE_DIR": empty},
            )
        )[0]


def command(bundle: Path, data: Path) -> dict[str, Any]:
    """deploy-model with one image, on a copy of the bundle."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(bundle, Path(folder) / "bundle", ignore=shutil.ignore_patterns("runs"))
        arguments = [copy, "--data", data, "--images", "1", "--no-measure", "--force"]
        program = Path(sys.executable).with_name("deploy-model")
        return timed(lambda: subprocess.run([program, *arguments], check=True, capture_output=True), 3)[0]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="a partitioned bundle, for deploy-model")
    parser.add_argument("--data", type=Path, help="test images for the bundle")
    options, record = options_of(parser, arguments, RESULTS / "startup.json")
    wanted = {
        "`import nengo_loihi`": lambda: process(STOCK),
        "`load_nengo_loihi()`": lambda: process(OURS),
        "first spikes, kernels compiled by Numba": compiling,
        "first spikes, kernels from its cache": lambda: process(SPIKES),
    }
    if options.bundle:
        wanted["`deploy-model --images 1 --no-measure`"] = lambda: command(options.bundle, options.data)
    rows = [[name, f"{record.measured(name, measure)['s']:.1f}"] for name, measure in wanted.items()]
    print(table(["a process that runs", "seconds"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
