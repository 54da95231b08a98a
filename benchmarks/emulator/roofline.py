"""How far each layer of a network is from what one core can do at most; draws docs/emulator-roofline.svg.

    python -m benchmarks.emulator.roofline BUNDLE DATA [--repeat 7]

Synaptic operations: a plain loop of additions in the first-level cache is the roof, what it takes to find the place of
a spike that adds one vector is its slope. Steps of neurons: the same loop alone, on states of 8 KB to 8 MB.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from convert.network.neuron import DECAY_ONE
from deploy.emulator.adding import add_segments
from deploy.emulator.arguments import NarrowPlaces, NarrowWork, Neurons, Potentials, Segments, Strip
from deploy.emulator.lanes import SEVERAL, update_rows
from deploy.emulator.program import FIRST_LINE, LANES, SHIFT, STEP, VECTORS, Program
from deploy.emulator.results import Presentation, Spikes

from .by_layer import best_s, first_image, layer_s
from .plain_loop import plain_loop_s
from .record import RESULTS, machine

PLOT = Path(__file__).parents[2] / "docs" / "emulator-roofline.svg"
COLUMNS, CHANNELS, ROWS = 64, 16, 64
ROW = COLUMNS * CHANNELS
STATE = 4 + 4 + 2 * SEVERAL
"""Bytes of a neuron: current, voltage, sums of weights."""


@njit(nogil=True)  # type: ignore[untyped-decorator]
def steps_of(times: int, rows: int, state: Potentials, neurons: Neurons, work: NarrowWork) -> None:
    for _ in range(times):
        for row in range(rows):
            update_rows(state, neurons, NarrowPlaces(row * ROW, 0, 0, row * (ROW // LANES)), work)


def neuron_s(rows: int, repeat: int) -> float:
    """CPU seconds for a step of a neuron, of ``rows`` of them."""
    size, step = rows * ROW, rows * ROW + LANES
    bits = np.zeros(SEVERAL * size // LANES, np.uint16)
    room = np.zeros(0, np.int32)
    work = NarrowWork(np.zeros(SEVERAL * step, np.int16), bits, bits.view(np.uint64), room, room, step, size // LANES)
    vth, vmin, bias = (np.full(ROW, value, np.int32) for value in (1 << 20, -(1 << 20), 0))
    neurons = Neurons(np.zeros((1, 3), np.int32), 12, ROW, 1, DECAY_ONE, vth, vmin, bias, 0, 1)
    state, times = Potentials(np.zeros(size, np.int32), np.zeros(size, np.int32)), max(1, 2**22 // size)
    steps_of(1, rows, state, neurons, work)
    return best_s(lambda: steps_of(times, rows, state, neurons, work), repeat) / (times * size * SEVERAL)


def finding_s(repeat: int) -> float:
    """CPU seconds for a spike that adds one vector to one row."""
    rows = np.stack([np.arange(ROWS), np.zeros(ROWS, int), np.ones(ROWS, int)], axis=1).astype(np.int32)
    place = np.arange(ROW) // CHANNELS * CHANNELS
    segments = Segments(
        rows, np.stack([place, np.arange(ROW) * LANES], axis=1).astype(np.int32), np.ones(ROW * LANES, np.int16)
    )
    link = np.zeros(6, np.int64)
    link[[FIRST_LINE, STEP, VECTORS, SHIFT]] = 0, 1, 1, ROW.bit_length() - 1
    events = np.flatnonzero(np.random.default_rng(0).random(ROWS * ROW) < 0.05).astype(np.int32)
    sums, strip = np.zeros(ROWS * ROW + LANES, np.int16), Strip(0, 0, ROWS, 0, ROW)
    _many(sums, strip, events, link, segments)
    return best_s(lambda: _many(sums, strip, events, link, segments), repeat) / (MANY * len(events))


MANY = 100


@njit(nogil=True)  # type: ignore[untyped-decorator]
def _many(sums: Any, strip: Strip, events: Any, link: Any, segments: Segments) -> None:
    for _ in range(MANY):
        add_segments(sums, strip, events, 0, len(events), link, segments, 0)


def measured(program: Program, shown: Presentation, repeat: int) -> dict[str, Any]:
    """The limits, and of each layer operations a spike, operations a nanosecond and a neuron's step."""
    quiet = {n: Spikes(np.zeros(0, np.int32), np.zeros_like(fired.pointer)) for n, fired in shown.spikes.items()}
    layers = {}
    for layer in program.chip_layers:
        all_s, alone_s = (layer_s(layer, given, program.timesteps, repeat) for given in (shown.spikes, quiet))
        arrived = sum(shown.spikes[source].fired for source in layer.links.sources)
        synops = shown.counts[layer.name].synops
        strip = int((layer.strips[:, 1] - layer.strips[:, 0]).max()) * layer.row_stride
        layers[layer.name] = {
            "operations a spike": synops / max(1, arrived),
            "operations a ns": synops / (all_s - alone_s) / 1e9,
            "ns a neuron's step": 1e9 * alone_s / (layer.neurons * program.timesteps),
            "bytes of a strip": strip * STATE,
        }
    return {
        "machine": machine(),
        "plain loop, operations a ns": 1e-9 / plain_loop_s(),
        "finding a spike, ns": 1e9 * finding_s(repeat),
        "ns a neuron's step, by bytes": {
            n * ROW * STATE: 1e9 * neuron_s(n, repeat) for n in (1, 2, 4, 8, 32, 128, 512)
        },
        "layers": layers,
    }


def draw(found: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update(
        {"svg.hashsalt": "roofline", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    )
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    roof, each_ns = found["plain loop, operations a ns"], found["finding a spike, ns"]
    x = np.geomspace(8, 2000, 200)
    left.plot(x, np.minimum(roof, x / each_ns), color="0.5", lw=1.2)
    left.annotate(f"plain loop: {roof:.0f} a ns", (2000, roof), ha="right", va="bottom", color="0.4")
    left.annotate(
        f"finding a spike: {each_ns:.1f} ns", (14, 14 / each_ns), ha="left", va="top", color="0.4", rotation=0
    )
    for layer in found["layers"].values():
        left.plot(layer["operations a spike"], layer["operations a ns"], "o", ms=5, color="#c25400")
    left.set(xscale="log", yscale="log", xlabel="synaptic operations a spike", ylabel="operations a nanosecond")
    left.set_xticks([10, 100, 1000], ["10", "100", "1,000"])
    left.set_yticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"])
    left.minorticks_off()
    bounds = found["ns a neuron's step, by bytes"]
    right.plot([int(n) / 1024 for n in bounds], list(bounds.values()), "-", color="0.5", lw=1.2, label="the loop alone")
    for n, layer in enumerate(found["layers"].values()):
        label = "layers without spikes" if n == 0 else None
        right.plot(
            layer["bytes of a strip"] / 1024, layer["ns a neuron's step"], "o", ms=5, color="#1f6feb", label=label
        )
    right.set(xscale="log", xlabel="KB of state, sums included", ylabel="ns a neuron's step", ylim=(0, None))
    right.set_xticks([10, 100, 1000, 10_000], ["10", "100", "1,000", "10,000"])
    right.minorticks_off()
    right.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args(arguments)
    program, shown = first_image(options.bundle, options.data)
    found = measured(program, shown, options.repeat)
    (RESULTS / "roofline.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(found, PLOT)
    print(json.dumps({key: value for key, value in found.items() if key != "machine"}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
