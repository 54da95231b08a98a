"""Packed blocks: what they use of a core is what the partition computes, and unused places belong to no neuron."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from nengo.exceptions import BuildError

from convert.network import INPUT, Convolution, ConvolutionTranspose, Input, Network, Projection, Readout
from convert.training.wave.pruning import kept
from deploy.nengo_loihi.build import chip_form, simulator
from partition.core.packing import PLAIN, Packing
from partition.core.synapse_lists import packings, weights_delivered
from partition.core.utilization import utilization
from partition.geometry.links import links_onto_chip
from partition.geometry.tile import Tile, tile_slices
from partition.hardware import LOIHI
from partition.result import Block, Partition
from tests.builders.block_counts import assert_counts_of_blocks
from tests.builders.boards import row_of_chips
from tests.builders.populations import population
from tests.builders.random_networks import Case, random_case, with_synapses_left_out
from tests.builders.reference_emulator import built, fast, reference


@pytest.mark.parametrize(("seed", "crops"), [(s, False) for s in range(0, 60, 2)] + [(s, True) for s in range(12)])
def test_utilization_of_packed_blocks_is_the_closed_form(seed: int, crops: bool) -> None:
    case = random_case(Random(seed), crops=crops)
    try:
        model = built(case)
    except BuildError:  # weights and biases without common integers
        return
    assert_closed_form(case, model)


@pytest.mark.parametrize("seed", range(12))
def test_synapses_left_out_are_neither_stored_nor_counted(seed: int) -> None:
    whole = random_case(Random(seed))
    case = with_synapses_left_out(whole, Random(seed))
    try:
        model = built(case)
    except BuildError:  # weights and biases without common integers
        return
    assert_closed_form(case, model)
    assert_counts_of_blocks(case)
    expected, got = reference(case), fast(case)
    for name, traces in expected.traces.items():
        for key, values in traces.items():
            np.testing.assert_array_equal(got[name][key], values, f"{name} {key}")


def test_half_of_every_tap_is_half_of_the_synapses() -> None:
    network = every_kind_of_convolution()
    less = tuple(
        replace(p, transform=p.transform.with_weights(p.transform.weights * kept(p.transform.weights, 0.5)))
        for p in network.projections
    )
    stored = [
        sum(weights_delivered(link, (4, 4, 8), PLAIN).sum() for link in links_onto_chip(found))
        for found in (network, network.with_(projections=less))
    ]
    assert 0 < 2 * stored[1] == stored[0]


def assert_closed_form(case: Case, model: Any) -> None:
    for synapse in (synapse for block in model.blocks for synapse in block.synapses):
        assert synapse.max_ind() < 2**synapse.synapse_cfg.real_idx_bits
    links, tiles = links_onto_chip(case.network), case.partition.tiles
    blocks = iter(model.blocks)
    for p in case.network.chip_populations:
        packing = case.partition.packing(p.name)
        theirs = [[used for used, _ in next(blocks).utilization().values()] for _ in case.partition.blocks_of(p.name)]
        ours = utilization(p, links, tiles, LOIHI, packing)
        mine = np.stack([ours.compartments, ours.in_axons, ours.out_slots, ours.synapse_bits], axis=1)
        if packing == PLAIN:  # a plain block stores equal weights once, whatever taps they belong to
            assert (mine >= theirs).all()
            np.testing.assert_array_equal(mine[:, :3], np.array(theirs)[:, :3])
        else:
            np.testing.assert_array_equal(mine, theirs, err_msg=f"{p.name} {p.shape} {tiles[p.name]} {packing}")


def every_kind_of_convolution() -> Network:
    """Convolutions with and without strides and a transposed one, more than 256 neurons in a tile."""
    rng = np.random.default_rng(0)
    shapes = {"host": (9, 10, 3), "fine": (9, 10, 8), "coarse": (5, 5, 6), "up": (10, 10, 4)}
    sizes = {("host", "fine"): ((3, 3), 1), ("fine", "coarse"): ((6, 5), 2), ("coarse", "up"): ((3, 3), 2)}
    projections = [Projection(INPUT, "host", Convolution(rng.normal(size=(3, 3, 1, 3))))]
    for (source, target), (size, stride) in sizes.items():
        kernel = rng.normal(0.1, 1.0, (*size, shapes[source][2], shapes[target][2])) / np.sqrt(np.prod(size))
        kind = ConvolutionTranspose if target == "up" else Convolution
        projections.append(Projection(source, target, kind(kernel, (stride, stride))))
    populations = [
        population(n, s, on_chip=n != "host", bias_hz=20.0, floor=-2.0, scale_hz=1.0) for n, s in shapes.items()
    ]
    last = shapes["up"]
    projections.append(Projection("up", "out", Convolution(rng.normal(size=(1, 1, last[2], 1)))))
    readout = Readout("out", (*last[:2], 1), np.zeros((*last[:2], 1)))
    return Network(Input((9, 10, 1)), tuple(populations), tuple(projections), (readout,), timesteps=12)


def cases() -> list[Case]:
    """That network with one layer packed in every way, the others plain."""
    network = every_kind_of_convolution()
    tiles: dict[str, Tile] = {"fine": (4, 10, 8), "coarse": (3, 3, 4), "up": (5, 4, 3)}
    blocks = tuple(
        Block(name, slices, core % 2, core)
        for name, tile in tiles.items()
        for core, slices in enumerate(tile_slices(network.shape_of(name), tile))
    )
    drives = {"host": np.random.default_rng(1).uniform(0, 900, (1, 270))}
    found = []
    for name, tile in tiles.items():
        inward = [link for link in links_onto_chip(network) if link.target == name]
        for packing in packings(inward, tile):
            found.append(Case(network, Partition(row_of_chips(2), tiles, blocks, {name: packing}), drives))
    return found


def test_every_way_of_packing_is_among_these() -> None:
    used = [packing for case in cases() for packing in case.partition.packings.values()]
    assert len(used) == 24
    assert sum(any(packing.rows) and any(packing.columns) for packing in used) == 6


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case.partition.packings))
def test_packed_layers_use_the_closed_form_and_spike_as_ever(case: Case) -> None:
    assert_closed_form(case, built(case))
    expected, got = reference(case), fast(case)
    for name, traces in expected.traces.items():
        assert traces["spiked"].any()
        for key, values in traces.items():
            np.testing.assert_array_equal(got[name][key], values, f"{name} {key}")


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case.partition.packings))
def test_events_are_those_of_the_built_blocks(case: Case) -> None:
    assert_counts_of_blocks(case)


@pytest.mark.parametrize("case", cases()[-4:], ids=lambda case: str(case.partition.packings))
def test_probes_read_the_neurons_of_a_packed_layer(case: Case) -> None:
    chip = chip_form(case.network, case.partition, case.drives_hz, record=["up"])
    with simulator(chip, case.network, case.partition) as sim:
        sim.run_steps(case.network.timesteps)
        probed = np.asarray(sim.data[chip.probes["up"]]) > 0
    np.testing.assert_array_equal(probed, fast(case)["up"]["spiked"])
    assert probed.any()


@pytest.mark.parametrize("channels_first", [False, True])
def test_unused_places_belong_to_no_neuron(channels_first: bool) -> None:
    random = Random(0)
    for _ in range(40):
        tile = (random.randint(1, 5), random.randint(1, 5), random.randint(1, 4))
        beside = [(random.randint(0, 3), random.randint(0, 3)) for _ in range(2)]
        packing = Packing(channels_first, *beside)
        places = packing.places(tile)
        assert len(np.unique(places)) == places.size
        around = [range(-before, size + after) for size, (before, after) in zip(tile, beside, strict=False)]
        outside = {
            packing.place(tile, row, column, channel)
            for row, column, channel in product(*around, range(tile[2]))
            if not (0 <= row < tile[0] and 0 <= column < tile[1])
        }
        assert not outside & set(places.ravel().tolist())
        assert min(outside | set(places.ravel().tolist())) >= 0
        assert max(outside | set(places.ravel().tolist())) < packing.compartments(tile)
