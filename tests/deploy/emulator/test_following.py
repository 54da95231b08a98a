"""Image behind image: the same as one by one, to the last spike, in our emulator and in NengoLoihi's."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from convert.errors import UserError
from deploy.emulator import compile_network, follow, run
from deploy.targets.registry import Job, prepare
from partition.geometry.tile import tile_slices
from partition.result import Block
from tests.builders.following import following_case
from tests.builders.random_networks import random_case

IMAGES = 6


def one_by_one(case, program, windows):
    return run(program, case.drives_hz, windows=windows, threads=1)


def behind(case, program, windows, together):
    images = [{name: drives[i] for name, drives in case.drives_hz.items()} for i in range(IMAGES)]
    return list(follow(program, images, windows=windows, threads=1, together=together))


def window(network):
    return max(network.depth().values()), network.timesteps


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("together", [IMAGES, 4])
def test_outputs_and_spikes_are_those_of_separate_runs(seed, together):
    case = following_case(Random(seed), IMAGES)
    program = compile_network(case.network, case.partition)
    windows = [window(case.network)]
    apart, joined = one_by_one(case, program, windows), behind(case, program, windows, together)
    assert len(joined) == IMAGES
    for a, b in zip(apart, joined, strict=True):
        for name, counts in a.readouts.items():
            np.testing.assert_array_equal(b.readouts[name], counts)
        for layer in program.chip_layers:
            assert a.counts[layer.name].spikes == b.counts[layer.name].spikes
            assert b.counts[layer.name].neuron_updates == layer.compartments * case.network.period


@pytest.mark.parametrize("seed", range(3))
def test_nengo_loihi_says_the_same_of_outputs_and_events(seed):
    case = following_case(Random(seed), 3)
    images = np.random.default_rng(seed).uniform(0, 1, (3, *case.network.input.shape)).astype(np.float32)
    job = Job(case.network, case.partition, [window(case.network)], threads=1)
    apart = list(prepare("emulator", job)(images))
    job = replace(job, continuous=True)
    theirs, ours = (list(prepare(target, job)(images)) for target in ("emulator", "fast"))
    for a, b, c in zip(apart, theirs, ours, strict=True):
        np.testing.assert_array_equal(a.outputs, b.outputs)
        np.testing.assert_array_equal(b.outputs, c.outputs)
        assert {name: replace(counts, overflows=None) for name, counts in c.layers.items()} == b.layers


def test_a_layer_that_is_not_cleared_does_not_pass():
    case = following_case(Random(0), IMAGES)
    network = case.network
    sources = {p.name for p in network.populations if p.clearing}
    network = network.with_(
        populations=tuple(p for p in network.populations if p.name not in sources),
        projections=tuple(p for p in network.projections if p.source not in sources),
    )
    with pytest.raises(AssertionError, match="not cleared"):
        behind(case, compile_network(network, case.partition), [window(network)], IMAGES)


def test_cores_with_small_weights_are_told():
    case = following_case(Random(2), 1)
    network, name = case.network, case.network.chip_populations[0].name
    shape = network.population(name).shape
    one = (*shape[:2], 1)
    quiet = tuple(
        replace(p, transform=p.transform.scaled(np.append(np.full(shape[2] - 1, 0.01), 1.0), shape))
        if p.target == name and not network.population(p.source).clearing
        else p
        for p in network.projections
    )
    blocks = [Block(name, slices, 0, i) for i, slices in enumerate(tile_slices(shape, one))]
    rest = [replace(b, core=b.core + len(blocks)) for b in case.partition.blocks if b.layer != name]
    partition = replace(case.partition, tiles={**case.partition.tiles, name: one}, blocks=(*blocks, *rest))
    with pytest.raises(UserError, match=f"layer '{name}': on these cores its largest weights are too small"):
        compile_network(network.with_(projections=quiet), partition)


@pytest.mark.parametrize("target", ["loihi", "nengo-dl"])
def test_targets_that_cannot_say_which_can(target):
    case = following_case(Random(0), 1)
    job = Job(case.network, case.partition, [window(case.network)], continuous=True)
    with pytest.raises(UserError, match="use --target fast"):
        prepare(target, job)


def test_a_network_without_a_period_is_told():
    case = random_case(Random(1), 1)
    program = compile_network(case.network, case.partition)
    with pytest.raises(UserError, match="--follow"):
        list(follow(program, [{"host": case.drives_hz["host"][0]}]))


@pytest.mark.parametrize("seed", range(4))
def test_host_populations_that_no_image_drives_need_not_be_driven(seed):
    case = following_case(Random(seed), IMAGES)
    program, windows = compile_network(case.network, case.partition), [window(case.network), (0, 5)]
    names = [layer.name for layer in program.layers]
    by_images = {"host": case.drives_hz["host"]}
    assert len(case.drives_hz) > 3
    every, own = (run(program, d, windows=windows, threads=1, record=names) for d in (case.drives_hz, by_images))
    for a, b in zip(every, own, strict=True):
        assert list(a.counts.items()) == list(b.counts.items())
        np.testing.assert_array_equal(a.busiest, b.busiest)
        for name in names:
            np.testing.assert_array_equal(a.spikes[name].events, b.spikes[name].events)
    images = [{"host": drive} for drive in case.drives_hz["host"]]
    for a, b in zip(behind(case, program, windows[:1], 4), follow(program, images, windows=windows[:1]), strict=False):
        assert a.counts == b.counts
