"""What the host sends, known without running the chip; and what is refused before it goes wrong without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nengo
import numpy as np
import pytest

from convert.errors import UserError
from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.emulator import flatten_model, host_spikes, run_model
from tests.builders.dvs_events import driven_by, write_events

loihi = load_nengo_loihi()
STEPS = 80

pytestmark = [
    pytest.mark.filterwarnings("ignore:NengoLoihi does not support initial values"),
    pytest.mark.filterwarnings("ignore:invalid value encountered in cast"),
    pytest.mark.filterwarnings("ignore:Model is precomputable"),
]


def forward() -> nengo.Network:
    with nengo.Network(seed=0) as net:
        stimulus, a = nengo.Node(lambda t: np.sin(20 * t)), nengo.Ensemble(50, 1)
        nengo.Connection(stimulus, a)
        nengo.Connection(a, a, synapse=0.1)
    return net


def read_by_the_host() -> nengo.Network:
    """The chip sends to the host, which sends nothing back."""
    net = forward()
    with net:
        out = nengo.Node(lambda t, x: x, size_in=1)
        nengo.Connection(net.ensembles[0], out)
        nengo.Probe(out)
    return net


def loop() -> nengo.Network:
    net = forward()
    with net:
        back = nengo.Node(lambda t, x: -0.5 * x, size_in=1)
        nengo.Connection(net.ensembles[0], back)
        nengo.Connection(back, net.ensembles[0])
    return net


def stepped(net: nengo.Network, steps: int, **options: Any) -> np.ndarray:
    """The spikes of nengo_loihi's own emulator, shape (steps, compartments)."""
    spikes = []
    with loihi.Simulator(net, target="sim", seed=0, **options) as sim:
        for _ in range(steps):
            sim.step()
            spikes.append(sim.sims["emulator"].compartment.spiked.copy())
    return np.array(spikes)


@pytest.mark.parametrize("precompute", [None, True, False])
@pytest.mark.parametrize("make", [forward, read_by_the_host])
def test_whatever_precompute_is_the_host_is_advanced(
    make: Callable[[], nengo.Network], precompute: bool | None
) -> None:
    with loihi.Simulator(make(), target="sim", seed=0, precompute=precompute) as sim:
        flat, first, second = flatten_model(sim.model), host_spikes(sim, 30), host_spikes(sim, STEPS - 30)
    given = [np.concatenate(pair) for pair in zip(first, second, strict=True)]
    expected = stepped(make(), STEPS, precompute=precompute)
    assert expected.any()
    np.testing.assert_array_equal(run_model(flat, given, STEPS).spikes, expected)


@pytest.mark.parametrize("precompute", [None, False])
def test_a_loop_through_the_host_is_refused(precompute: bool | None) -> None:
    with (
        loihi.Simulator(loop(), target="sim", precompute=precompute) as sim,
        pytest.raises(UserError, match=r"back to the chip: run it step by step in deploy\.emulator\.Simulator"),
    ):
        host_spikes(sim, STEPS)


def camera(path: Path) -> Path:
    """Four events in each of 40 steps, two of them of one pixel."""
    rng = np.random.default_rng(0)
    events = []
    for step in range(40):
        pixels = [(int(rng.integers(180)), int(rng.integers(240)), int(rng.integers(2))) for _ in range(3)]
        events += [(*pixel, 1000 * step + 100 * i + 50) for i, pixel in enumerate([*pixels, pixels[0]])]
    return write_events(path, events)


def test_inputs_fixed_at_build_go_on_where_they_were(tmp_path: Path) -> None:
    path = camera(tmp_path / "camera.events")
    whole, pieces = [], []
    for lengths, given in (((40,), whole), ((15, 1, 24), pieces)):
        with loihi.Simulator(driven_by(path, weight=0.3, blocks=2)[0], target="sim", seed=0) as sim:
            flat = flatten_model(sim.model)
            given += [host_spikes(sim, length) for length in lengths]
    joined = [np.concatenate(parts) for parts in zip(*pieces, strict=True)]
    np.testing.assert_array_equal(joined, whole[0])
    assert np.sum(joined) == 160
    assert np.max(joined) >= 2
    expected = stepped(driven_by(path, weight=0.3, blocks=2)[0], 40)
    assert expected.any()
    np.testing.assert_array_equal(run_model(flat, joined, 40).spikes, expected)


