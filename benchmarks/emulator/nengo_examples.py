"""Nengo's examples in ``nengo_loihi.Simulator`` and in ``deploy.emulator.Simulator``: the same data, and how long.

Run with ``python -m benchmarks.emulator.nengo_examples`` from the repository; exits with 1 on any difference. Each
network is built once (two builds of one with passthrough nodes differ), and the emulators take turns on what was built.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import nengo
import numpy as np

from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.emulator.chip import FastEmulator

from .record import RESULTS, options_of, table

loihi = load_nengo_loihi()
from nengo_loihi.emulator.interface import EmulatorInterface  # noqa: E402

SEED = 0


def communication_channel() -> nengo.Network:
    with nengo.Network(seed=SEED) as net:
        a, b = nengo.Ensemble(100, 1), nengo.Ensemble(100, 1)
        nengo.Connection(nengo.Node(lambda t: np.sin(2 * np.pi * t)), a)
        nengo.Connection(a, b)
        nengo.Probe(b, synapse=0.01)
        nengo.Probe(b.neurons)
    return net


def multiplication() -> nengo.Network:
    with nengo.Network(seed=SEED) as net:
        both, product = nengo.Ensemble(400, 2, radius=1.5), nengo.Ensemble(100, 1)
        nengo.Connection(nengo.Node(lambda t: [np.sin(3 * t), np.cos(5 * t)]), both)
        nengo.Connection(both, product, function=lambda x: x[0] * x[1])
        nengo.Probe(product, synapse=0.01)
        nengo.Probe(both.neurons[:20], "voltage")
    return net


def integrator() -> nengo.Network:
    with nengo.Network(seed=SEED) as net:
        a = nengo.Ensemble(200, 1)
        nengo.Connection(nengo.Node(lambda t: float(0.2 < t < 0.6)), a, transform=0.1, synapse=0.1)
        nengo.Connection(a, a, synapse=0.1)
        nengo.Probe(a, synapse=0.01)
        nengo.Probe(a.neurons, "input")
    return net


def oscillator() -> nengo.Network:
    with nengo.Network(seed=SEED) as net:
        a = nengo.Ensemble(400, 2)
        nengo.Connection(nengo.Node(lambda t: [float(t < 0.1), 0.0]), a)
        nengo.Connection(a, a, transform=[[1, 1], [-1, 1]], synapse=0.1)
        nengo.Probe(a, synapse=0.02)
        nengo.Probe(a.neurons)
    return net


def controlled_oscillator() -> nengo.Network:
    def turned(x: Any) -> list[float]:
        return [x[0] + x[2] * x[1], x[1] - x[2] * x[0], 0]

    with nengo.Network(seed=SEED) as net:
        a = nengo.Ensemble(500, 3, radius=1.7)
        nengo.Connection(nengo.Node(lambda t: [float(t < 0.1), 0.0, 1.0 if t < 0.5 else -1.0]), a)
        nengo.Connection(a, a, function=turned, synapse=0.1)
        nengo.Probe(a, synapse=0.02)
    return net


def lorenz() -> nengo.Network:
    tau, sigma, beta, rho = 0.1, 10, 8.0 / 3, 28

    def flow(x: Any) -> list[float]:
        change = [-sigma * x[0] + sigma * x[1], -x[0] * x[2] - x[1], x[0] * x[1] - beta * (x[2] + rho) - rho]
        return [d * tau + y for d, y in zip(change, x, strict=True)]

    with nengo.Network(seed=SEED) as net:
        a = nengo.Ensemble(2000, 3, radius=60)
        nengo.Connection(a, a, function=flow, synapse=tau)
        nengo.Probe(a, synapse=tau)
    return net


def circular_convolution() -> nengo.Network:
    with nengo.Network(seed=SEED) as net:
        product = nengo.networks.CircularConvolution(40, dimensions=8)
        first, second = np.random.RandomState(SEED).normal(0, 8**-0.5, (2, 8))
        nengo.Connection(nengo.Node(first), product.input_a)
        nengo.Connection(nengo.Node(second), product.input_b)
        nengo.Probe(product.output, synapse=0.02)
    return net


def basal_ganglia() -> nengo.Network:
    with nengo.Network(seed=SEED) as net:
        ganglia, thalamus = nengo.networks.BasalGanglia(4), nengo.networks.Thalamus(4)
        nengo.Connection(nengo.Node(lambda t: [0.8 if int(5 * t) % 4 == i else 0.3 for i in range(4)]), ganglia.input)
        nengo.Connection(ganglia.output, thalamus.input)
        nengo.Probe(ganglia.output, synapse=0.02)
        nengo.Probe(thalamus.output, synapse=0.02)
    return net


def convolutions() -> nengo.Network:
    """An image of 28 x 28 pixels, two layers of convolutions on ten cores, ten outputs."""
    neurons = nengo.SpikingRectifiedLinear()

    def layer(shape: tuple[int, int, int], bias_hz: float) -> Any:
        size = int(np.prod(shape))
        return nengo.Ensemble(size, 1, neuron_type=neurons, gain=np.ones(size), bias=np.full(size, bias_hz))

    with nengo.Network(seed=SEED) as net:
        loihi.add_params(net)
        draw = np.random.RandomState(SEED)
        pixels = layer((28, 28, 1), 0.0)
        net.config[pixels].on_chip = False
        first, second = layer((26, 26, 6), 0.0), layer((12, 12, 24), 0.0)
        net.config[first].block_shape = loihi.BlockShape((13, 13, 6), (26, 26, 6))
        net.config[second].block_shape = loihi.BlockShape((12, 12, 4), (12, 12, 24))
        nengo.Connection(nengo.Node(draw.uniform(0, 150, 784)), pixels.neurons, synapse=None)
        a = nengo.Convolution(6, (28, 28, 1), init=draw.uniform(-0.1, 0.3, (3, 3, 1, 6)))
        b = nengo.Convolution(24, (26, 26, 6), strides=(2, 2), init=draw.uniform(-0.1, 0.12, (3, 3, 6, 24)))
        nengo.Connection(pixels.neurons, first.neurons, transform=a)
        nengo.Connection(first.neurons, second.neurons, transform=b)
        out = nengo.Node(size_in=10)
        nengo.Connection(second.neurons, out, transform=draw.normal(0, 1e-3, (10, 3456)))
        nengo.Probe(out, synapse=0.02)
        nengo.Probe(second.neurons)
    return net


def loop_through_the_host() -> nengo.Network:
    with nengo.Network(seed=SEED) as net:
        a, back = nengo.Ensemble(200, 1), nengo.Node(lambda t, x: x, size_in=1)
        nengo.Connection(nengo.Node(lambda t: float(t < 0.1)), a)
        nengo.Connection(a, back, synapse=0.05)
        nengo.Connection(back, a)
        nengo.Probe(back)
    return net


EXAMPLES: tuple[Callable[[], nengo.Network], ...] = (
    communication_channel,
    multiplication,
    integrator,
    oscillator,
    controlled_oscillator,
    lorenz,
    circular_convolution,
    basal_ganglia,
    convolutions,
    loop_through_the_host,
)


def beside(sim: Any, emulator: type) -> Any:
    """Another simulator of the model that ``sim`` has built, at its beginning, its chip run by ``emulator``."""
    made, model = copy.copy(sim), sim.model
    for spikes in model.inputs:  # what is left of an earlier run
        spikes.spikes = {step: spikes.spikes[step] for step in spikes.permanent}
    made.sims = OrderedDict(
        (name, nengo.Simulator(None, dt=sim.dt, model=host.model, progress_bar=False, optimize=False))
        for name, host in sim.sims.items()
        if name != "emulator"
    )
    made._probe_outputs = {probe: [] for probe in model.nengo_probes if probe not in model.chip2host_params}
    made.data = loihi.simulator.SimulationData(made._probe_outputs)
    for host in made.sims.values():
        made.data.add_fallback(host.data)
    made.sims["emulator"] = emulator(model, seed=SEED)
    made.timers = loihi.simulator.Timers()
    made._runner = loihi.simulator.StepRunner(model, made.sims, sim.precompute, made.timers)
    return made


class ChipClock:
    """CPU seconds inside the emulator's own steps."""

    def __init__(self, emulator: Any) -> None:
        self.seconds, self.inside = 0.0, False
        for name in ("run_steps", "step"):
            setattr(emulator, name, partial(self._timed, getattr(emulator, name)))

    def _timed(self, action: Callable[..., None], *arguments: Any) -> None:
        if self.inside:
            action(*arguments)
            return
        self.inside, start = True, time.process_time()
        action(*arguments)
        self.inside, self.seconds = False, self.seconds + time.process_time() - start


