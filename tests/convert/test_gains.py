"""Calibration without training: gains, arrival of the drive, late biases."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from convert.gains import CLOCK, arrival_step, calibrate_gains, few_enough, with_late_biases
from convert.network import INPUT, ConvertedNetwork, Convolution, Population, Projection, Readout, Sparse


def chain(layers: int = 3, bias_hz: float = 20.0, timesteps: int = 256) -> ConvertedNetwork:
    """image -> host -> ``layers`` chip populations of 6 x 6 x 4 with random kernels -> readout."""
    rng = np.random.default_rng(3)
    shape = (6, 6, 4)
    names = [f"p{i}" for i in range(layers + 1)]
    populations = tuple(
        Population(n, "Conv2D", shape, np.full(shape, 100.0 if i == 0 else bias_hz), 100.0, i > 0, -1.0 if i else 0.0)
        for i, n in enumerate(names)
    )
    first = Projection(INPUT, "p0", Convolution(rng.uniform(0, 40, (3, 3, 1, 4))))
    rest = [
        Projection(a, b, Convolution(rng.normal(0.05, 0.25, (3, 3, 4, 4))))
        for a, b in pairwise(names)
    ]
    readout = Readout("out", (6, 6, 4), np.zeros((6, 6, 4)))
    return ConvertedNetwork((6, 6, 1), populations, (first, *rest), (readout,), timesteps=timesteps)


def rates_hz(network: ConvertedNetwork, images):  # type: ignore[no-untyped-def]
    """Mean rate by channel of every population if neurons were rectified-linear."""
    from convert.transforms import apply

    activity = {INPUT: images}
    for p in network.populations:
        drive = sum(np.asarray(apply(q.transform, activity[q.source], p.shape)) for q in network.into(p.name))
        activity[p.name] = np.maximum(drive + p.bias_hz, 0).astype(np.float32)
    return {name: a.mean(axis=(0, 1, 2)).astype(np.float64) for name, a in activity.items() if name != INPUT}


def test_gains_make_up_for_the_overshoot_that_is_lost():
    network = chain()
    images = np.random.default_rng(0).uniform(0, 1, (4, 6, 6, 1)).astype(np.float32)
    calibration = calibrate_gains(network, images, rates_hz(network, images))
    assert set(calibration.gains) == {"p1", "p2", "p3"}
    means = [gain.mean() for gain in calibration.gains.values()]
    assert min(means) > 1
    kernel = network.into("p2")[0].transform.kernel
    assert np.allclose(calibration.network.into("p2")[0].transform.kernel, kernel * calibration.gains["p2"])


def test_the_drive_arrives_later_in_every_layer():
    network = chain(layers=4)
    images = np.random.default_rng(0).uniform(0, 1, (2, 6, 6, 1)).astype(np.float32)
    arrival = list(calibrate_gains(network, images, rates_hz(network, images)).arrival.values())
    assert arrival == sorted(arrival)
    assert arrival[0] >= 1
    assert arrival[-1] > arrival[0]


def test_arrival_is_where_the_drive_reaches_half_of_its_later_size():
    drive = np.zeros((1, 100, 5), np.float32)
    drive[:, 30:] = -2.0
    assert arrival_step(drive) in (29, 30)
    assert arrival_step(np.ones((1, 10, 2), np.float32)) == 1


def test_late_biases_come_from_one_host_neuron_for_each_step():
    network = chain()
    late = with_late_biases(network, {"p1": 3, "p2": 7, "p3": 7})
    clocks = [p for p in late.populations if p.kind == "Clock"]
    assert [(c.name, c.start_step, c.neurons, c.on_chip) for c in clocks] == [
        (f"{CLOCK}@3", 2, 1, False),
        (f"{CLOCK}@7", 6, 1, False),
    ]
    assert not any(late.population(n).bias_hz.any() for n in ("p1", "p2", "p3"))
    assert late.population("p0").bias_hz.any()
    (bias,) = [p for p in late.into("p3") if p.source == f"{CLOCK}@7"]
    assert isinstance(bias.transform, Sparse)
    per_spike = bias.transform.matrix.toarray()[:, 0]
    assert np.allclose(per_spike / late.dt_s, network.population("p3").bias_hz.ravel())


def test_a_population_without_bias_needs_no_clock():
    network = chain(bias_hz=0.0)
    assert [p.name for p in with_late_biases(network, {"p1": 3}).populations] == [p.name for p in network.populations]


@pytest.mark.parametrize("timesteps", [64, 2**22])
def test_simulated_images_are_bounded_by_memory(timesteps):
    network = replace(chain(), timesteps=timesteps)
    images = np.zeros((8, 6, 6, 1), np.float32)
    assert len(few_enough(network, images)) == (8 if timesteps == 64 else 1)
