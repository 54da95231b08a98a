"""nengo_loihi's emulator and this one: the same network, steps, image and machine, in one run, spike for spike.

Run with ``python -m benchmarks.emulator.speed`` from the repository; ``--help`` lists the options. What favours
nengo_loihi where a choice had to be made: only its chip's steps count, not its host's; of our builds the first, not the
median; our time includes the host's neurons and all counts.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.emulator import compile_network, drives_hz, run
from deploy.emulator.counting import Counting
from deploy.emulator.program import ChipLayer
from deploy.nengo_loihi.build import chip_form, simulator
from tests.builders.random_networks import Case
from tests.builders.reference_emulator import neuron_places

from .networks import Subject, random_unet, trained
from .plain_loop import plain_loop_s
from .record import RESULTS, options_of, table, timed

REPEAT = 5


def reference(subject: Subject, steps: int) -> dict[str, Any]:
    """nengo_loihi's build and ``steps`` steps of the first image, and whether ours spikes as it does in every one."""
    network, cut = subject.network, subject.partition
    drives = drives_hz(network, subject.images[:1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        form = chip_form(network, cut, drives)
        build, sim = timed(lambda: simulator(form, network, cut))
        laps: list[float] = []
        spiked = []
        with sim:
            emulator = sim.sims["emulator"]
            inner = emulator.step

            def step() -> None:
                start = time.perf_counter()
                inner()
                laps.append(time.perf_counter() - start)
                spiked.append(np.packbits(emulator.compartment.spiked))

            emulator.step = step
            whole, _ = timed(lambda: sim.run_steps(steps))
            voltage, model = emulator.compartment.voltage.copy(), sim.model
    (ours,) = run(compile_network(network, cut), drives, steps, continuous=True, record=[*cut.tiles])
    assert ours.state is not None
    places = neuron_places(Case(network, cut, drives), model)
    raster = np.unpackbits(np.array(spiked), axis=1, count=len(voltage)).astype(bool)
    program = compile_network(network, cut)
    same_spikes = [
        np.array_equal(ours.spikes[n].raster(program.layer(n)), raster[:, place]) for n, place in places.items()
    ]
    same_voltages = [
        np.array_equal(ours.state.voltage[n][:, : program.layer(n).row_length].ravel(), voltage[place])
        for n, place in places.items()
    ]
    return {
        "build": build,
        "steps_s": sum(laps),
        "step_s": np.percentile(laps, [0, 50, 100]).tolist(),
        "cores_busy": whole["cores_busy"],
        "with_host_s": whole["s"],
        "spikes": sum(int(raster[:, place].sum()) for place in places.values()),  # unused compartments fire, too
        "identical_spikes": all(same_spikes),
        "identical_voltages": all(same_voltages),
    }


def ours(subject: Subject, steps: int) -> dict[str, Any]:
    """Compilation and runs of this emulator: one core; two with an image each; two that share one image."""
    network, cut, number = subject.network, subject.partition, len(subject.images)
    drives = drives_hz(network, subject.images)
    first = {name: drive[:1] for name, drive in drives.items()}
    compilation, program = timed(lambda: compile_network(network, cut), REPEAT)
    run(program, drives, 2, threads=2)
    one, (result,) = timed(lambda: run(program, first, steps, threads=1), REPEAT)
    each, _ = timed(lambda: run(program, drives, steps, threads=2), REPEAT)
    shared, _ = timed(lambda: run(program, first, steps, threads=2), REPEAT)
    counts = result.counts.values()
    return {
        "chip_neurons": sum(p.neurons for p in network.chip_populations),
        "blocks": len(cut.blocks),
        "compile": compilation,
        "one_core": one,
        "two_cores": {**each, "s": each["s"] / number, "images": number},
        "two_cores_sharing": shared,
        "spikes": sum(result.counts[layer.name].spikes for layer in program.chip_layers),
        "synops": sum(c.synops for c in counts),
        "neuron_updates": sum(c.neuron_updates for c in counts),
        "overflows": sum(sum(c.overflow) for c in counts),
    }


def shares(subject: Subject, steps: int) -> dict[str, Any]:
    """Where the time of one core goes: without spikes only neurons are updated; without counting nothing is counted."""
    drives = drives_hz(subject.network, subject.images[:1])
    program = compile_network(subject.network, subject.partition)
    silent = replace(
        program,
        layers=tuple(replace(x, bias=np.zeros_like(x.bias)) if isinstance(x, ChipLayer) else x for x in program.layers),
    )
    nothing = {name: np.zeros_like(drive) for name, drive in drives.items()}
    run(program, drives, 2, threads=1)
    updates, (result,) = timed(lambda: run(silent, nothing, steps, threads=1), REPEAT)
    assert not any(count.spikes for count in result.counts.values())
    whole, uncounted = [], []
    for _ in range(2 * REPEAT):
        whole.append(timed(lambda: run(program, drives, steps, threads=1))[0]["s"])
        with without_counting():
            uncounted.append(timed(lambda: run(program, drives, steps, threads=1, by_core=False))[0]["s"])
    return {
        "updates": updates,
        "whole_s": float(np.median(whole)),
        "uncounted_s": float(np.median(uncounted)),
        "plain_loop_s_per_weight": plain_loop_s(),
    }


def without_counting() -> Any:
    """A context in which ``run`` counts neither spikes nor what they cause."""
    return patch.multiple(Counting, add=lambda *_: None, events=lambda *_: {})


def report(measured: dict[str, Any], names: list[str], steps: int) -> str:
    """The tables of docs/emulator.md."""
    speed, limits = [], []
    for name in names:
        mine, peer, part = (measured[f"{name}: {what}"] for what in ("ours", "nengo_loihi", "shares"))
        identical = peer["identical_spikes"] and peer["identical_voltages"] and peer["spikes"] == mine["spikes"]
        first = mine["compile"]["all_s"][0]
        build = peer["build"]["s"]
        speed.append(
            [
                name,
                f"{mine['chip_neurons']:,}",
                f"{mine['spikes']:,}",
                f"{mine['synops'] / 1e6:,.0f} M",
                f"{build:.1f}",
                f"{first * 1e3:.0f} ms: **{build / first:,.0f}x**",
                f"{peer['steps_s']:.1f}",
                *(
                    f"{mine[how]['s'] * 1e3:.0f} ms: **{peer['steps_s'] / mine[how]['s']:,.0f}x**"
                    for how in ("one_core", "two_cores", "two_cores_sharing")
                ),
                "identical" if identical else "DIFFERENT",
            ]
        )
        one, updates = mine["one_core"]["s"], part["updates"]["s"]
        adding = (one - updates) / mine["synops"]
        plain = part["plain_loop_s_per_weight"]
        limits.append(
            [
                name,
                f"{updates / mine['neuron_updates'] * 1e9:.2f} ns",
                f"{updates / one:.0%}",
                f"{adding * 1e9:.3f} ns",
                f"{one / mine['synops'] * 1e9:.3f} ns",
                f"{plain * 1e9:.3f} ns",
                f"{plain / adding:.0%}",
                f"{plain * mine['synops'] / one:.0%}",
                f"{1 - part['uncounted_s'] / part['whole_s']:.1%}",
            ]
        )
    first_table = table(
        [
            "network",
            "chip neurons",
            "spikes",
            "synops",
            "nengo_loihi build, s",
            "ours",
            f"nengo_loihi {steps} steps, s",
            "ours, one core",
            "two cores, an image each",
            "two cores share an image",
            "spikes and voltages",
        ],
        speed,
    )
    second_table = table(
        [
            "network",
            "neuron update",
            "share of the time",
            "synop by itself",
            "all time / synops",
            "plain loop",
            "synop's share of the plain loop",
            "all time's",
            "counting",
        ],
        limits,
    )
    return f"{first_table}\n\n{second_table}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400, help="time steps of an image (400: minutes in nengo_loihi)")
    parser.add_argument("--size", type=int, default=64, help="rows and columns of the image")
    parser.add_argument("--bundle", type=Path, help="a U-Net's bundle, cut to --size, measured too")
    parser.add_argument("--data", type=Path, help="test images for the bundle")
    options, record = options_of(parser, arguments, RESULTS / "speed.json")
    load_nengo_loihi()
    steps, size = options.steps, options.size
    subjects = {
        "random weights": lambda: random_unet(size, 0.0, steps),
        "random weights, synapse of 5 ms": lambda: random_unet(size, 0.005, steps),
    }
    if options.bundle:
        subjects["trained"] = lambda: trained(options.bundle, options.data, size=size, images=4, steps=steps)
    for name, make in subjects.items():
        wanted = {"ours": ours, "shares": shares, "nengo_loihi": reference}
        if all(f"{name}: {what}" in record.content["measured"] for what in wanted):
            continue
        subject = make()
        for what, measure in wanted.items():
            record.measured(f"{name}: {what}", lambda subject=subject, measure=measure: measure(subject, steps))
    print(report(record.content["measured"], list(subjects), steps))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
