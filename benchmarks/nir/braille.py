"""A Braille network of the NIR paper beside snnTorch: spikes of its output at the same steps.

    python benchmarks/nir/peers/braille_in_snntorch.py FILE.nir zero REFERENCE.npz   # in snnTorch's environment
    python -m benchmarks.nir.braille FILE.nir REFERENCE.npz

First the file's equations in Euler's steps, then exact integers; floating point is what ``convert-model FILE.nir
--dt 1e-4 --reference REFERENCE.npz`` prints.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from convert.frontends.nir.assumed import Assumed
from convert.frontends.nir.network import network_of
from convert.frontends.nir.reading import Node, read_graph
from convert.network import EVENT_SOURCE
from deploy.emulator import compile_network, run
from partition import partition

DT = 1e-4
RATE_HZ = 200.0
"""What all neurons are taken to fire at, for the partition: the network takes two cores."""


def main(path: Path, reference: Path) -> None:
    graph = read_graph(path)
    with np.load(reference) as data:
        given, wanted = data["input"], data["output"] > 0
    by_equations = np.stack([equations(graph.nodes, one) for one in given])
    print(f"equations: {agreement(by_equations, wanted, 0)}")
    network = network_of(graph, Assumed(dt=DT), given.shape[1]).network
    rates = {p.name: np.full(p.shape, RATE_HZ) for p in network.populations}
    program, last = compile_network(network, partition(network, rates)), network.into("output")[0].source
    results = run(program, {EVENT_SOURCE: given}, record=[last])
    fired = np.stack([result.spikes[last].raster(program.layer(last)) for result in results])
    print(f"exact integers: {agreement(fired, wanted, network.depth()[last])}")


def agreement(fired: np.ndarray, wanted: np.ndarray, lag: int) -> str:  # type: ignore[type-arg]
    ours, theirs = fired[:, lag:], wanted[:, : wanted.shape[1] - lag]
    return f"{int((ours & theirs).sum())} of {int(theirs.sum())}; {int(ours.sum())} here"


def equations(nodes: dict[str, Node], given: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """The output's spikes, (steps, neurons), reset to zero; what goes back comes a step later."""

    def linear(name: str, x: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return np.asarray(nodes[name].array("weight") @ x + nodes[name].maybe("bias", 0.0))

    def kept(name: str) -> tuple[float, float]:
        return tuple(1 - DT / float(nodes[name].array(tau).mean()) for tau in ("tau_syn", "tau_mem"))  # type: ignore[return-value]

    hidden, classes = len(nodes["lif1.w_rec"].array("weight")), len(nodes["fc2"].array("weight"))
    first, second = kept("lif1.lif"), kept("lif2")
    current, voltage, fired = (np.zeros(hidden) for _ in range(3))
    current_2, voltage_2, found = np.zeros(classes), np.zeros(classes), []
    for step in given.astype(float):
        current = first[0] * current + linear("fc1", step) + linear("lif1.w_rec", fired)
        voltage = first[1] * voltage + current
        fired = (voltage > 1).astype(float)
        voltage = np.where(fired, 0.0, voltage)
        current_2 = second[0] * current_2 + linear("fc2", fired)
        voltage_2 = second[1] * voltage_2 + current_2
        found.append(voltage_2 > 1)
        voltage_2 = np.where(found[-1], 0.0, voltage_2)
    return np.array(found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
