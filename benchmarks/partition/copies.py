"""Neurons computed twice: what they spare between chips, and what they cost, by how many cores are kept for them.

    python -m benchmarks.partition.copies BUNDLE TEST [--chips 16] [--copies 0 8] [--images 8] [--seconds 300]

Planned with the rates of calibration, counted on test images by the exact emulator; the digest of all spikes is the
same in each row. Joules are those of SANA-FE's constants for all steps.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from benchmarks.emulator.record import table
from convert.bundle import load_network, load_rates
from convert.network import Network
from deploy.emulator import compile_network, drives_hz, run
from deploy.emulator.results import Presentation
from deploy.energy.counts import Counts
from deploy.energy.devices import SANA_FE
from deploy.energy.estimate import loihi_estimate
from deploy.runs.report import BusiestCores, PipelineEvents
from partition.result import Partition
from partition.search import partition

from .subjects import inputs


@dataclass(frozen=True)
class Counted:
    """What a partition does on test images: means of one image, messages of a step; a digest of all spikes."""

    interchip: float
    host: float
    spikes: float
    synops: float
    updates: float
    joules: float
    digest: str


def counted(network: Network, found: Partition, images: np.ndarray) -> Counted:
    """``images``, shape (images, rows, columns, channels), through the emulator on the cores of ``found``."""
    program = compile_network(network, found)
    names = [layer.name for layer in program.layers]
    digest = sha256()
    counts, joules, host = np.zeros(4), 0.0, 0.0
    hosts = {p.name for p in network.populations if not p.on_chip}
    for result in run(program, drives_hz(network, images), record=names):
        for name in names:
            digest.update(result.spikes[name].raster(program.layer(name)).tobytes())
        events = result.counts
        host += sum(events[name].messages for name in hosts)
        counts += [
            sum(c.interchip for name, c in events.items() if name not in hosts),
            sum(c.spikes for c in events.values()),
            sum(c.synops for c in events.values()),
            sum(c.neuron_updates for c in events.values()),
        ]
        joules += _joules(network, found, result)
    interchip, spikes, synops, updates = counts / len(images)
    steps = network.timesteps
    return Counted(
        interchip / steps,
        host / len(images) / steps,
        spikes,
        synops,
        updates,
        joules / len(images),
        digest.hexdigest()[:12],
    )


def _joules(network: Network, found: Partition, result: Presentation) -> float:
    events = result.counts.values()
    assert result.busiest is not None
    longer, shorter = (PipelineEvents(**dict(zip(FIELDS, row, strict=True))) for row in result.busiest[-1].tolist())
    counts = Counts(
        timesteps=network.timesteps,
        synops=sum(c.synops for c in events),
        neuron_updates=sum(c.neuron_updates for c in events),
        spikes=sum(c.spikes for c in events),
        messages=sum(c.messages for c in events),
        conv_synops=sum(c.conv_synops for c in events),
        chips=found.chips,
        busiest=BusiestCores(longer=longer, shorter=shorter, images=1),
    )
    return loihi_estimate(SANA_FE, counts).joules_per_inference.total or 0.0


FIELDS = ("neuron_updates", "spikes", "messages_out", "messages_in", "synops", "conv_synops")
HEADER = ["cores kept", "chips", "cores", "of these copies", "planned", "counted", "from the host", "synops, M",
          "updates, M", "joules", "spikes"]  # fmt: skip


def line(kept: int, found: Partition, planned: float, seen: Counted) -> list[str]:
    return [
        str(kept),
        str(found.chips),
        f"{len(found.on_cores):,}",
        f"{len(found.copies):,}",
        f"{planned:,.0f}",
        f"{seen.interchip:,.0f}",
        f"{seen.host:,.0f}",
        f"{seen.synops / 1e6:.1f}",
        f"{seen.updates / 1e6:.2f}",
        f"{seen.joules:.4g}",
        seen.digest,
    ]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--chips", type=int, default=16)
    parser.add_argument("--copies", type=int, nargs="+", default=[0, 8])
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=300.0)
    options = parser.parse_args(arguments)
    network, rates = load_network(options.bundle), load_rates(options.bundle)
    images = inputs(network, options.bundle, options.test, options.images)
    rows = []
    for kept in options.copies:
        found = partition(
            network, rates, board="pohoiki-springs", chips=options.chips, copies=kept, seconds=options.seconds
        )
        planned = found.report.messages_per_step.interchip
        rows.append(line(kept, found, planned, counted(network, found, images)))
    print(table(HEADER, rows))


if __name__ == "__main__":
    main(sys.argv[1:])
