"""The same commands in other surroundings (threads, hashes, time zone, language, folder): are the bytes the same?

    python -m benchmarks.reliability.same_bytes [--case NAME]

Every case is a way to convert; each is converted, partitioned, run and reported in all ``SURROUNDINGS``, and every file
compared with that of the first. Exit code 1 if any differs outside its block of timings.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .subjects import BUNDLE, DATA, MODEL, contents, make, program, ran, results, write

CASES = {
    "defaults": ["--max-pooling", "average"],
    "fine-tuned": ["--max-pooling", "average", "--fine-tune", "2"],
    "trained through spikes": ["--max-pooling", "strided", "--spiking-fine-tune", "3"],
    "few steps": [
        *("--max-pooling", "average", "--recipe", "stbp", "--steps", "6"),
        *("--spiking-fine-tune", "6", "--spike-penalty", "0.01"),
    ],
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
SURROUNDINGS = {
    "a/first": (dict.fromkeys(THREADS, "1") | {"PYTHONHASHSEED": "1"}, "1"),
    "b/another/folder": (
        dict.fromkeys(THREADS, "2") | {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        "2",
    ),
    "c": ({"PYTHONHASHSEED": "3", "TF_NUM_INTEROP_THREADS": "4", "OMP_NUM_THREADS": "4", "TZ": "UTC+11"}, "3"),
}
"""Folder: (variables of the environment, threads of deploy-model)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=CASES, action="append", help="only this one; may be given several times")
    chosen = parser.parse_args().case or list(CASES)
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "made")
        found = {name: compared(Path(folder), name, options) for name, options in CASES.items() if name in chosen}
    write(results("same_bytes"), found)
    sys.exit(any(case["differing"] for case in found.values()))


def compared(folder: Path, name: str, options: list[str]) -> dict[str, object]:
    """The number of runs and files, and the names of those that differ."""
    made, differing = [], set()
    for place, (variables, threads) in SURROUNDINGS.items():
        here = folder / name.replace(" ", "_") / place
        here.mkdir(parents=True)
        for file in (MODEL, DATA):
            (here / file).write_bytes((folder / "made" / file).read_bytes())
        chain(here, options, threads, variables)
        made.append(contents(here))
        differing |= {file for file in made[0] if made[-1].get(file) != made[0][file]} | made[-1].keys() ^ made[
            0
        ].keys()
    return {
        "runs": len(made),
        "files": len(made[0]),
        "compared": len(made[0]) * (len(made) - 1),
        "differing": sorted(differing),
    }


def chain(here: Path, options: list[str], threads: str, variables: dict[str, str]) -> None:
    """All four commands in the folder ``here``."""
    steps = [] if "--steps" in options else ["--timesteps", "32"]
    board = here / "board.json"
    board.write_text('{"name": "mine", "chips": 8}')
    for command, *arguments in (
        ("convert-model", MODEL, "--data", here / DATA, "-o", here / BUNDLE, *steps, *options),
        ("partition-model", BUNDLE, "--board", board),
        ("deploy-model", here / BUNDLE, "--data", DATA, "--images", "6", "--threads", threads),
        ("deploy-model", BUNDLE, "--data", here / DATA, "--images", "4", "--target", "emulator", "--no-measure"),
        ("energy-report", BUNDLE, "-o", here / "report.html"),
    ):
        done = ran(program(command, *arguments), here, **variables)
        if done.returncode:
            sys.exit(f"{command}: {done.stderr}")


if __name__ == "__main__":
    main()
