"""``deploy.emulator.Simulator`` gives what ``nengo_loihi.Simulator`` gives, to the last bit."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
import pytest

from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.emulator import Simulator, install
from deploy.emulator.chip import FastEmulator
from tests.builders.dvs_events import driven_by, write_events

loihi = load_nengo_loihi()

pytestmark = [
    pytest.mark.filterwarnings("ignore:NengoLoihi does not support initial values"),
    pytest.mark.filterwarnings("ignore:invalid value encountered in cast"),
    pytest.mark.filterwarnings("ignore:Model is precomputable"),
]

Made = tuple[nengo.Network, list[nengo.Probe]]


def every_probe() -> Made:
    """Two populations on the chip, one of them in three blocks, a host node and all that can be probed."""
    with nengo.Network(seed=1) as net:
        loihi.add_params(net)
        stimulus = nengo.Node(lambda t: np.sin(12 * t))
        a = nengo.Ensemble(60, 1, neuron_type=nengo.LIF(tau_ref=0.003), max_rates=nengo.dists.Uniform(80, 120))
        b = nengo.Ensemble(48, 2, neuron_type=nengo.LIF(tau_rc=0.01), max_rates=nengo.dists.Uniform(80, 120))
        net.config[b].block_shape = loihi.BlockShape((16,), (48,))
        out = nengo.Node(size_in=1, output=lambda t, x: 2 * x)
        nengo.Connection(stimulus, a)
        nengo.Connection(a, b, transform=[[1.0], [0.0]], synapse=0.01)
        nengo.Connection(b, b, transform=[[0.9, -0.4], [0.4, 0.9]], synapse=0.05)
        nengo.Connection(b[0], out)
        probes = [
            nengo.Probe(stimulus),
            nengo.Probe(out, synapse=0.01),
            nengo.Probe(a),
            nengo.Probe(b, synapse=nengo.Alpha(0.02)),
            nengo.Probe(a.neurons),
            nengo.Probe(b.neurons),
            nengo.Probe(b.neurons[7:40:3]),
            nengo.Probe(b.neurons, "voltage"),
            nengo.Probe(a.neurons[[5, 3]], "voltage"),
            nengo.Probe(b.neurons, "input"),
            nengo.Probe(a.neurons, "input", synapse=0.005),
        ]
    return net, probes


def closed_loop() -> Made:
    """Chip -> host -> chip: each step of the host needs the chip's last one."""
    with nengo.Network(seed=2) as net:
        stimulus = nengo.Node(lambda t: np.cos(20 * t))
        a = nengo.Ensemble(80, 1)
        back = nengo.Node(lambda t, x: -0.5 * x, size_in=1)
        nengo.Connection(stimulus, a)
        nengo.Connection(a, back, synapse=0.01)
        nengo.Connection(back, a)
        return net, [nengo.Probe(back), nengo.Probe(a, synapse=0.02), nengo.Probe(a.neurons, "voltage")]


def only_the_chip() -> Made:
    """No host neuron and no stimulus."""
    with nengo.Network(seed=3) as net:
        a, b = nengo.Ensemble(30, 1), nengo.Ensemble(20, 1)
        nengo.Connection(a, b)
        return net, [nengo.Probe(b.neurons), nengo.Probe(b, synapse=0.01)]


def learned() -> Made:
    with nengo.Network(seed=4) as net:
        stimulus = nengo.Node(0.5)
        a, b, error = nengo.Ensemble(30, 1), nengo.Node(size_in=1), nengo.Node(size_in=1)
        nengo.Connection(stimulus, a)
        connection = nengo.Connection(a, b, learning_rule_type=nengo.PES(1e-3), function=lambda x: 0)
        nengo.Connection(b, error)
        nengo.Connection(stimulus, error, transform=-1)
        nengo.Connection(error, connection.learning_rule)
        return net, [nengo.Probe(b, synapse=0.02), nengo.Probe(a.neurons)]


