"""The emulator against the trace of one leaky neuron on a Loihi chip, recorded by Lava: the same integers.

The file has a row for each step: what was sent (it arrives in the next step), the voltage, whether the neuron fired. A
spike adds 10 * 64; the neuron fires above 25 * 64; its voltage keeps 3933 / 4096 of a step's: a time constant of 25
steps, whose decay of 163.84 / 4096 Lava cuts off.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convert.network import CHIP, Network
from deploy.emulator import compile_network, run, run_model
from deploy.emulator.flat_model import FlatModel
from deploy.emulator.program import Program
from tests.builders.one_neuron import chain
from tests.builders.shared import shared_file

WEIGHT, THRESHOLD, DECAY = 10 * 64, 25 * 64, 163

IN_DEAD_TIME = 128
"""What the chip's register of the voltage holds in the step of a spike: 2 * 64, where the emulators' voltage is 0."""


@pytest.fixture(scope="module")
def trace() -> np.ndarray:
    """Shape (3, steps): sent, voltage, fired."""
    return np.loadtxt(shared_file("models/nir/lif_lava_loihi_fixed.csv"), delimiter=",").astype(np.int64).T


def voltage_as_read(voltage: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    assert not voltage[spikes].any()
    return np.where(spikes, IN_DEAD_TIME, voltage)


def test_any_model_gives_the_chips_voltages_and_spikes(trace: np.ndarray) -> None:
    sent, voltage, fired = trace
    one = {"vth": THRESHOLD, "vmin": 1 - 2**23, "vmax": 2**23 - 1, "bias": 0, "decay_u": 4095, "decay_v": DECAY}
    flat = FlatModel(
        compartments=1,
        inputs=np.array([1]),
        fan_pointer=np.array([0, 0, 1]),
        fan_row=np.array([0]),
        fan_base=np.array([0]),
        row_pointer=np.array([0, 1]),
        targets=np.array([0], np.int32),
        weights=np.array([WEIGHT], np.int32),
        **{name: np.array([value], np.int32) for name, value in one.items()},
        refractory=np.array([1], np.int32),
    )
    got = run_model(flat, [sent[:, None] > 0], len(sent), voltages=True)
    assert got.voltages is not None
    np.testing.assert_array_equal(got.spikes[:, 0], fired > 0)
    np.testing.assert_array_equal(voltage_as_read(got.voltages[:, 0], got.spikes[:, 0]), voltage)
    assert fired.sum() == 4


def test_the_fast_loops_do_too(trace: np.ndarray) -> None:
    sent, voltage, fired = trace
    program = with_the_chips_integers(leaky(len(sent)))
    state, voltages, spikes = None, [], []
    for spike in sent:
        drive = {"host": np.array([[1000.0 * spike]])}
        (result,) = run(program, drive, 1, continuous=True, state=state, record=["chip"], threads=1)
        state = result.state
        assert state is not None
        voltages.append(state.voltage["chip"][0, 0])
        spikes.append(result.spikes["chip"].raster(program.layer("chip"))[0, 0])
    np.testing.assert_array_equal(spikes, fired > 0)
    np.testing.assert_array_equal(voltage_as_read(np.array(voltages), np.array(spikes)), voltage)


def leaky(steps: int) -> tuple[Network, Program]:
    network, partition = chain(0.4, timesteps=steps)
    host, chip = network.populations
    network = network.with_(populations=(host, replace(chip, neuron=replace(CHIP, leak=DECAY / 4096))))
    return network, compile_network(network, partition)


def with_the_chips_integers(given: tuple[Network, Program]) -> Program:
    """The weight and threshold of the trace instead of those of NengoLoihi's discretization."""
    network, program = given
    host, chip = program.layers
    assert network.population("chip").neuron.decay_v == 4096 - chip.kept == DECAY  # type: ignore[attr-defined]
    links = chip.links  # type: ignore[attr-defined]
    assert np.count_nonzero(links.weights) == 1
    weights = np.where(links.weights != 0, np.int16(WEIGHT), links.weights)
    vth = chip.vth.copy()  # type: ignore[attr-defined]
    vth[0, 0] = THRESHOLD
    changed = replace(chip, vth=vth, links=replace(links, weights=weights))  # type: ignore[call-arg]
    return replace(program, layers=(host, changed))
