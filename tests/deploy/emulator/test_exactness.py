"""The fast emulator against nengo_loihi's, on random networks: every integer, every spike, every membrane."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convert.errors import UserError
from convert.network import Population
from convert.network.relays import relay_of
from convert.network.transforms import WHOLE
from deploy.emulator import compile_network, run, run_model
from deploy.emulator.flat_model import flatten_model
from deploy.emulator.host_side import host_spikes
from partition.geometry.tile import tile_slices
from partition.result import Block
from tests.builders.random_networks import Case, random_case, with_events, with_loops, with_or_pooling, with_relay
from tests.builders.reference_emulator import built, fast, fast_weights, neuron_places, reference, reference_weights

EXAMPLES = settings(
    max_examples=6, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
CASES = st.randoms(use_true_random=False).map(random_case)


def reference_or_refusal(case: Case) -> object:
    """The reference's run; where nengo_loihi finds no integers for the weights, ours must say so too."""
    from nengo.exceptions import BuildError

    try:
        return reference(case)
    except BuildError:
        with pytest.raises(UserError, match="biases"):
            compile_network(case.network, case.partition)
        return None


@EXAMPLES
@given(CASES)
def test_spikes_voltages_and_currents_are_identical(case: Case) -> None:
    compare_every_state(case)


@pytest.mark.parametrize("seed", range(12))
def test_states_are_identical_for_these_networks_too(seed: int) -> None:
    compare_every_state(random_case(Random(seed)))


@pytest.mark.parametrize("seed", range(8))
def test_states_are_identical_where_pixels_are_left_out(seed: int) -> None:
    case = random_case(Random(seed), crops=True)
    assert any(getattr(p.transform, "crop", WHOLE) != WHOLE for p in case.network.projections)
    compare_every_state(case)


@pytest.mark.parametrize("seed", range(24))
def test_states_are_identical_where_neurons_leak(seed: int) -> None:
    case = random_case(Random(seed), leaky=True)
    compare_every_state(case)
    check_every_integer(case)
    check_whole_presentations(case, threads=1)


@pytest.mark.parametrize("seed", range(12))
def test_states_are_identical_where_events_come_in(seed: int) -> None:
    case = with_events(random_case(Random(seed), leaky=True), Random(seed))
    compare_every_state(case)
    check_whole_presentations(case, threads=1)


@pytest.mark.parametrize("seed", range(24))
def test_states_are_identical_where_projections_go_back(seed: int) -> None:
    given = random_case(Random(seed), leaky=True)
    case = with_loops(with_events(given, Random(seed)) if seed % 2 else given, Random(seed))
    assert case.network.going_back
    compare_every_state(case)
    check_every_integer(case)
    check_whole_presentations(case, threads=1 + seed % 2)


@pytest.mark.parametrize("seed", range(16))
def test_states_are_identical_where_layers_rest(seed: int) -> None:
    """Without events, and most without biases, before a wave, between two and after them."""
    case = with_silences(with_events(random_case(Random(seed), timesteps=30, leaky=seed % 2 == 0), Random(seed)))
    compare_every_state(case)
    check_whole_presentations(case, threads=1)


def with_silences(case: Case) -> Case:
    events = case.drives_hz["host"].copy()
    silent = np.ones(case.network.timesteps, bool)
    silent[[4, 5, 17]] = False
    events[:, silent] = 0
    first, second, *others = case.network.populations
    rest = [replace(p, bias_hz=np.zeros(p.shape)) for p in (second, *others[:-1])]
    populations = (first, *rest, *others[-1:])
    return replace(case, network=case.network.with_(populations=populations), drives_hz={"host": events})


@pytest.mark.parametrize("seed", range(16))
def test_max_pooling_of_spikes_is_their_or_one_step_later(seed: int) -> None:
    given = with_events(random_case(Random(seed), leaky=True), Random(seed))
    case, windows = with_or_pooling(given, Random(seed))
    compare_every_state(case)
    check_every_integer(case)
    (source,) = (p.source for p in case.network.into("pool"))
    several = {"host": case.drives_hz["host"] * np.uint8(1 + seed % 3)}
    program = compile_network(case.network, case.partition)
    layers = {layer.name: layer for layer in program.layers}
    for result in run(program, several, record=[source, "pool"]):
        fired, joined = (result.spikes[name].raster(layers[name]) for name in (source, "pool"))
        np.testing.assert_array_equal(joined[1:], fired[:-1] @ windows.T)
        assert not joined[0].any()


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 6, 7, 9, 10, 11, 12])  # the others have no layer behind another
def test_relays_fire_as_their_layer_one_step_later(seed: int) -> None:
    case, name = with_relay(with_events(random_case(Random(seed), leaky=True), Random(seed)), Random(seed))
    compare_every_state(case)
    check_every_integer(case)
    program = compile_network(case.network, case.partition)
    for result in run(program, case.drives_hz, record=[name, relay_of(name)]):
        fired, passed_on = (result.spikes[n].raster(program.layer(n)) for n in (name, relay_of(name)))
        np.testing.assert_array_equal(passed_on[1:], fired[:-1])
        assert not passed_on[0].any()