def data(kind: Any, made: Made, run: Callable[[Any], None], **options: Any) -> list[np.ndarray]:
    net, probes = made
    with kind(net, seed=7, target=options.pop("target", "sim"), **options) as sim:
        run(sim)
        return [np.array(sim.data[probe]) for probe in probes]


def in_pieces(sim: Any) -> None:
    """Steps, runs and a pause in which probes are cleared: 150 steps."""
    sim.step()
    sim.run(0.04)
    sim.run_steps(9)
    sim.step()
    sim.clear_probes()
    sim.run(0.099)


def compare(got: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("precompute", [None, True, False])
@pytest.mark.parametrize("run", [lambda sim: sim.run(0.15), in_pieces], ids=["at once", "in pieces"])
def test_every_probe_gives_the_same(run: Callable[[Any], None], precompute: bool | None) -> None:
    expected = data(loihi.Simulator, every_probe(), run, precompute=precompute)
    assert all(np.any(values) for values in expected)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "NengoLoihi's own emulator")
        compare(data(Simulator, every_probe(), run, precompute=precompute), expected)


@pytest.mark.parametrize("make", [closed_loop, only_the_chip])
@pytest.mark.parametrize("run", [lambda sim: sim.run(0.15), in_pieces], ids=["at once", "in pieces"])
def test_loops_through_the_host_and_the_chip_alone(make: Callable[[], Made], run: Callable[[Any], None]) -> None:
    expected = data(loihi.Simulator, make(), run)
    assert all(np.any(values) for values in expected)
    compare(data(Simulator, make(), run), expected)


def test_learning_runs_on_nengo_loihis_own_and_says_so() -> None:
    expected = data(loihi.Simulator, learned(), in_pieces)
    with pytest.warns(UserWarning, match="NengoLoihi's own emulator runs this network: .* learn"):
        got = data(Simulator, learned(), in_pieces)
    assert np.any(expected[0])
    compare(got, expected)


def test_floating_point_runs_on_nengo_loihis_own_and_says_so() -> None:
    expected = data(loihi.Simulator, every_probe(), in_pieces, target="simreal")
    with pytest.warns(UserWarning, match="not discretized"):
        compare(data(Simulator, every_probe(), in_pieces, target="simreal"), expected)


def built(net: nengo.Network) -> Any:
    model = loihi.builder.Model()
    model.build(net, discretize=True)
    return model


def test_noise_runs_on_nengo_loihis_own_and_says_so() -> None:
    model = built(only_the_chip()[0])
    for block in model.blocks:
        block.compartment.enable_noise[:] = True
        block.compartment.noise_exp = 13
    stock = loihi.emulator.EmulatorInterface(model, seed=3)
    with pytest.warns(UserWarning, match="noise is on"):
        fast = FastEmulator(model, seed=3)
    stock.run_steps(60)
    fast.run_steps(60)
    np.testing.assert_array_equal(fast.compartment.voltage, stock.compartment.voltage)


def test_a_probe_that_the_loops_do_not_write_is_nengo_loihis() -> None:
    model = built(only_the_chip()[0])
    from nengo_loihi.probe import LoihiProbe

    probe = LoihiProbe(target=next(iter(model.blocks)), key="spike_count")
    model.add_probe(probe)
    with pytest.warns(UserWarning, match="records spike_count"):
        fast = FastEmulator(model)
    fast.run_steps(30)
    assert fast.collect_probe_output(probe)[-1].any()


def test_every_state_is_nengo_loihis_after_each_run() -> None:
    """Those who read and write the emulator's arrays between runs find and change what they did before."""
    model = built(only_the_chip()[0])
    stock, fast = loihi.emulator.EmulatorInterface(model, seed=0), FastEmulator(model, seed=0)
    for steps in (1, 7, 40):
        stock.run_steps(steps)
        fast.run_steps(steps)
        for name in ("input", "current", "voltage", "spiked", "spike_count", "ref_count"):
            np.testing.assert_array_equal(getattr(fast.compartment, name), getattr(stock.compartment, name))
        for emulator in (stock, fast):
            emulator.compartment.voltage[::2] = 0
            emulator.compartment.spike_count[:] = 0
    assert fast.t == stock.t == 48
    fast.close()
    assert fast.closed
    assert fast.compartment is None


