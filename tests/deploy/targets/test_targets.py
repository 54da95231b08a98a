"""What every target must do: one contract for all that run here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convert.bundle import load_network
from convert.errors import UserError
from deploy.runs.original import original_of
from deploy.targets.registry import TARGETS, Job, prepare
from partition.result import read_partition
from tests.builders.one_neuron import chain

HERE = tuple(name for name in TARGETS if name not in ("loihi", "keras"))
"""Targets with spikes that run on any machine."""
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
    with pytest.raises(UserError, match="no target 'gpu'; choose from fast, emulator, nengo-dl, loihi, keras"):
        prepare("gpu", job)
    with pytest.raises(UserError, match="starts every image from rest"):
        prepare("nengo-dl", replace(job, continuous=True))
    with pytest.raises(UserError, match="NxSDK"):
        prepare("loihi", job)


@pytest.mark.parametrize("target", [*HERE, "keras"])
def test_every_target_gives_outputs_at_every_readout(target, job, images, tiny):
    original = original_of(tiny / "tiny.bundle").predictor
    runs = list(prepare(target, replace(job, original=original))(images))
    outputs = np.array([run.outputs for run in runs])
    assert outputs.shape == (3, len(job.windows), 3)
    assert outputs.dtype == np.float32
    np.testing.assert_allclose(outputs.sum(axis=2), 1, atol=1e-5)
    np.testing.assert_array_equal(outputs[0], outputs[2])


def test_the_original_has_no_steps_and_no_events(job, images, tiny):
    original = original_of(tiny / "tiny.bundle").predictor
    for image, run in zip(images, prepare("keras", replace(job, original=original))(images), strict=True):
        assert (run.layers, run.counts, run.until) == ({}, {}, None)
        np.testing.assert_allclose(run.outputs, np.repeat(original(image[None]), len(job.windows), axis=0), atol=1e-6)
    with pytest.raises(UserError, match="and there is none; use --target fast"):
        prepare("keras", job)


def test_the_command_offers_the_registered_targets():
    from deploy.cli import main

    assert tuple(next(p for p in main.params if p.name == "target").type.choices) == tuple(TARGETS)


# By hand: a host neuron at 250 Hz drives a chip neuron with 0.6 thresholds per spike


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
