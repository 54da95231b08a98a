"""What each idea of the emulator brings: the same network on one core with strips of other sizes, biases as pairs of
place and weight, and all compartments step by step with an index for every weight.

Run with ``python -m benchmarks.emulator.ablation`` from the repository.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any
from unittest.mock import patch

from deploy.emulator import compile as compiling
from deploy.emulator import compile_network, drives_hz, flatten_model, links, run, run_model
from deploy.emulator.host_side import host_spikes
from deploy.nengo_loihi.build import chip_form, simulator

from .networks import Subject, random_unet, trained
from .record import RESULTS, options_of, table, timed

STRIPS = (1024, 2048, 4096, 8192, 16384, 32768, 2**30)
REPEAT = 5


def on_one_core(subject: Subject, steps: int) -> dict[str, Any]:
    drives = drives_hz(subject.network, subject.images[:1])
    program = compile_network(subject.network, subject.partition)
    run(program, drives, 2, threads=1)
    return timed(lambda: run(program, drives, steps, threads=1), REPEAT)[0]


def with_strips(subject: Subject, steps: int, neurons: int) -> dict[str, Any]:
    with patch.object(compiling, "STRIP_NEURONS", neurons):
        return on_one_core(subject, steps)


def with_pairs(subject: Subject, steps: int) -> dict[str, Any]:
    with patch.object(links, "DENSE", 2.0):
        return on_one_core(subject, steps)


def step_by_step(subject: Subject, steps: int) -> dict[str, Any]:
    """What ``run_model`` does for networks that come from Nengo."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        form = chip_form(subject.network, subject.partition, drives_hz(subject.network, subject.images[:1]))
        with simulator(form, subject.network, subject.partition) as sim:
            flat, given = flatten_model(sim.model), host_spikes(sim, steps)
    run_model(flat, [spikes[:2] for spikes in given], 2)
    return timed(lambda: run_model(flat, given, steps), 3)[0]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--bundle", type=Path, help="a U-Net's bundle, cut to --size, for the biases")
    parser.add_argument("--data", type=Path, help="test images for the bundle")
    options, record = options_of(parser, arguments, RESULTS / "ablation.json")
    subject, steps = random_unet(options.size, steps=options.steps), options.steps
    base = record.measured("as it is", lambda: on_one_core(subject, steps))["s"]
    rows = []
    for neurons in STRIPS:
        name = f"strips of {neurons:,} neurons" if neurons < 2**30 else "whole layers"
        found = record.measured(name, lambda neurons=neurons: with_strips(subject, steps, neurons))
        rows.append(["random weights", name, f"{found['s'] * 1e3:.0f}", f"{found['s'] / base:.2f}"])
    found = record.measured("step by step", lambda: step_by_step(subject, steps))
    name = "all compartments step by step, an index for every weight"
    rows.append(["random weights", name, f"{found['s'] * 1e3:,.0f}", f"{found['s'] / base:.1f}"])
    if options.bundle:
        learned = trained(options.bundle, options.data, size=options.size, images=1, steps=steps)
        base = record.measured("trained", lambda: on_one_core(learned, steps))["s"]
        found = record.measured("biases as pairs", lambda: with_pairs(learned, steps))
        rows += [
            ["trained", "as it is", f"{base * 1e3:.0f}", "1.00"],
            ["trained", "biases as pairs of place and weight", f"{found['s'] * 1e3:.0f}", f"{found['s'] / base:.2f}"],
        ]
    print(table(["network", "variant", "ms", "of the time as it is"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