def overflowing() -> Any:
    """One compartment that 1,000 axons of the largest weight reach in every step."""
    from nengo_loihi.block import Axon, LoihiBlock, Synapse
    from nengo_loihi.builder.discretize import discretize_model
    from nengo_loihi.inputs import SpikeInput

    model, spikes, block, synapse, axon = (
        loihi.builder.Model(),
        SpikeInput(1000),
        LoihiBlock(1),
        Synapse(1000),
        Axon(1000),
    )
    for step in range(1, 11):
        spikes.add_spikes(step, np.arange(1000), permanent=True)
    model.add_input(spikes)
    block.compartment.configure_relu()
    block.compartment.configure_filter(0.1)
    model.add_block(block)
    synapse.set_weights(np.ones((1000, 1)))
    block.add_synapse(synapse)
    axon.target = synapse
    spikes.add_axon(axon)
    discretize_model(model)
    return model


def test_overflow_wraps_and_warns_as_in_nengo_loihi() -> None:
    model = overflowing()
    stock, fast = loihi.emulator.EmulatorInterface(model, seed=0), FastEmulator(model, seed=0)
    for emulator in (stock, fast):
        with pytest.warns(UserWarning, match="Overflow in q0"):
            emulator.run_steps(8)
    np.testing.assert_array_equal(fast.compartment.current, stock.compartment.current)
    np.testing.assert_array_equal(fast.compartment.voltage, stock.compartment.voltage)


def test_overflow_raises_where_nengo_loihi_is_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    from nengo.exceptions import SimulationError

    fast = FastEmulator(overflowing())
    monkeypatch.setattr(loihi.emulator.interface.EmulatorInterface, "strict", True)
    strict = FastEmulator(overflowing())
    with pytest.warns(UserWarning, match="Overflow"):
        fast.run_steps(8)
    with pytest.raises(SimulationError, match="Overflow in q0"):
        strict.run_steps(8)


def test_events_of_one_pixel_in_one_step_all_count(tmp_path: Any) -> None:
    pixel = (0, 0, 1)
    events = [(*pixel, 2100), (*pixel, 2600), (*pixel, 2700), (*pixel, 5100), (61, 130, 0, 5200), (*pixel, 9100)]
    net, probe = driven_by(write_events(tmp_path / "camera.events", events), weight=0.4)
    expected, got = (data(kind, (net, [probe]), lambda sim: sim.run_steps(20)) for kind in (loihi.Simulator, Simulator))
    assert np.any(expected[0])
    compare(got, expected)


@pytest.mark.parametrize("neuron", [1000, -1])
def test_a_spike_of_a_neuron_that_an_input_has_not_is_an_error(neuron: int) -> None:
    model = overflowing()
    next(iter(model.inputs)).spikes[3] = np.array([5, neuron])
    fast = FastEmulator(model)
    with pytest.raises(IndexError, match=r"inputs have \[1000\] neurons"):
        fast.run_steps(8)


def test_install_makes_nengo_loihi_itself_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = data(loihi.Simulator, closed_loop(), in_pieces)
    for module in (loihi.simulator, loihi.emulator):
        monkeypatch.setattr(module, "EmulatorInterface", module.EmulatorInterface)
    install()
    net, _ = closed_loop()
    with loihi.Simulator(net, target="sim") as sim:
        assert isinstance(sim.sims["emulator"], FastEmulator)
    compare(data(loihi.Simulator, closed_loop(), in_pieces), expected)
    compare(data(Simulator, closed_loop(), in_pieces), expected)


def test_a_closed_simulator_runs_no_more() -> None:
    from nengo.exceptions import SimulatorClosed

    net, probes = only_the_chip()
    with Simulator(net, target="sim") as sim:
        sim.run_steps(5)
    assert len(sim.data[probes[0]]) == 5
    with pytest.raises(SimulatorClosed):
        sim.run_steps(1)