def one_run(sim: Any, emulator: type, seconds: float) -> tuple[float, float, list[np.ndarray]]:
    """CPU seconds of ``run``, of the chip in it, and the data of all probes."""
    with beside(sim, emulator) as made:
        clock, start = ChipClock(made.sims["emulator"]), time.process_time()
        made.run(seconds)
        return (
            time.process_time() - start,
            clock.seconds,
            [np.array(made.data[probe]) for probe in made.network.all_probes],
        )


def measured(make: Callable[[], nengo.Network], seconds: float, repeat: int) -> dict[str, Any]:
    with loihi.Simulator(make(), target="sim", seed=SEED) as sim:
        one_run(sim, FastEmulator, 0.01)  # compiles
        runs: dict[type, list[Any]] = {EmulatorInterface: [], FastEmulator: []}
        for _ in range(repeat):
            for emulator, done in runs.items():
                done.append(one_run(sim, emulator, seconds))
        stock, fast = runs[EmulatorInterface], runs[FastEmulator]
        pairs = [(a, b) for _, _, data in fast for a, b in zip(data, stock[0][2], strict=True)]
        return {
            "compartments": sum(block.n_neurons for block in sim.model.blocks),
            "precompute": sim.precompute,
            "steps": round(seconds / sim.dt),
            "values": sum(b.size for b in stock[0][2]),
            "largest": max(float(np.abs(b).max()) for b in stock[0][2]),
            "identical": all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs),
            "run_cpu_s": [min(run[0] for run in kind) for kind in (stock, fast)],
            "chip_cpu_s": [min(run[1] for run in kind) for kind in (stock, fast)],
        }