def test_a_simulator_whose_host_is_ahead_runs_no_more() -> None:
    with loihi.Simulator(forward(), target="sim") as sim:
        host_spikes(sim, STEPS)
        for action in (lambda: sim.run_steps(3), sim.step, lambda: sim.run(0.003)):
            with pytest.raises(UserError, match=f"by {STEPS} steps and not its chip.*build another"):
                action()
        assert sim.n_steps == 0


def test_a_simulator_that_has_run_is_refused() -> None:
    with loihi.Simulator(forward(), target="sim") as sim:
        sim.run_steps(5)
        with pytest.raises(UserError, match="has run 5 steps, so its chip is not at rest"):
            host_spikes(sim, STEPS)


def test_a_closed_simulator_is_refused() -> None:
    sim = loihi.Simulator(forward(), target="sim")
    sim.close()
    with pytest.raises(UserError, match="closed"):
        host_spikes(sim, STEPS)


def test_rasters_of_numbers_count() -> None:
    with loihi.Simulator(forward(), target="sim") as sim:
        flat, given = flatten_model(sim.model), host_spikes(sim, STEPS)
    once = run_model(flat, given, STEPS)
    as_booleans = run_model(flat, [spikes > 0 for spikes in given], STEPS)
    np.testing.assert_array_equal(as_booleans.spikes, once.spikes)
    twice = run_model(flat, [2 * spikes for spikes in given], STEPS, voltages=True)
    assert twice.synops > once.synops
    assert not np.array_equal(twice.spikes, once.spikes)
    cut = run_model(flat, [2 * spikes[:33] for spikes in given], 33)
    rest = run_model(flat, [2 * spikes[33:] for spikes in given], STEPS - 33, state=cut.state, voltages=True)
    np.testing.assert_array_equal(rest.voltages, twice.voltages[33:])


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (-1, "the number -1"),
        (0.5, "numbers of type float64"),
        (np.nan, "numbers of type float64"),
        (2**16 + 1, "the number 65537"),
    ],
)
def test_what_is_no_number_of_spikes_is_refused(number: float, message: str) -> None:
    with loihi.Simulator(forward(), target="sim") as sim:
        flat, given = flatten_model(sim.model), host_spikes(sim, 5)
    wrong = [np.where(np.arange(spikes.size).reshape(spikes.shape) == 3, number, spikes) for spikes in given]
    with pytest.raises(UserError, match=f"input 0 has {message}"):
        run_model(flat, wrong, 5)


def flat_of(neurons: int) -> Any:
    with nengo.Network(seed=0) as net:
        a, b = nengo.Ensemble(neurons, 1), nengo.Ensemble(neurons, 1)
        nengo.Connection(a, b)
    with loihi.Simulator(net, target="sim") as sim:
        return flatten_model(sim.model)


@pytest.mark.parametrize(("mine", "foreign"), [(200, 10), (10, 200)])
def test_the_state_of_another_model_is_refused(mine: int, foreign: int) -> None:
    state = run_model(flat_of(foreign), [], 20).state
    with pytest.raises(UserError, match=r"the state is not this model's, which has .* compartments .* current has "):
        run_model(flat_of(mine), [], 20, state=state)


def test_a_state_of_other_numbers_is_refused() -> None:
    from dataclasses import replace

    flat = flat_of(10)
    state = run_model(flat, [], 20).state
    with pytest.raises(UserError, match=r"sources: voltage has .* float64 numbers"):
        run_model(flat, [], 20, state=replace(state, voltage=state.voltage * 0.5))
