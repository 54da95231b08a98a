"""Seconds per time step and per build: nengo_loihi's emulator and this one, same network, same machine, same run.

Run with ``python -m benchmarks.emulator.speed`` from the repository; ``--help`` lists the options.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from benchmarks.emulator.unet import calibrated, images, partition, unet
from convert.compat import load_nengo_loihi
from convert.network import ConvertedNetwork
from deploy.build import chip_form, simulator
from deploy.emulator import compile_network, drives_hz, run
from deploy.emulator.lanes import add_lanes
from deploy.emulator.program import LANES
from partition.plan import Partition


def seconds(action: Callable[[], Any], repeat: int = 3) -> tuple[float, Any]:
    """The shortest time of ``repeat`` calls, and the last result."""
    best = np.inf
    for _ in range(repeat):
        start = time.perf_counter()
        result = action()
        best = min(best, time.perf_counter() - start)
    return float(best), result


def reference(network: ConvertedNetwork, cut: Partition, drives: Any, steps: int) -> dict[str, Any]:
    """nengo_loihi: seconds of its build and of ``steps`` steps from rest, and each compartment's spikes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        build_s, sim = seconds(lambda: simulator(chip_form(network, cut, drives), network, cut), repeat=1)
        with sim:
            run_s, _ = seconds(lambda: sim.run_steps(steps), repeat=1)
            spikes = sim.sims["emulator"].compartment.spike_count
            return {"build_s": build_s, "run_s": run_s, "spikes": spikes.copy()}


@njit(nogil=True, cache=True, error_model="numpy")
def add_rows(sums: Any, weights: Any, repeat: int) -> None:
    """The limit: consecutive rows of weights added to consecutive sums, nothing else."""
    for _ in range(repeat):
        for i in range(0, sums.size, LANES):
            add_lanes(sums, i, weights, i)


def machine_limit_s() -> float:
    """Seconds per weight of a plain loop that adds int16 weights to int32 sums in the first-level cache."""
    sums, weights = np.zeros(4096, np.int32), np.ones(4096, np.int16)
    add_rows(sums, weights, 1)
    best, _ = seconds(lambda: add_rows(sums, weights, 2000), repeat=5)
    return best / 2000 / sums.size


def measure(network: ConvertedNetwork, steps: int) -> dict[str, Any]:
    """Both emulators on ``network`` for the same ``steps`` steps of the same image."""
    cut, pictures = partition(network), images(4)
    drives = drives_hz(network, pictures)
    first = {name: drive[:1] for name, drive in drives.items()}
    compile_s, program = seconds(lambda: compile_network(network, cut), repeat=5)
    run(program, drives, 2, threads=2)
    one_core, (result,) = seconds(lambda: run(program, first, steps, threads=1))
    two_cores, _ = seconds(lambda: run(program, drives, steps, threads=2))
    alone, _ = seconds(lambda: run(program, first, steps, threads=2))
    limit = machine_limit_s()
    peer = reference(network, cut, first, steps)
    counts = result.counts.values()
    spikes = sum(result.counts[layer.name].spikes for layer in program.chip_layers)
    synops, updates = (sum(getattr(c, key) for c in counts) for key in ("synops", "neuron_updates"))
    image_s = {
        "one core": one_core,
        "two cores, an image each": two_cores / len(pictures),
        "two cores, one image": alone,
    }
    return {
        "synapse_s": network.synapse_s,
        "chip_neurons": sum(p.neurons for p in network.chip_populations),
        "blocks": len(cut.blocks),
        "steps": steps,
        "spikes": {"nengo_loihi": int(peer["spikes"].sum()), "fast": spikes},
        "synops": synops,
        "neuron_updates": updates,
        "build_s": {"nengo_loihi": peer["build_s"], "fast": compile_s, "ratio": peer["build_s"] / compile_s},
        "image_s": {"nengo_loihi": peer["run_s"], **image_s},
        "ratio": {how: peer["run_s"] / s for how, s in image_s.items()},
        "ns_per_synop": one_core / synops * 1e9,
        "ns_per_weight_of_a_plain_loop": limit * 1e9,
        "share_of_plain_loop": limit * synops / one_core,
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400, help="time steps of an image (400: minutes in nengo_loihi)")
    parser.add_argument("--synapse", type=float, nargs="*", default=[0.0, 0.005], help="time constants in s (0 0.005)")
    options = parser.parse_args(arguments)
    load_nengo_loihi()
    for synapse_s in options.synapse:
        network = calibrated(unet(synapse_s=synapse_s, steps=options.steps), images(1)[0])
        print(json.dumps(measure(network, options.steps), indent=2), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