def row(name: str, found: Mapping[str, Any]) -> list[str]:
    (stock, ours), (stock_chip, our_chip) = found["run_cpu_s"], found["chip_cpu_s"]
    same = f"{found['values']:,} identical" if found["identical"] else "**different**"
    host = "beforehand" if found["precompute"] else "in turns"
    times = [f"{stock:.2f}", f"{ours:.2f}", f"{stock / ours:.1f}"]
    chip_times = [f"{stock_chip:.2f}", f"{our_chip:.3f}", f"{stock_chip / our_chip:.0f}"]
    return [name, f"{found['compartments']:,}", host, *times, *chip_times, same]


HEADER = (
    "example",
    "chip neurons",
    "host",
    "`sim.run`: nengo_loihi, s",
    "ours, s",
    "times",
    "its chip: nengo_loihi, s",
    "ours, s",
    "times",
    "probe values",
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="simulated")
    parser.add_argument("--repeat", type=int, default=3)
    options, record = options_of(parser, arguments, RESULTS / "nengo_examples.json")
    warnings.simplefilter("ignore")
    rows, different = [], 0
    for make in EXAMPLES:
        name = make.__name__.replace("_", " ")
        found = record.measured(name, lambda make=make: measured(make, options.seconds, options.repeat))
        rows.append(row(name, found))
        different += not found["identical"]
    print(table(HEADER, rows))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
