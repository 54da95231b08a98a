"""What each method of keeping the accuracy brings: one model converted in several ways, run on the same test images.

    python -m benchmarks.accuracy.methods MODEL TRAIN TEST --work FOLDER [--images N] [--epochs N] [--batches N]

Every row is four commands of this repository; a row whose report exists is not made again. Prints the table of
README.md in this folder: exact integer emulation, energy estimated from the counted events by Davies et al. 2018.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

STEPS = (32, 48, 64, 80, 96, 128)
LOIHI = "Loihi (Davies 2018)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "train", "test"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batches", type=int, default=150)
    parser.add_argument("--max-pooling")
    parser.add_argument("--rows", nargs="*", help="names of methods; default all")
    given = parser.parse_args()
    pooling = ["--max-pooling", given.max_pooling] if given.max_pooling else []
    loss = ["--fine-tune", given.epochs]
    few = ["--rates", 700, 900, "--timesteps", 64]
    spikes = ["--spiking-fine-tune", given.batches]
    methods: dict[str, list[Any]] = {
        "one scale": ["--one-scale"],
        "one scale, 256 steps": ["--one-scale", "--timesteps", 256],
        "scaled by the maximum": ["--percentile", 100],
        "scaled by the percentile 99.9": [],
        "percentile loss": loss,
        "percentile loss, 80 steps": [*loss, "--timesteps", 80],
        "few steps": few,
        "few steps, percentile loss": [*few, *loss],
        "few steps, through spikes": [*few, *spikes],
        "few steps, percentile loss, through spikes": [*few, *loss, *spikes],
    }
    for name in given.rows or methods:
        bundle = given.work / f"{name.replace(' ', '_').replace(',', '')}.bundle"
        if not bundle.with_suffix(".json").exists():
            make(given, bundle, [*pooling, *methods[name]])
        show(name, bundle)


def make(given: argparse.Namespace, bundle: Path, options: list[Any]) -> None:
    """One row: the four commands."""
    command("convert-model", given.model, "--data", given.train, "-o", bundle, "--force", *options)
    command("partition-model", bundle, "--force")
    command("deploy-model", bundle, "--data", given.test, "--images", given.images, "--no-measure", "--force")
    command("energy-report", bundle, "-o", bundle.with_suffix(".html"), "--force")


def command(*words: Any) -> None:
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)


def show(name: str, bundle: Path) -> None:
    """Prints the row: metric by steps, then events and energy at the knee and at the end."""
    run = json.loads(bundle.with_suffix(".json").read_text())["runs"][0]
    metrics = run["metrics"]
    metric = "accuracy" if "accuracy" in metrics["ann"] else "pixel_accuracy"
    rows = {row["timesteps"]: row for row in metrics["by_timestep"]}
    shown = [rows[run["knee"]["timesteps"]], rows[max(rows)]]
    events = "; ".join(
        f"at {row['timesteps']}: {row['spikes'] / row['neuron_updates'] * 1000:.0f} Hz, {row['spikes']:.3g} spikes, "
        f"{row['synops']:.3g} synops, {row['joules_per_inference'][LOIHI] * 1000:.3g} mJ"
        for row in shown
    )
    values = " | ".join(f"{rows[t][metric]:.4f}" if t in rows else "" for t in STEPS)
    print(f"| {name} | {metrics['ann'][metric]:.4f} | {values} | {events} |", flush=True)


if __name__ == "__main__":
    main()