def test_events_of_one_neuron_in_one_step_are_as_many_messages() -> None:
    case = with_events(random_case(Random(5)), Random(5))
    program = compile_network(case.network, case.partition)
    (once,) = run(program, {"host": case.drives_hz["host"][:1]}, record=["host"])
    (thrice,) = run(program, {"host": 3 * case.drives_hz["host"][:1]}, record=["host"])
    assert once.counts["host"].spikes == case.drives_hz["host"][0].sum()
    assert thrice.counts["host"].spikes == 3 * once.counts["host"].spikes
    assert thrice.counts["host"].messages == 3 * once.counts["host"].messages
    raster = once.spikes["host"].raster(program.layer("host"))
    np.testing.assert_array_equal(raster, case.drives_hz["host"][0] > 0)
    np.testing.assert_array_equal(thrice.spikes["host"].raster(program.layer("host")), raster)


def test_a_recording_that_ends_early_is_followed_by_silence() -> None:
    case = with_events(random_case(Random(5)), Random(5))
    program, given = compile_network(case.network, case.partition), case.drives_hz["host"][:1]
    padded = np.concatenate([given[:, :7], np.zeros_like(given[:, 7:])], axis=1)
    (short,), (whole,) = (run(program, {"host": events}, record=["host"]) for events in (given[:, :7], padded))
    assert short.counts == whole.counts


def compare_every_state(case: Case) -> None:
    expected = reference_or_refusal(case)
    if expected is not None:
        got = fast(case)
        for name, traces in expected.traces.items():
            for key, values in traces.items():
                np.testing.assert_array_equal(got[name][key], values, f"{name} {key}")


@EXAMPLES
@given(CASES)
def test_every_integer_of_every_block_is_identical(case: Case) -> None:
    check_every_integer(case)


def check_every_integer(case: Case) -> None:
    from nengo.exceptions import BuildError

    try:
        model = built(case)
    except BuildError:
        return
    program = compile_network(case.network, case.partition)
    flat = flatten_model(model)
    for layer in program.chip_layers:
        place = neuron_places(case, model)[layer.name]
        kind = np.repeat(layer.strips[:, 2], layer.strips[:, 1] - layer.strips[:, 0])
        width, rows = layer.row_length, layer.shape[0]
        np.testing.assert_array_equal(layer.vth[kind][:, :width].ravel(), flat.vth[place])
        np.testing.assert_array_equal(layer.vmin[kind][:, :width].ravel(), flat.vmin[place])
        bias = np.broadcast_to(layer.bias, (rows, layer.bias.shape[1]))
        np.testing.assert_array_equal(bias[:, :width].ravel(), flat.bias[place])
        assert (flat.decay_u[place] == 4096 - 1 - layer.decay).all()
        assert (flat.decay_v[place] == 4096 - layer.kept).all()
        assert layer.kept == 4096 - case.network.population(layer.name).neuron.decay_v
        assert (flat.vmax[place] == 2**23 - 1).all()
        assert (flat.refractory[place] == 1).all()
    weights = fast_weights(program)
    for key, expected in reference_weights(case, model).items():
        np.testing.assert_array_equal(weights[key], expected, str(key))


@EXAMPLES
@given(CASES, st.sampled_from([1, 2]))
def test_whole_presentations_are_identical(case: Case, threads: int) -> None:
    check_whole_presentations(case, threads)


def check_whole_presentations(case: Case, threads: int) -> None:
    expected = reference_or_refusal(case)
    if expected is None:
        return
    program = compile_network(case.network, case.partition)
    names = [layer.name for layer in program.chip_layers]
    steps = case.network.timesteps
    results = run(program, case.drives_hz, continuous=True, record=names, threads=threads, windows=[(0, steps), (3, 5)])
    for i, result in enumerate(results):
        part = slice(i * steps, (i + 1) * steps)
        for name in names:
            spiked = expected.traces[name]["spiked"][part]
            np.testing.assert_array_equal(result.spikes[name].raster(program.layer(name)), spiked)
            assert result.counts[name].spikes == spiked.sum()
        (readout,) = program.readouts
        spiked = expected.traces[readout]["spiked"][part]
        np.testing.assert_array_equal(result.readouts[readout], [spiked.sum(axis=0), spiked[3:5].sum(axis=0)])
    flat = run_model(flatten_model(expected.model), expected.flat_inputs, len(expected.all_spikes), voltages=True)
    np.testing.assert_array_equal(flat.spikes, expected.all_spikes)
    np.testing.assert_array_equal(flat.voltages, expected.all_voltages)


