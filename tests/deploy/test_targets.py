"""What every target must do, and what is computed from its counts."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from convert.bundle import load_network
from convert.errors import UserError
from convert.lower import scaled
from convert.network import (
    INPUT,
    ConvertedNetwork,
    Convolution,
    ConvolutionTranspose,
    Population,
    Projection,
    Readout,
    Sparse,
    require_timesteps,
)
from convert.transforms import as_matrix
from deploy.counting import fanout, layer_counts
from deploy.readout import checkpoints_of, outputs_of, windows_at
from deploy.targets import TARGETS, Job, prepare, window_counts
from partition.plan import Block, Partition, read_partition

HERE = tuple(name for name in TARGETS if name != "loihi")
"""Targets that run on any machine."""
KEEPING = ("fast", "emulator")
"""Those that can keep the state from input to input."""


@pytest.fixture(scope="module")
def job(tiny):
    """The tiny classifier with windows that cut the run in several ways."""
    bundle = tiny / "tiny.bundle"
    network = load_network(bundle)
    windows = [(0, 32), (0, 16), (16, 32), (3, 4), (31, 32)]
    return Job(network, read_partition(bundle / "partition.json"), windows, threads=1)


@pytest.fixture(scope="module")
def images(tiny):
    """Two different images, the first one again."""
    x = np.load(tiny / "data.npz")["x"].astype(np.float32)
    return x[[0, 1, 0]]


@pytest.fixture(scope="module", params=HERE)
def results(request, job, images):
    """What one target does with the three images."""
    return list(prepare(request.param, job)(images))


def same(a, b):
    assert a.layers == b.layers
    assert a.counts.keys() == b.counts.keys()
    for name in a.counts:
        np.testing.assert_array_equal(a.counts[name], b.counts[name])


def test_counts_by_window_and_neuron(results, job):
    assert len(results) == 3
    for result in results:
        assert set(result.counts) == set(job.readout_sources) == {"outer"}
        counts = result.counts["outer"]
        assert counts.shape == (len(job.windows), job.network.population("outer").neurons)
        assert np.issubdtype(counts.dtype, np.integer)
        assert counts.min() >= 0


def test_windows_add_up_to_the_whole(results):
    for result in results:
        whole, first, second, one_step, last_step = result.counts["outer"]
        np.testing.assert_array_equal(whole, first + second)
        assert max(one_step.max(), last_step.max()) <= 1
        assert (last_step <= second).all()
        assert whole.sum() == result.layers["outer"].spikes > 0


def test_every_population_is_counted(results, job):
    for result in results:
        assert list(result.layers) == [p.name for p in job.network.populations]
        for population in job.network.populations:
            counts = result.layers[population.name]
            assert counts.neuron_updates == (population.neurons * 32 if population.on_chip else 0)
            assert counts.spikes > 0
            assert (counts.synops > 0) == population.on_chip
            assert counts.interchip_messages == 0


def test_equal_inputs_give_equal_runs(results):
    same(results[0], results[2])
    assert results[0].layers != results[1].layers


@pytest.mark.parametrize("target", HERE)
def test_one_input_alone_or_among_others(target, job, images):
    together = list(prepare(target, job)(images[:2]))
    alone = list(prepare(target, job)(images[1:2]))
    same(together[1], alone[0])


@pytest.mark.parametrize("target", HERE)
def test_a_target_runs_again(target, job, images):
    runner = prepare(target, job)
    same(next(iter(runner(images[:1]))), next(iter(runner(images[:1]))))


def test_the_fast_emulator_equals_the_reference(job, images):
    for state in (False, True):
        fast, reference = (list(prepare(name, replace(job, continuous=state))(images)) for name in KEEPING)
        for a, b in zip(fast, reference, strict=True):
            for name in a.counts:
                np.testing.assert_array_equal(a.counts[name], b.counts[name])
            assert [c.spikes for c in a.layers.values()] == [c.spikes for c in b.layers.values()]


@pytest.mark.parametrize("target", KEEPING)
def test_continuous_keeps_the_state(target, job, images):
    fresh = list(prepare(target, job)(images[[0, 0]]))
    kept = list(prepare(target, replace(job, continuous=True))(images[[0, 0]]))
    np.testing.assert_array_equal(kept[0].counts["outer"], fresh[0].counts["outer"])
    assert (kept[1].counts["outer"] != fresh[1].counts["outer"]).any()


def test_what_cannot_be_prepared(job):
    with pytest.raises(UserError, match="no target 'gpu'; choose from fast, emulator, nengo-dl, loihi"):
        prepare("gpu", job)
    with pytest.raises(UserError, match="starts every image from rest"):
        prepare("nengo-dl", replace(job, continuous=True))
    with pytest.raises(UserError, match="NxSDK"):
        prepare("loihi", job)


def test_the_command_offers_the_registered_targets():
    from deploy.cli import main

    assert tuple(next(p for p in main.params if p.name == "target").type.choices) == tuple(TARGETS)


# By hand: a host neuron at 250 Hz drives a chip neuron with 0.6 thresholds per spike


def chain(weight, timesteps=32, bias_hz=0.0):
    """image (1, 1, 1) -> host neuron, 250 Hz per unit -> chip neuron -> a readout of its rate."""
    one = (1, 1, 1)
    populations = (
        Population("host", "host", one, np.zeros(one), 1.0, on_chip=False),
        Population("chip", "chip", one, np.full(one, bias_hz), 1.0),
    )
    projections = (
        Projection(INPUT, "host", Sparse(sparse.csr_array([[250.0]]))),
        Projection("host", "chip", Sparse(sparse.csr_array([[weight]]))),
        Projection("chip", "out", Sparse(sparse.csr_array([[1.0]]))),
    )
    network = ConvertedNetwork(
        one, populations, projections, (Readout("out", one, np.zeros(one)),), timesteps=timesteps
    )
    return network, Partition("board", {"chip": one}, (Block("chip", ((0, 1), (0, 1), (0, 1)), 0, 0),))


@pytest.mark.parametrize("target", HERE)
def test_spikes_by_hand(target):
    network, partition = chain(0.6)
    steps = [(t, t + 1) for t in range(32)]
    result = next(iter(prepare(target, Job(network, partition, steps))(np.ones((1, 1, 1, 1), np.float32))))
    # the host fires in steps 4, 8, ..., 32 and 0.6 + 0.6 > 1 with every second spike, on the chip one step later
    delay = 0 if target == "nengo-dl" else 1
    expected = [step for step in (7 + delay, 15 + delay, 23 + delay, 31 + delay) if step < 32]
    assert np.flatnonzero(result.counts["chip"][:, 0]).tolist() == expected
    assert (result.layers["host"].spikes, result.layers["chip"].spikes) == (8, len(expected))
    assert (result.layers["chip"].synops, result.layers["host"].messages) == (8, 8)


@pytest.mark.parametrize("target", HERE)
def test_a_black_image_makes_no_spikes(target):
    network, partition = chain(0.6)
    result = next(iter(prepare(target, Job(network, partition, [(0, 32)]))(np.zeros((1, 1, 1, 1), np.float32))))
    assert [c.spikes for c in result.layers.values()] == [0, 0]


# Windows and readouts


def test_window_counts_by_hand():
    spikes = np.array([[1, 0], [1, 1], [0, 1], [1, 0]], bool)
    np.testing.assert_array_equal(window_counts(spikes, [(0, 4), (1, 3), (2, 2)]), [[3, 2], [1, 2], [0, 0]])


def test_windows_are_the_second_half_after_the_first_spikes():
    network, _ = chain(0.6)
    assert windows_at(network, [1, 2, 8, 32]) == [(0, 1), (1, 2), (4, 8), (16, 32)]
    populations = tuple(Population(f"p{i}", "", (1, 1, 1), np.zeros((1, 1, 1)), 1.0, i > 0) for i in range(7))
    names = (INPUT, *(p.name for p in populations), "out")
    deep = replace(
        network,
        populations=populations,
        projections=tuple(Projection(a, b, Sparse(sparse.csr_array([[1.0]]))) for a, b in itertools.pairwise(names)),
    )
    assert windows_at(deep, [4, 8, 32]) == [(3, 4), (6, 8), (16, 32)]
    assert windows_at(deep, [4, 8, 32], 0.25) == [(3, 4), (6, 8), (24, 32)]
    assert windows_at(deep, [4, 8, 32], 1.0) == [(3, 4), (6, 8), (6, 32)]
    require_timesteps(deep.with_(timesteps=7))
    with pytest.raises(UserError, match=r"^6 timesteps end before a spike has passed the 6 layers"):
        require_timesteps(deep.with_(timesteps=6))


@pytest.mark.parametrize(
    ("timesteps", "every", "expected"),
    [(32, 8, [8, 16, 24, 32]), (30, 8, [8, 16, 24, 30]), (3, 1, [1, 2, 3]), (1, 4, [1])],
)
def test_checkpoints_end_with_the_last_step(timesteps, every, expected):
    assert checkpoints_of(timesteps, every) == expected


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("linear", lambda v: v),
        ("sigmoid", lambda v: 1 / (1 + np.exp(-v))),
        ("softmax", lambda v: np.exp(v) / np.exp(v).sum(axis=-1, keepdims=True)),
    ],
)
def test_dense_readout_by_hand(activation, function):
    network, _ = chain(0.6)
    readout = Readout("out", (1, 1, 2), np.array([[[0.5, -1.0]]]), activation)
    projections = (
        Projection("host", "out", Sparse(sparse.csr_array([[0.01], [0.0]]))),
        Projection("chip", "out", Sparse(sparse.csr_array([[0.002], [0.004]]))),
    )
    network = replace(network, readouts=(readout,), projections=projections)
    counts = {"host": np.array([[4], [1]]), "chip": np.array([[10], [5]])}
    found = outputs_of(network, readout, counts, [(0, 20), (15, 20)])
    # rates: host 4 / 20 ms = 200 Hz, 1 / 5 ms = 200 Hz; chip 10 / 20 ms = 500 Hz, 5 / 5 ms = 1000 Hz
    values = np.array([[0.5 + 2 + 1, -1 + 2], [0.5 + 2 + 2, -1 + 4]])
    np.testing.assert_allclose(found, function(values), rtol=1e-6)


def test_convolutional_readout_by_hand():
    shape = (2, 3, 1)
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(1, 1, 1, 2))
    bias = rng.normal(size=(2, 3, 2))
    population = Population("p", "", shape, np.zeros(shape), 1.0)
    readout = Readout("out", (2, 3, 2), bias)
    network = ConvertedNetwork(shape, (population,), (Projection("p", "out", Convolution(kernel)),), (readout,))
    counts = rng.integers(0, 9, (1, 6))
    found = outputs_of(network, readout, {"p": counts}, [(2, 10)])
    np.testing.assert_allclose(found[0], counts.reshape(2, 3, 1) / 0.008 * kernel[0, 0, 0] + bias, rtol=1e-5)


# Synapses and events


def geometry():
    """A host and three chip populations with every kind of projection, all weights nonzero."""
    rng = np.random.default_rng(1)
    shapes = {"host": (6, 5, 2), "a": (6, 5, 3), "b": (3, 3, 4), "c": (6, 6, 2)}
    populations = tuple(Population(n, "", s, np.zeros(s), 1.0, n != "host") for n, s in shapes.items())
    projections = (
        Projection("host", "a", Convolution(rng.uniform(1, 2, (3, 3, 2, 3)))),
        Projection("a", "b", Convolution(rng.uniform(1, 2, (3, 2, 3, 4)), (2, 2))),
        Projection("host", "b", Sparse(sparse.random_array((36, 60), density=0.2, rng=rng, format="csr"))),
        Projection("b", "c", ConvolutionTranspose(rng.uniform(1, 2, (3, 3, 4, 2)), (2, 2))),
        Projection("a", "out", Convolution(rng.uniform(1, 2, (1, 1, 3, 1)))),
    )
    return ConvertedNetwork(
        (6, 5, 2), populations, projections, (Readout("out", (6, 5, 1), np.zeros((6, 5, 1))),), timesteps=9
    )


def synapses(network, projection):
    """The number of weights, shape (target neurons, source neurons), from the definition of the transform."""
    shapes = network.shape_of(projection.source), network.shape_of(projection.target)
    return (as_matrix(projection.transform, *shapes).toarray() != 0).astype(int)


def whole(network):
    """Every population on one core."""
    return Partition("board", {p.name: p.shape for p in network.chip_populations}, ())


@pytest.mark.parametrize("name", ["host", "a", "b", "c"])
def test_fanout_counts_the_synapses_on_the_chip(name):
    network = geometry()
    expected = sum(
        (synapses(network, p).sum(axis=0) for p in network.out_of(name) if p.target != "out"),
        np.zeros(network.population(name).neurons, int),
    )
    np.testing.assert_array_equal(fanout(network, whole(network), name), expected)


def test_events_by_brute_force():
    network = geometry()
    rng = np.random.default_rng(2)
    spikes = {p.name: rng.integers(0, 5, p.neurons) for p in network.populations}
    tiles = {"a": (3, 5, 3), "b": (3, 3, 2), "c": (6, 3, 2)}
    cuts = {
        "a": [((r, r + 3), (0, 5), (0, 3)) for r in (0, 3)],
        "b": [((0, 3), (0, 3), (c, c + 2)) for c in (0, 2)],
        "c": [((0, 6), (x, x + 3), (0, 2)) for x in (0, 3)],
    }
    blocks = tuple(
        Block(layer, cut, chip, core) for core, layer in enumerate(cuts) for chip, cut in enumerate(cuts[layer])
    )
    found = layer_counts(Job(network, Partition("board", tiles, blocks), [(0, 9)]), spikes)
    for name in ("host", "a", "b", "c"):
        population = network.population(name)
        into = sum(
            int(synapses(network, p).sum(axis=0) @ spikes[p.source]) for p in network.into(name) if p.source != INPUT
        )
        sent, crossing = messages(network, name, spikes[name], blocks)
        counts = found[name]
        assert counts.spikes == spikes[name].sum()
        assert counts.synops == into
        assert counts.neuron_updates == (population.neurons * 9 if name != "host" else 0)
        assert counts.messages == sent
        assert counts.interchip_messages == (crossing if name != "host" else 0)


def messages(network, name, spikes, blocks):
    """Spikes times the cores that each goes to, and of these the cores on another chip."""
    own = {neuron: block.chip for block in blocks if block.layer == name for neuron in neurons(network, block)}
    sent = crossing = 0
    for projection in network.out_of(name):
        if projection.target == "out":
            continue
        reached = synapses(network, projection)
        for block in blocks:
            if block.layer == projection.target:
                for neuron in np.flatnonzero(reached[neurons(network, block)].any(axis=0)):
                    sent += spikes[neuron]
                    crossing += spikes[neuron] * (own.get(neuron) != block.chip)
    return sent, crossing


def neurons(network, block):
    shape = network.population(block.layer).shape
    return np.arange(np.prod(shape)).reshape(shape)[tuple(slice(*r) for r in block.slice)].ravel().tolist()


def test_scaled_weights_have_the_same_fanout():
    network = geometry()
    louder = replace(
        network, projections=tuple(replace(p, transform=scaled(p.transform, 2.0)) for p in network.projections)
    )
    np.testing.assert_array_equal(fanout(louder, whole(louder), "host"), fanout(network, whole(network), "host"))
