"""Networks trained from scratch on recordings, through every command: accuracy, spikes, operations, joules.

    python -m benchmarks.events.from_scratch nmnist EVENTS OUT [SEED]
    python -m benchmarks.events.from_scratch tactile EVENTS OUT [SEED]  (tactile_time, tactile_location: one view alone)

EVENTS has nmnist_train800.npz and nmnist_test60.npz, or ev_objects_train576.npz and ev_objects_test_a.npz (x of shape
(recordings, taxels, polarities, steps)). What lies in OUT is not made again, and a training that was killed goes on.
Prints a row, and writes it to benchmarks/events/results/NAME.json.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np

from benchmarks.events.networks import BINS, nmnist, tactile, tactile_location, tactile_time
from convert.bundle import load_report
from convert.data.events.views import both_views, location_view, merged, time_view
from deploy import compare_energy

RESULTS = Path(__file__).with_name("results")

OPTIONS = {
    "nmnist": "--steps 20 --event-dt 0.015 --leak 0.1 --epochs 60 --shift 2 --drop 0.1",
    "tactile": "--steps 50 --leak 0.1 --epochs 60",
    "tactile_time": "--steps 50 --leak 0.1 --epochs 60",
    "tactile_location": "--steps 39 --leak 0.1 --epochs 60",
}
"""Of train-model."""

ARCHITECTURES = {
    "nmnist": nmnist,
    "tactile": tactile,
    "tactile_time": tactile_time,
    "tactile_location": tactile_location,
}

SUFFIX = {"tactile": "views", "tactile_time": "time", "tactile_location": "location"}

SEEN = {"tactile": both_views, "tactile_time": time_view, "tactile_location": location_view}
"""How the touch sensor's recordings are seen."""

DEVICE = "Loihi (Davies 2018)"

COMMANDS = {
    "train-model": "convert.train_model",
    "partition-model": "partition.cli",
    "deploy-model": "deploy.cli",
}


@dataclass(frozen=True)
class Files:
    """Of one network in the folder ``out``."""

    name: str
    out: Path

    @property
    def model(self) -> Path:
        return self.out / f"{self.name}.keras"

    @property
    def bundle(self) -> Path:
        return self.out / f"{self.name}.bundle"


def main(name: str, events: Path, out: Path, seed: int = 0) -> None:
    out.mkdir(parents=True, exist_ok=True)
    files = Files(f"{name}_seed{seed}" if seed else name, out)
    train, test = data_of(name, events, out)
    if not files.model.exists():
        ARCHITECTURES[name](files.model, seed)
    options = [*shlex.split(OPTIONS[name]), *(["--seed", str(seed)] if seed else [])]
    learn = ["--data", train, "--held-out", test, "-o", files.bundle, *options]
    if not files.bundle.exists():
        ran("train-model", files.model, *learn)
    if not (files.bundle / "partition.json").exists():
        ran("partition-model", files.bundle)
    if not (files.bundle / "runs" / "fast").exists():
        ran("deploy-model", files.bundle, "--data", test, "--no-measure")
    row = row_of(files)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{files.name}.json").write_text(json.dumps(row, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(row, indent=2))


def data_of(name: str, events: Path, out: Path) -> tuple[Path, Path]:
    """The recordings to learn from and to test on; of the touch sensor in one or both views, written to ``out``."""
    if name == "nmnist":
        return events / "nmnist_train800.npz", events / "nmnist_test60.npz"
    found = []
    for part in ("train576", "test_a"):
        found.append(out / f"ev_objects_{part}_{SUFFIX[name]}.npz")
        if not found[-1].exists():
            with np.load(events / f"ev_objects_{part}.npz") as data:
                counts = merged(data["x"].transpose(0, 3, 1, 2), BINS)
                np.savez_compressed(found[-1], x=SEEN[name](counts), y=data["y"])
    return found[0], found[1]


def ran(command: str, *arguments: object) -> None:
    words = [str(argument) for argument in arguments]
    print("$", shlex.join([command, *words]), flush=True)
    program = f"from {COMMANDS[command]} import main; main()"
    subprocess.run([sys.executable, "-c", program, *words], check=True)


def row_of(files: Files) -> dict[str, object]:
    """What came of it, on exact integers."""
    report = compare_energy([files.bundle], files.out / f"{files.name}.html", force=True)
    run, converted = report.runs[0], load_report(files.bundle)
    point = run.points[-1]
    cost = next(cost for cost in point.costs if cost.device == DEVICE)
    accuracy = run.metrics.snn["accuracy"]
    assert accuracy is not None
    assert converted.provenance is not None
    return {
        "command": converted.provenance.command,
        "recordings": run.images,
        "right": round(accuracy * run.images),
        "accuracy": round(accuracy, 4),
        "standard_error": round(sqrt(accuracy * (1 - accuracy) / run.images), 4),
        "accuracy_in_training": converted.metrics["spiking"]["accuracy"],
        "steps": run.timesteps,
        "neurons": sum(layer.neurons for layer in converted.layers if layer.on_chip),
        "cores": run.partition.cores,
        "spikes": run.spikes,
        "host_spikes": run.host_messages,
        "synops": run.synops,
        "device": cost.device,
        "millijoules": [1e3 * value for value in (cost.joules.low, cost.joules.nominal, cost.joules.high)],
        "milliseconds": 1e3 * cost.seconds.nominal,
    }


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:]))
