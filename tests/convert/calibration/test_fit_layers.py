"""Calibration without training: gains, arrival of the drive, late biases, weights with_fitted_weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from convert.calibration.bias_onset import BIAS_SOURCE, arrival_step, with_bias_onset
from convert.calibration.deliveries import arriving
from convert.calibration.firing import fire
from convert.calibration.fit_layers import calibrate_spiking
from convert.calibration.fit_weights import with_fitted_weights
from convert.calibration.gains import fit_gains
from convert.calibration.simulate import affordable, drive_hz, encode
from convert.calibration.spike_trains import SpikeTrains
from convert.calibration.synaptic_filters import LARGEST_STEP, with_synaptic_filters
from convert.network import INPUT, Convolution, Network, Projection, Sparse
from tests.builders.image_networks import chain, images


def first_layer(network: Network):  # type: ignore[no-untyped-def]
    """The rates that the first chip population should have and the drive that comes to it."""
    host, chip = network.populations[:2]
    wanted = {INPUT: images()}
    wanted["p0"] = np.maximum(drive_hz(network, host, wanted), 0)
    rates_hz = np.maximum(drive_hz(network, chip, wanted), 0)
    return chip, rates_hz, arriving(network, chip, {"p0": encode(network, wanted["p0"])})


def test_gains_make_up_for_the_overshoot_that_is_lost():
    network = chain(layers=1, timesteps=1024)
    chip, rates_hz, drive = first_layer(network)
    mean_hz = rates_hz.mean(axis=(0, 1, 2), dtype=np.float64)

    def fired_hz(gain):
        share = fire(network, chip, drive, len(rates_hz), gain, 1).share(16)
        return share.reshape(-1, 4).mean(axis=0, dtype=np.float64) / network.dt_s

    gain = fit_gains(network, chip, drive, rates_hz, bias_from=1, settled=16)
    assert (fired_hz(np.ones(4)) < 0.95 * mean_hz).all()
    assert (gain > 1).all()
    assert np.allclose(fired_hz(gain), mean_hz, rtol=0.03)


def test_calibration_brings_the_last_layer_nearer_to_its_rates():
    network = chain(layers=4)
    calibration = calibrate_spiking(network, images(32))
    assert set(calibration.gains) == {"p1", "p2", "p3", "p4"}
    assert _rate_error(calibration.network, calibration.arrival) < 0.5 * _rate_error(network, calibration.arrival)


def _rate_error(network: Network, arrival: dict[str, int]) -> float:
    """Root mean square error of the last population's rates, relative to them, on images not calibrated on."""
    wanted, trains = {INPUT: images(8, seed=1)}, {}
    exact = chain(layers=4)
    for p, q in zip(network.populations, exact.populations, strict=True):
        wanted[p.name] = np.maximum(drive_hz(exact, q, wanted), 0)
        if p.on_chip:
            trains[p.name] = fire(network, p, arriving(network, p, trains), 8, np.ones(4), arrival[p.name])
        else:
            trains[p.name] = encode(network, wanted[p.name])
    rates_hz = trains["p4"].share(64) / network.dt_s
    error = rates_hz.reshape(wanted["p4"].shape) - wanted["p4"]
    return float(np.sqrt(np.mean(error**2) / np.mean(wanted["p4"] ** 2)))


def test_another_network_can_be_followed():
    network = chain(layers=1, timesteps=512)
    host, chip = network.populations
    rates = {INPUT: images(32)}
    wanted = {"p0": drive_hz(network, host, rates)}
    rates["p0"] = np.maximum(wanted["p0"], 0)
    wanted["p1"] = 0.6 * drive_hz(network, chip, rates) + 30
    calibration = calibrate_spiking(network, rates[INPUT], wanted_hz=wanted)
    drive = arriving(calibration.network, chip, {"p0": encode(network, wanted["p0"])})
    spikes = fire(calibration.network, calibration.network.population("p1"), drive, 32, np.ones(4), 1)
    rates_hz = spikes.share(32).ravel() / network.dt_s
    assert np.abs(rates_hz - np.maximum(wanted["p1"], 0).ravel()).mean() < 0.05 * wanted["p1"].mean()


@pytest.mark.parametrize(("count", "size"), [(200, 6), (1, 85)])
def test_weights_are_refitted_to_sources_that_are_off(count, size):
    made = chain(layers=1)
    shape = (size, size, 4)
    populations = tuple(replace(p, shape=shape, bias_hz=np.full(shape, 20.0)) for p in made.populations)
    network = replace(made, populations=populations)
    rng = np.random.default_rng(5)
    rates = rng.uniform(0, 200, (count, *shape)).astype(np.float32)
    chip, share = network.population("p1"), np.float32([0.7, 0.8, 0.9, 1.1])
    off = {"p0": rates * share + 10}
    wanted = drive_hz(network, chip, {"p0": rates})
    found = with_fitted_weights(network, "p1", off, wanted - drive_hz(network, chip, off))
    before, after = network.into("p1")[0].transform, found.into("p1")[0].transform
    assert isinstance(before, Convolution)
    assert isinstance(after, Convolution)
    assert np.allclose(after.kernel[1, 1] * share[:, None], before.kernel[1, 1], atol=0.05)
    error, was = (
        drive_hz(n, n.population("p1"), {"p0": rates[:20] * share + 10}) - wanted[:20] for n in (found, network)
    )
    assert np.abs(error).mean() < 0.3 * np.abs(was).mean()