@pytest.mark.parametrize(("onset", "end"), [(0, 5), (3, 7), (4, None), (6, 6)])
@pytest.mark.parametrize("seed", [0, 5])
def test_the_host_drives_in_its_window_only(seed: int, onset: int, end: int | None) -> None:
    case = random_case(Random(seed))
    host, *chip = case.network.populations
    window = replace(host, onset_step=onset, end_step=end)
    case = replace(case, network=case.network.with_(populations=(window, *chip)))
    expected, program = reference_or_refusal(case), compile_network(case.network, case.partition)
    names, steps = [layer.name for layer in program.layers], case.network.timesteps
    for i, result in enumerate(run(program, case.drives_hz, continuous=True, record=names)):
        part = slice(i * steps, (i + 1) * steps)
        for layer in program.chip_layers:
            spiked = result.spikes[layer.name].raster(layer)
            np.testing.assert_array_equal(spiked, expected.traces[layer.name]["spiked"][part])
        fired = result.spikes["host"].raster(program.layer("host")).any(axis=1)
        assert fired.any() == (end is None or end > onset)
        assert not fired[~window.driven(np.arange(steps))].any()


def test_a_population_that_nothing_reaches_fires_from_its_bias() -> None:
    case = random_case(Random(3))
    lonely = Population("lonely", "layer", (2, 2, 3), np.linspace(50, 400, 12).reshape(2, 2, 3), 1.0)
    blocks = [Block("lonely", slices, 0, 0) for slices in tile_slices(lonely.shape, (2, 1, 3))]
    network = case.network.with_(populations=(*case.network.populations, lonely))
    tiles = case.partition.tiles | {"lonely": (2, 1, 3)}
    cut = replace(case.partition, tiles=tiles, blocks=(*case.partition.blocks, *blocks))
    compare_every_state(Case(network, cut, case.drives_hz))


def loud_case() -> Case:
    """The first random network whose currents overflow."""
    for seed in range(200):
        case = random_case(Random(seed))
        if reference_or_refusal_is_loud(case):
            return case
    raise AssertionError("no random network overflows")


def reference_or_refusal_is_loud(case: Case) -> bool:
    try:
        results = run(compile_network(case.network, case.partition), case.drives_hz, continuous=True)
    except UserError:
        return False
    return sum(count.overflow[0] + count.overflow[1] for count in results[1].counts.values()) > 0


def test_overflow_wraps_as_in_the_reference_and_is_counted() -> None:
    case = loud_case()
    expected, got = reference(case), fast(case)
    for name, traces in expected.traces.items():
        np.testing.assert_array_equal(got[name]["current"], traces["current"])
        np.testing.assert_array_equal(got[name]["voltage"], traces["voltage"])
    program = compile_network(case.network, case.partition)
    whole = run(program, case.drives_hz, continuous=True)
    flat = run_model(flatten_model(expected.model), expected.flat_inputs, len(expected.all_spikes))
    counted = np.sum([c.overflow for result in whole for c in result.counts.values()], axis=0)
    assert tuple(counted) == flat.overflow


@pytest.mark.parametrize("seed", [3, 5])
def test_reset_mode_starts_every_image_from_rest(seed: int) -> None:
    case = random_case(Random(seed))
    program = compile_network(case.network, case.partition)
    names = [layer.name for layer in program.chip_layers]
    results = run(program, case.drives_hz, record=names, threads=1)
    for i, result in enumerate(results):
        alone = Case(case.network, case.partition, {"host": case.drives_hz["host"][i : i + 1]})
        expected = reference(alone)
        for name in names:
            raster = result.spikes[name].raster(program.layer(name))
            np.testing.assert_array_equal(raster, expected.traces[name]["spiked"])


def test_host_spikes_are_what_the_simulator_sends() -> None:
    from deploy.nengo_loihi.build import chip_form, simulator

    case = random_case(Random(3))
    expected = reference(case)
    chip = chip_form(case.network, case.partition, case.drives_hz)
    with simulator(chip, case.network, case.partition) as sim:
        steps = len(expected.all_spikes)
        first, second = host_spikes(sim, 5), host_spikes(sim, steps - 5)
    for a, b, raster in zip(first, second, expected.flat_inputs, strict=True):
        np.testing.assert_array_equal(np.concatenate([a, b]), raster)
