"""A whole slice of 512x512 pixels through a U-Net: overlapping crops, emulated, read out and stitched.

Run with ``python -m benchmarks.emulator.whole_slice`` from the repository, or give it a bundle and test images.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from convert.bundle import load_network
from convert.data.crops import crop_positions, cut
from convert.data.evaluate import Crops, crops_of, score
from convert.network import Network
from deploy.runs.windows import windows_at
from deploy.targets.readout import outputs_of
from deploy.targets.registry import Job, prepare
from partition.result import Partition, read_partition

from .networks import Subject, opened, random_unet
from .record import RESULTS, options_of, table

SIZE = 512


def measure(network: Network, found: Partition, crops: Crops, label: Any, threads: int) -> dict[str, Any]:
    """Seconds of each part, events, and the most memory that the process has taken so far."""
    times = [time.perf_counter()]
    job = Job(network, found, windows_at(network, [network.timesteps]), threads)
    runner = prepare("fast", job)
    times.append(time.perf_counter())
    runs = list(runner(crops.inputs))
    times.append(time.perf_counter())
    readout = network.readouts[0]
    output = crops.join(np.stack([outputs_of(network, readout, r.counts, job.windows)[0] for r in runs]))
    times.append(time.perf_counter())
    layers = [counts for run in runs for counts in run.layers.values()]
    return {
        "compile_s": times[1] - times[0],
        "emulate_s": times[2] - times[1],
        "read_out_s": times[3] - times[2],
        "total_s": times[3] - times[0],
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "crops": len(crops.inputs),
        "pixels": list(crops.size),
        "chip_neurons": sum(p.neurons for p in network.chip_populations),
        "spikes": sum(counts.spikes for counts in layers),
        "synops": sum(counts.synops or 0 for counts in layers),
        "overflows": sum(counts.overflows or 0 for counts in layers),
        "pixel_accuracy": None if label is None else score("segmentation", [output], [label])["pixel_accuracy"],
    }


def random_slice(subject: Subject) -> Crops:
    """One smooth random image, cut as a test image would be."""
    from .unet import images

    (image,) = images(1, SIZE)
    size = subject.network.input.shape[:2]
    positions = crop_positions(image.shape[:2], size, size[0] // 8)
    return Crops(cut(image, positions, size).astype(np.float32), positions, image.shape[:2])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="a U-Net's bundle (a 128x128 U-Net with random weights)")
    parser.add_argument("--data", type=Path, help="test images for the bundle, 512x512")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--slices", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options, record = options_of(parser, arguments, RESULTS / "whole_slice.json")
    rows = []
    for i in range(options.slices):

        def one(i: int = i) -> dict[str, Any]:
            if options.bundle:
                network = load_network(options.bundle).with_(timesteps=options.steps)
                found, data = read_partition(options.bundle / "partition.json"), opened(options.bundle, options.data)
                crops, label = crops_of(data, i, network.input.shape), np.asarray(data.label(i))
                return measure(network, found, crops, label, options.threads)
            subject = random_unet(128, steps=options.steps)
            return measure(subject.network, subject.partition, random_slice(subject), None, options.threads)

        m = record.measured(f"slice {i}", one)
        accuracy = "" if m["pixel_accuracy"] is None else f"{m['pixel_accuracy']:.3f}"
        rows.append(
            [
                " x ".join(map(str, m["pixels"])),
                f"{m['crops']} x {m['chip_neurons']:,}",
                options.steps,
                f"{m['spikes'] / 1e6:,.0f} M",
                f"{m['synops'] / 1e9:,.1f} G",
                f"{m['compile_s']:.1f}",
                f"{m['emulate_s']:.1f}",
                f"{m['read_out_s']:.1f}",
                f"**{m['total_s']:.1f}**",
                f"**{m['peak_gib']:.2f}**",
                accuracy,
            ]
        )
    print(
        table(
            [
                "pixels",
                "crops x chip neurons",
                "steps",
                "spikes",
                "synops",
                "compile, s",
                "emulate, s",
                "read out and stitch, s",
                "total, s",
                "peak memory, GiB",
                "pixel accuracy",
            ],
            rows,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
