"""Peaks of memory that the commands foresee, beside those that are measured, on models of many kinds.

``python -m benchmarks.memory.foreseen FOLDER [NAME ...]`` makes the models of ``benchmarks.memory.subjects`` (all of
them, without names) in FOLDER and runs the commands on them; what was measured before is kept in FOLDER/peaks.json.
The table has MiB and CPU seconds; SHARED_MODELS is the folder of the two trained ones.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.memory.measured import measured
from benchmarks.memory.subjects import SUBJECTS
from convert.memory.sizes import bytes_in

SAID = re.compile(r"foreseen: about ([\d.]+ [MG]iB), about ([\d.]+) (s|min|h) of a")
SECONDS = {"s": 1, "min": 60, "h": 3600}
Row = list[float]
"""Measured MiB, foreseen MiB, measured seconds, foreseen seconds, MiB of addresses beyond memory."""


def main(root: Path, names: list[str]) -> None:
    kept = root / "peaks.json"
    rows: dict[str, Row] = json.loads(kept.read_text()) if kept.exists() else {}
    for name in names:
        folder = root / re.sub(r"\W+", "-", name)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "data.npz").exists():
            measured(sys.executable, "-m", "benchmarks.memory.subjects", name, folder)
        for what, command in commands(name, folder):
            found = measured(*command)
            said = SAID.search(" ".join(found.said.split()))
            assert said, found.said
            foreseen_s = float(said[2]) * SECONDS[said[3]]
            beyond = (found.address_bytes - found.peak_bytes) / 2**20
            rows[f"{name}, {what}"] = [
                found.peak_bytes / 2**20,
                bytes_in(said[1]) / 2**20,
                found.cpu_s,
                foreseen_s,
                beyond,
            ]
            show(f"{name}, {what}", rows[f"{name}, {what}"])
            kept.write_text(json.dumps(rows))


def commands(name: str, folder: Path) -> Iterator[tuple[str, list[str | Path | int]]]:
    """The commands of one model, with what they do."""
    bundle, data = folder / "net.bundle", ["--data", folder / "data.npz"]
    metric = [] if SUBJECTS[name].classes else ["--metric", "mse"]
    model = folder / "model.keras"
    yield "convert", ["convert-model", model, *data, "-o", bundle, "--timesteps", 64, "--force", *metric]
    yield "partition", ["partition-model", bundle, "--seconds", 20, "--force"]
    yield "deploy", ["deploy-model", bundle, *data, "--no-measure", "--force"]
    yield "deploy and measure", ["deploy-model", bundle, *data, "--name", "measured", "--images", 4, "--force"]


def show(what: str, row: Row) -> None:
    peak, foreseen, cpu_s, foreseen_s, beyond = row
    print(
        f"{what:42} {peak:7,.0f} MiB, foreseen {foreseen:7,.0f} ({foreseen / peak:.2f}); "
        f"{cpu_s:5,.0f} s, foreseen {foreseen_s:5,.0f}; {beyond:,.0f} MiB of addresses beyond",
        flush=True,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(SUBJECTS))
