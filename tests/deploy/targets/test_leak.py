"""Leaky neurons in floating point: Nengo's form, NengoDL's and calibration's simulator give the same spikes."""

from __future__ import annotations

from dataclasses import replace

import nengo
import numpy as np
import pytest
from scipy import sparse

from convert.calibration.simulate import simulated
from convert.network import INPUT, Input, Network, Neuron, Projection, Readout, Sparse, host_population
from convert.network.nengo_form import to_nengo
from deploy.emulator import drives_hz
from deploy.targets.registry import Job, prepare
from partition.result import Block, Partition
from tests.builders.boards import row_of_chips
from tests.builders.populations import population

STEPS, SIZE = 60, (1, 1, 12)


def network(leak: float) -> Network:
    rng = np.random.default_rng(4)
    weights = rng.integers(-20, 44, (12, 12)) / 64
    chip = replace(population("chip", SIZE, scale_hz=1.0), neuron=Neuron(floor=-1.0, leak=leak))
    populations = (host_population("host", "host", np.zeros(SIZE), 1.0), chip)
    projections = (
        Projection(INPUT, "host", Sparse(sparse.csr_array(np.diag(np.arange(1.0, 13.0) * 23.71)))),
        Projection("host", "chip", Sparse(sparse.csr_array(weights))),
        Projection("chip", "out", Sparse(sparse.csr_array(np.eye(12)))),
    )
    readout = Readout("out", SIZE, np.zeros(SIZE))
    return Network(Input(SIZE), populations, projections, (readout,), timesteps=STEPS)


@pytest.mark.parametrize("leak", [0.0, 0.25, 0.9])
def test_every_form_in_floating_point_fires_alike(leak: float) -> None:
    leaky, image = network(leak), np.ones((1, *SIZE), np.float32)
    form = to_nengo(leaky, drives_hz(leaky, image))
    with form.net:
        probe = nengo.Probe(form.neurons["chip"])
    with nengo.Simulator(form.net, progress_bar=False) as sim:
        sim.run_steps(STEPS)
    spikes = np.asarray(sim.data[probe]) > 0
    assert spikes.any()
    *_, (_, trains) = simulated(leaky, {"chip": 0}, image)
    np.testing.assert_array_equal(trains.of(0)[1:] > 0, spikes[:-1])  # on the chip a spike takes a step to arrive
    partition = Partition(row_of_chips(1), {"chip": SIZE}, (Block("chip", ((0, 1), (0, 1), (0, 12)), 0, 0),))
    job = Job(leaky, partition, [(0, STEPS)])
    counts = next(iter(prepare("nengo-dl", job)(image))).counts["chip"]
    np.testing.assert_array_equal(counts[0], spikes.sum(axis=0))


def test_a_leak_is_what_the_chip_makes_of_it() -> None:
    neuron = Neuron(leak=0.1)
    assert (neuron.decay_v, neuron.chip_leak) == (410, 410 / 4096)
    form = to_nengo(network(0.1), {"host": np.zeros((1, 12))})
    assert form.neurons["chip"].ensemble.neuron_type.leak == 410 / 4096
