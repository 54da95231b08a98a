"""Where the emulator's time goes on one core: of each layer its neurons, what reaches them, and counting.

    python -m benchmarks.emulator.by_layer BUNDLE DATA [--repeat 7]

One image. Of each layer: CPU nanoseconds for a step of a neuron without spikes, for a synaptic operation without that,
for counting a spike, and CPU milliseconds in all, with the sums of 16 bits that it has where nothing can overflow and
with 32.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from convert import load_network
from convert.data.dataset import open_data
from deploy.emulator import compile_network, drives_hz, run
from deploy.emulator.counting import count, no_loads, no_totals
from deploy.emulator.program import ChipLayer, Program
from deploy.emulator.results import Presentation, Spikes, silence
from deploy.emulator.sweeps import chip_sweep, swept
from deploy.runs.images import chosen_images
from partition import read_partition

from .record import RESULTS, machine, table

LAYER = ("layer", "shape", "narrow", "neuron, ns", "synop, ns", "counting a spike, ns", "ms", "ms, 32 bits")


def best_s(action: Callable[[], object], repeat: int) -> float:
    """The least CPU seconds of ``repeat`` calls."""
    seconds = []
    for _ in range(repeat):
        start = time.process_time()
        action()
        seconds.append(time.process_time() - start)
    return min(seconds)


def layer_s(layer: ChipLayer, spikes: Mapping[str, Spikes], steps: int, repeat: int) -> float:
    """CPU seconds of all steps of a layer on one core."""

    def sweep() -> Spikes:
        loops = chip_sweep(layer, spikes, steps, silence(layer), None, None)
        return swept(loops, layer, steps, np.zeros(4, np.int64), None, 1)

    return best_s(sweep, repeat)


def counted_s(layer: ChipLayer, fired: Spikes, program: Program, repeat: int) -> float:
    """CPU seconds of counting what the spikes of a layer do, in all and to each core in each step."""
    stops, totals = np.array([program.timesteps]), no_totals(program, 1)
    loads = no_loads(program, program.timesteps)
    return best_s(lambda: count(layer, fired, stops, program.routing, totals, loads), repeat)


def rows(program: Program, spikes: Mapping[str, Spikes], synops: Mapping[str, int], repeat: int) -> list[list[str]]:
    """A row for each layer, and one for all."""
    steps, found = program.timesteps, []
    quiet = {name: Spikes(np.zeros(0, np.int32), np.zeros_like(fired.pointer)) for name, fired in spikes.items()}
    sums = np.zeros(4)
    for layer in program.chip_layers:
        fired = spikes[layer.name]
        wide_s = layer_s(replace(layer, largest_current=None), spikes, steps, repeat)
        all_s, updates_s = (layer_s(layer, given, steps, repeat) for given in (spikes, quiet))
        counting_s = counted_s(layer, fired, program, repeat)
        sums += (updates_s, all_s - updates_s, counting_s, wide_s)
        each = (updates_s / (layer.neurons * steps), (all_s - updates_s) / max(1, synops[layer.name]))
        found.append(
            [layer.name, "x".join(map(str, layer.shape)), "yes" if layer.largest_current is not None else "no"]
            + [f"{1e9 * s:.3f}" for s in each]
            + [f"{1e9 * counting_s / max(1, fired.fired):.1f}", f"{1e3 * all_s:.2f}", f"{1e3 * wide_s:.2f}"]
        )
    neurons = sum(layer.neurons for layer in program.chip_layers) * steps
    in_all = [sums[0] / neurons, sums[1] / sum(synops.values())]
    counted = sum(spikes[layer.name].fired for layer in program.chip_layers)
    total = (f"{1e9 * sums[2] / counted:.1f}", f"{1e3 * (sums[0] + sums[1]):.2f}", f"{1e3 * sums[3]:.2f}")
    found.append(["all", "", "", *(f"{1e9 * s:.3f}" for s in in_all), *total])
    return found


def first_image(bundle: Path, data: Path) -> tuple[Program, Presentation]:
    """The program of a ``bundle``, and what it does with the first image of ``data``, all spikes kept."""
    network = load_network(bundle)
    program = compile_network(network, read_partition(bundle / "partition.json"))
    shapes = {"input_shape": network.input.shape, "target_shape": network.readouts[0].output_shape}
    images, _ = next(iter(chosen_images(open_data(data, **shapes), skip=0, images=1).batches(1)))
    names = [layer.name for layer in program.layers]
    drives = {name: each[:1] for name, each in drives_hz(network, images).items()}
    (shown,) = run(program, drives, threads=1, record=names)
    return program, shown


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS / "by_layer.json")
    options = parser.parse_args(arguments)
    program, shown = first_image(options.bundle, options.data)
    synops = {layer.name: shown.counts[layer.name].synops for layer in program.chip_layers}
    found = rows(program, shown.spikes, synops, options.repeat)
    print(table(list(LAYER), found))
    options.out.write_text(json.dumps({"machine": machine(), "columns": LAYER, "rows": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
