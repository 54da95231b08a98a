"""A test set of 32x32 images through a ResNet-20, in batches that are measured one by one.

Run with ``python -m benchmarks.emulator.classifier`` from the repository, or give it a bundle and test images.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from convert.bundle import load_network
from deploy.runs.windows import windows_at
from deploy.targets.readout import outputs_of
from deploy.targets.registry import Job, Runner, prepare
from partition.result import read_partition

from .networks import opened, random_resnet
from .record import RESULTS, options_of, table, timed

BATCH = 100
Batches = Callable[[int, int], tuple[np.ndarray, np.ndarray | None]]
"""(first, last) -> images and their classes, if they have one."""


def prepared(options: Any) -> tuple[Job, Batches]:
    """The job and its images: those of the bundle's test set evenly drawn, or random ones."""
    if options.bundle is None:
        subject = random_resnet(options.steps, options.images)
        network, found = subject.network, subject.partition

        def batch(first: int, last: int) -> tuple[np.ndarray, np.ndarray | None]:
            return subject.images[first:last], None
    else:
        network = load_network(options.bundle).with_(timesteps=options.steps)
        found, data = read_partition(options.bundle / "partition.json"), opened(options.bundle, options.data)
        chosen = np.arange(options.images) * len(data) // options.images

        def batch(first: int, last: int) -> tuple[np.ndarray, np.ndarray | None]:
            at = chosen[first:last].tolist()
            return np.stack([data.image(i) for i in at]), np.array([data.label(i) for i in at])

    return Job(network, found, windows_at(network, [options.steps]), options.threads), batch


def measure(job: Job, runner: Runner, images: np.ndarray, labels: np.ndarray | None) -> dict[str, Any]:
    """Seconds for these images to their classes, and events."""

    def classify() -> tuple[list[int], list[Any]]:
        runs = list(runner(images))
        readout = job.network.readouts[0]
        return [int(outputs_of(job.network, readout, r.counts, job.windows)[0].argmax()) for r in runs], runs

    time, (classes, runs) = timed(classify)
    layers = [counts for run in runs for counts in run.layers.values()]
    return {
        **time,
        "images": len(images),
        "correct": None if labels is None else int((np.array(classes) == labels).sum()),
        "spikes": sum(counts.spikes for counts in layers),
        "synops": sum(counts.synops or 0 for counts in layers),
        "overflows": sum(counts.overflows or 0 for counts in layers),
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="a classifier's bundle (a ResNet-20 with random weights)")
    parser.add_argument("--data", type=Path, help="test images for the bundle")
    parser.add_argument("--steps", type=int, default=128)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    options, record = options_of(parser, arguments, RESULTS / "classifier.json")
    job, batch = prepared(options)
    compilation, runner = timed(lambda: prepare("fast", job))
    compile_s = record.measured("compile", lambda: compilation)["s"]
    batches = [
        record.measured(
            f"images from {first}",
            lambda first=first: measure(job, runner, *batch(first, min(first + BATCH, options.images))),
        )
        for first in range(0, options.images, BATCH)
    ]
    total = {key: sum(b[key] for b in batches) for key in ("images", "s", "spikes", "synops", "overflows")}
    correct = None if batches[0]["correct"] is None else sum(b["correct"] for b in batches)
    print(
        table(
            [
                "images",
                "steps",
                "chip neurons",
                "spikes / image",
                "synops / image",
                "compile, s",
                "ms / image",
                "total, s",
                "peak memory, GiB",
                "accuracy",
            ],
            [
                [
                    total["images"],
                    options.steps,
                    f"{sum(p.neurons for p in job.network.chip_populations):,}",
                    f"{total['spikes'] / total['images'] / 1e6:.2f} M",
                    f"{total['synops'] / total['images'] / 1e6:,.0f} M",
                    f"{compile_s:.1f}",
                    f"{total['s'] / total['images'] * 1e3:.0f}",
                    f"**{total['s'] + compile_s:.1f}**",
                    f"{max(b['peak_gib'] for b in batches):.2f}",
                    "" if correct is None else f"{correct / total['images']:.3f}",
                ]
            ],
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