def test_a_layer_with_a_structure_of_zeros_is_left_as_trained():
    network = chain(layers=1)
    rng = np.random.default_rng(2)
    rates, missing = rng.uniform(0, 100, (2, 50, 6, 6, 4)).astype(np.float32)
    assert with_fitted_weights(network, "p1", {"p0": rates}, missing) is not network
    (projection,) = network.into("p1")
    depthwise = replace(projection, transform=Convolution(np.eye(4) * np.ones((3, 3, 1, 1))))
    structured = replace(network, projections=(network.projections[0], depthwise, *network.projections[2:]))
    assert with_fitted_weights(structured, "p1", {"p0": rates}, missing) is structured


@pytest.mark.parametrize("count", [1, 2, 8, 64])
def test_what_is_only_noise_hardly_changes_the_weights(count):
    network = chain(layers=1)
    rng = np.random.default_rng(count)
    rates, held_out = rng.uniform(0, 100, (2, count, 6, 6, 4)).astype(np.float32)
    found = with_fitted_weights(network, "p1", {"p0": rates}, rng.normal(0, 20, rates.shape).astype(np.float32))
    chip = found.population("p1")
    change = drive_hz(found, chip, {"p0": held_out}) - drive_hz(network, network.population("p1"), {"p0": held_out})
    assert np.sqrt(np.mean(change**2)) < 10


def test_the_drive_arrives_later_in_every_layer():
    arrival = list(calibrate_spiking(chain(layers=4), images(2)).arrival.values())
    assert arrival == sorted(arrival)
    assert arrival[0] >= 1
    assert arrival[-1] > arrival[0]


def test_arrival_is_where_the_drive_reaches_half_of_its_later_size():
    size = np.zeros(100, np.float32)
    size[30:] = 2.0
    assert arrival_step(size) in (29, 30)
    assert arrival_step(np.ones(10, np.float32)) == 1


def test_late_biases_come_from_one_host_neuron_for_each_step():
    network = chain()
    late = with_bias_onset(network, {"p1": 3, "p2": 7, "p3": 7})
    clocks = [p for p in late.populations if p.source_layer == "BiasSource"]
    assert [(c.name, c.onset_step, c.neurons, c.on_chip) for c in clocks] == [
        (f"{BIAS_SOURCE}@3", 2, 1, False),
        (f"{BIAS_SOURCE}@7", 6, 1, False),
    ]
    assert not any(late.population(n).bias_hz.any() for n in ("p1", "p2", "p3"))
    assert late.population("p0").bias_hz.any()
    (bias,) = [p for p in late.into("p3") if p.source == f"{BIAS_SOURCE}@7"]
    assert isinstance(bias.transform, Sparse)
    per_spike = bias.transform.matrix.toarray()[:, 0]
    assert np.allclose(per_spike / late.dt_s, network.population("p3").bias_hz.ravel())


def test_a_population_without_bias_needs_no_clock():
    network = chain(bias_hz=0.0)
    assert [p.name for p in with_bias_onset(network, {"p1": 3}).populations] == [p.name for p in network.populations]


@pytest.mark.parametrize("timesteps", [64, 2**22])
def test_simulated_images_are_bounded_by_time_and_memory(timesteps):
    network = replace(chain(), timesteps=timesteps)
    assert len(affordable(network, images(8))) == (8 if timesteps == 64 else 1)


def test_spikes_are_kept_eight_to_a_byte():
    spikes = (np.random.default_rng(0).random((3, 20, 13)) < 0.3).astype(np.uint8)
    trains = SpikeTrains.silent(3, 20, 13)
    for k, image in enumerate(spikes):
        trains.set(k, image)
    assert trains.bits.shape == (3, 20, 2)
    assert np.array_equal(trains.of(1), spikes[1])
    assert np.allclose(trains.share(5, -1), spikes[:, 5:-1].mean(axis=1))


def test_host_neurons_fire_when_the_integral_of_their_drive_passes_a_whole_number():
    network = chain(timesteps=100)
    spikes = encode(network, np.float32([[0, -50, 10, 250, 300, 5000]]))
    assert spikes.of(0).sum(axis=0).tolist() == [0, 0, 1, 25, 30, 100]
    assert np.flatnonzero(spikes.of(0)[:, 3]).tolist() == list(range(3, 100, 4))


@pytest.mark.parametrize("weight", [0.3, 0.6, 0.95])
def test_synapses_filter_spikes_that_are_large_beside_the_threshold(weight):
    made = chain(layers=2)
    eye = Projection("p1", "p2", Sparse(sparse.csr_array(weight * sparse.eye_array(144))))
    small = [replace(p, transform=Convolution(np.clip(p.transform.kernel, -0.2, 0.2))) for p in made.projections[1:]]
    network = with_synaptic_filters(replace(made, projections=(made.projections[0], *small, eye)))
    found_s = {p.name: p.synapse_s for p in network.populations}
    assert found_s["p0"] == found_s["p1"] == 0
    first_step = weight * (1 - np.exp(-network.dt_s / found_s["p2"])) if found_s["p2"] else weight
    assert np.isclose(first_step, min(weight, LARGEST_STEP))
    assert {p.synapse_s for p in with_synaptic_filters(network, 0.003).chip_populations} == {0.003}
    assert not with_synaptic_filters(network, 0.003).population("p0").synapse_s
