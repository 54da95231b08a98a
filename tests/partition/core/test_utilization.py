"""Closed forms against nengo_loihi's own builder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from convert.errors import UserError
from convert.network import Network, Sparse
from convert.network.connections import Connections
from partition.core import utilization as utilization_module
from partition.core.memory import incoming, incoming_of_block, least_synapse_bits
from partition.core.out_axons import out_axons, slots_per_axon
from partition.core.synapse_lists import packings
from partition.core.utilization import fits, received, surely_overfull, utilization
from partition.geometry.blocks import block_of_neuron
from partition.geometry.links import links_onto_chip
from partition.hardware import LOIHI
from partition.tiles.feasible import feasible_tiles_of_layers
from tests.builders.loihi_model import loihi_model
from tests.builders.populations import population
from tests.builders.shaped_networks import chain, convolution, identity, separable, transposed, unet

RNG = np.random.default_rng(0)


def assert_equal(network: Network, tiles: dict[str, tuple[int, int, int]]) -> None:
    model, ensembles = loihi_model(network, tiles)
    links = links_onto_chip(network)
    for p in network.chip_populations:
        blocks = model.objs[ensembles[p.name]]["in"]
        blocks = blocks if isinstance(blocks, list) else [blocks]
        theirs = [[used for used, _ in block.utilization().values()] for block in blocks]
        ours = utilization(p, links, tiles, LOIHI)
        mine = np.stack([ours.compartments, ours.in_axons, ours.out_slots, ours.synapse_bits], axis=1)
        np.testing.assert_array_equal(mine, theirs, err_msg=f"{p.name} {p.shape} {tiles}")


def conv(size, channels_in, channels_out, stride=1, padding="same"):
    return convolution(RNG, size, (channels_in, channels_out), stride, padding)


def up(size, channels_in, channels_out, padding="same"):
    return transposed(RNG, size, (channels_in, channels_out), 2, padding)


CASES = {
    "3x3": (
        chain([(9, 8, 2), (9, 8, 5), (9, 8, 6)], {(0, 1): conv(3, 2, 5), (1, 2): conv(3, 5, 6)}),
        [((4, 3, 2), (2, 8, 6)), ((9, 1, 5), (3, 3, 4)), ((9, 8, 5), (9, 8, 6))],
    ),
    "5x5 valid": (
        chain(
            [(9, 9, 3), (5, 5, 4), (3, 3, 9)],
            {(0, 1): conv(5, 3, 4, padding="valid"), (1, 2): conv(3, 4, 9, padding="valid")},
        ),
        [((2, 3, 3), (3, 2, 4)), ((5, 5, 4), (1, 3, 9))],
    ),
    "stride 2": (
        chain([(8, 9, 2), (4, 5, 6), (2, 3, 8)], {(0, 1): conv(3, 2, 6, 2), (1, 2): conv(1, 6, 8, 2)}),
        [((2, 2, 6), (1, 2, 5)), ((3, 5, 4), (2, 3, 8)), ((4, 5, 6), (1, 1, 8))],
    ),
    "even kernel": (
        chain([(8, 8, 2), (8, 8, 4), (4, 4, 4)], {(0, 1): conv(2, 2, 4), (1, 2): conv(4, 4, 4, 2)}),
        [((3, 8, 4), (2, 2, 3))],
    ),
    "transposed": (
        chain([(4, 5, 3), (8, 10, 4), (16, 20, 3)], {(0, 1): up(2, 3, 4), (1, 2): up(3, 4, 3)}),
        [((4, 5, 4), (5, 7, 2)), ((8, 10, 4), (16, 1, 3))],
    ),
    "transposed 4x4": (
        chain([(4, 4, 3), (8, 8, 4), (8, 8, 4)], {(0, 1): up(4, 3, 4), (1, 2): conv(3, 4, 4)}),
        [((2, 8, 4), (4, 4, 1)), ((3, 3, 3), (8, 8, 4))],
    ),
    "transposed valid": (chain([(3, 3, 3), (7, 7, 4)], {(0, 1): up(3, 3, 4, "valid")}), [((4, 3, 4),), ((7, 7, 4),)]),
    "shortcut": (
        chain(
            [(6, 6, 4)] * 4,
            {(0, 1): conv(3, 4, 4), (1, 2): conv(3, 4, 4), (2, 3): conv(3, 4, 4), (1, 3): identity((6, 6, 4))},
        ),
        [((3, 3, 4), (2, 6, 2), (4, 3, 3)), ((6, 6, 4), (6, 6, 4), (6, 6, 4))],
    ),
    "offset 256": (
        chain([(4, 16, 3), (4, 16, 16), (4, 16, 12)], {(0, 1): conv(3, 3, 16), (1, 2): conv(3, 16, 12)}),
        [((4, 16, 16), (4, 8, 12)), ((4, 4, 16), (4, 16, 12)), ((1, 16, 16), (4, 1, 12))],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_utilization_is_that_of_nengo_loihi(name):
    network, tilings = CASES[name]
    for tiles in tilings:
        assert_equal(network, {f"p{i}": tile for i, tile in enumerate(tiles, 1)})


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.data())
def test_utilization_of_random_layers_is_that_of_nengo_loihi(data):
    size = st.integers(3, 7)
    rows, columns = data.draw(size), data.draw(size)
    kernel, stride = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 2))
    channels = [data.draw(st.integers(1, 20)) for _ in range(2)]
    shape = (-(-rows // stride), -(-columns // stride), channels[1])
    network = chain(
        [(rows, columns, 2), (rows, columns, channels[0]), shape],
        {(0, 1): conv(1, 2, channels[0]), (1, 2): conv(kernel, *channels, stride)},
    )
    tiles = [tuple(data.draw(st.integers(1, n)) for n in p.shape) for p in network.chip_populations]
    assert_equal(network, {f"p{i}": tile for i, tile in enumerate(tiles, 1)})


def test_equal_sparse_weights_are_stored_once_as_nengo_loihi_does():
    pool = np.zeros((2 * 2 * 3, 4 * 4 * 3))
    for y, x, c in np.ndindex(4, 4, 3):
        pool[((y // 2) * 2 + x // 2) * 3 + c, (y * 4 + x) * 3 + c] = 0.25
    ragged = np.where(RNG.random((12, 12)) < 0.4, RNG.standard_normal((12, 12)), 0)
    shapes = [(4, 4, 3), (4, 4, 3), (2, 2, 3), (2, 2, 3)]
    transforms = {(0, 1): convolution(RNG, 1, (3, 3)), (1, 2): Sparse(sparse.csr_array(pool)),
                  (2, 3): Sparse(sparse.csr_array(ragged))}  # fmt: skip
    network = chain(shapes, transforms)
    assert_equal(network, {"p1": (2, 3, 3), "p2": (1, 2, 3), "p3": (2, 1, 2)})
    assert_equal(network, {"p1": (4, 4, 3), "p2": (2, 2, 3), "p3": (1, 1, 1)})


def test_every_feasible_tile_fits_a_core():
    network = unet(16, [8, 16])
    links = links_onto_chip(network)
    for name, feasible in feasible_tiles_of_layers(network.chip_populations, links, LOIHI).items():
        p = network.population(name)
        assert feasible[0].cores == min(option.cores for option in feasible)
        for option in feasible[::7]:
            tiles = {q.name: (1, 1, q.shape[2]) for q in network.chip_populations} | {name: option.tile}
            used = utilization(p, links, tiles, LOIHI)
            assert not {"compartments", "input axons", "synapse bits"} & set(used.exceeded(LOIHI))


def test_layers_that_fit_no_core_are_all_named():
    wide = (1, 1, 5000)
    dense = Sparse(sparse.csr_array(np.ones((3, 5000))))
    network = chain([wide, (1, 1, 3), (1, 1, 5000), (1, 1, 3)], {
        (0, 1): dense, (1, 2): Sparse(sparse.csr_array(np.ones((5000, 3)))), (2, 3): dense})  # fmt: skip
    with pytest.raises(UserError) as error:
        feasible_tiles_of_layers(network.chip_populations, links_onto_chip(network), LOIHI)
    assert [p.split("'")[1] for p in error.value.problems] == ["p1", "p3"]
    assert "5000 input axons (limit 4096)" in error.value.problems[0]


def test_a_population_of_one_core_takes_one():
    network = chain([(4, 4, 2), (4, 4, 2)], {(0, 1): convolution(RNG, 3, (2, 2))})
    feasible = feasible_tiles_of_layers([population("p1", (4, 4, 2))], links_onto_chip(network), LOIHI)["p1"]
    assert feasible[0].tile == (4, 4, 2)
    assert feasible[0].cores == 1


FORESEEN = {
    "some": tuple(RNG.random(size) < 0.4 for size in ((5, 4), (4, 6), (3, 7))),
    "all": tuple(np.ones(size, bool) for size in ((5, 4), (4, 6), (3, 7))),
    "own": (np.eye(4, dtype=bool), np.eye(6, dtype=bool), np.eye(7, dtype=bool)),
    "none to some": (np.eye(4, dtype=bool), np.arange(6) > np.full((2, 1), 2), np.ones((1, 7), bool)),
}


@pytest.mark.parametrize("connected", FORESEEN.values(), ids=FORESEEN)
def test_single_synapses_take_what_is_foreseen(connected):
    target = (4, 6, 7)
    source = tuple(len(axis) for axis in connected)
    foreseen = Connections(*connected)
    made = foreseen.with_weights(RNG.permutation(foreseen.weights.size) + 1.0)
    (first,), (second,) = (
        links_onto_chip(chain([source, target], {(0, 1): transform})) for transform in (foreseen, made)
    )
    for tile in ((4, 6, 7), (4, 6, 3), (2, 3, 7), (3, 4, 2), (1, 1, 1)):
        ours, theirs = incoming(first, tile, LOIHI), incoming(second, tile, LOIHI)
        np.testing.assert_array_equal(ours.in_axons, theirs.in_axons)
        np.testing.assert_array_equal(ours.synapse_bits, theirs.synapse_bits)
        for source_tile in (source, (1, 2, 1), (2, 1, 2)):
            np.testing.assert_array_equal(out_axons(first, source_tile, tile), out_axons(second, source_tile, tile))
    assert slots_per_axon(first, LOIHI) == slots_per_axon(second, LOIHI)


def test_a_vector_that_lies_in_rows_reaches_what_its_order_says():
    source, target = (1, 1, 4 * 3 * 2), (4, 3, 5)
    foreseen = Connections(np.eye(4, dtype=bool), np.eye(3, dtype=bool), np.ones((2, 5), bool))
    (first,), (second,) = (
        links_onto_chip(chain([source, target], {(0, 1): transform}))
        for transform in (foreseen, foreseen.with_weights(np.arange(foreseen.weights.size) + 1.0))
    )
    for tile in ((4, 3, 5), (2, 3, 5), (1, 2, 2)):
        np.testing.assert_array_equal(incoming(first, tile, LOIHI).in_axons, incoming(second, tile, LOIHI).in_axons)
        for source_tile in (source, (1, 1, 7)):
            np.testing.assert_array_equal(out_axons(first, source_tile, tile), out_axons(second, source_tile, tile))


@pytest.mark.parametrize("tile", [(8, 8, 4), (4, 8, 4), (4, 4, 4), (3, 2, 4), (8, 8, 1), (1, 1, 4)])
def test_a_block_alone_has_what_it_has_among_all(tile, monkeypatch):
    """What of a matrix goes into one block, and into the same block when all of them are counted."""
    rng = np.random.default_rng(0)
    shape = (8, 8, 4)
    matrix = sparse.random_array((256, 256), density=0.1, rng=rng, format="csr")
    matrix.data = np.float64(rng.integers(1, 4, matrix.nnz))
    network = chain([shape, shape, shape], {(0, 1): identity(shape), (1, 2): Sparse(matrix)})
    (found,) = [k for k in links_onto_chip(network) if k.target == "p2"]
    block_of = block_of_neuron(shape, tile)
    whole = incoming(found, tile, LOIHI)
    if len(whole.in_axons) > 1:
        for block in range(len(whole.in_axons)):
            alone = incoming_of_block(found, np.flatnonzero(block_of == block), LOIHI)
            assert alone == (whole.in_axons[block], whole.synapse_bits[block])
    monkeypatch.setattr(utilization_module, "FEW_SYNAPSES", 0)
    for limit in (int(whole.synapse_bits.max()), int(whole.synapse_bits.max()) - 1):
        chip = replace(LOIHI, synapse_bits=limit)
        assert not surely_overfull([found], shape, tile, chip) or whole.synapse_bits.max() > limit
    assert surely_overfull([found], shape, tile, replace(LOIHI, synapse_bits=1)) == (len(whole.in_axons) > 1)


@pytest.mark.parametrize("seed", range(4))
def test_what_fits_is_what_its_exact_numbers_say(seed, monkeypatch):
    """Whether no two weight sets of a matrix are equal or many are, and for limits on every side of its numbers."""
    monkeypatch.setattr(utilization_module, "FEW_SYNAPSES", 0)
    rng = np.random.default_rng(seed)
    shape = (6, 6, 4)
    apart = separable(rng, shape, shape)
    if seed % 2:
        apart.matrix.data[:] = 1.0
    network = chain([shape, shape, shape], {(0, 2): conv(3, 4, 4), (1, 2): apart, (0, 1): identity(shape)})
    links = [link for link in links_onto_chip(network) if link.target == "p2"]
    for tile in [(6, 6, 4), (3, 6, 4), (2, 2, 4), (6, 6, 1), (1, 1, 1)]:
        exact = received(links, shape, tile, LOIHI)
        axons, bits = int(exact.in_axons.max()), int(exact.synapse_bits.max())
        for limits in ((axons, bits), (axons - 1, bits), (axons, bits - 1), (axons, 2 * bits)):
            chip = replace(LOIHI, in_axons=limits[0], synapse_bits=limits[1])
            assert fits(links, shape, tile, chip) == (axons <= limits[0] and bits <= limits[1])


@pytest.mark.parametrize("name", CASES)
def test_no_packing_takes_less_synapse_memory_than_is_foreseen(name):
    network, _ = CASES[name]
    for p in network.chip_populations:
        inward = [link for link in links_onto_chip(network) if link.target == p.name]
        for tile in [p.shape, (2, 3, 1), (1, 1, p.shape[2]), (3, p.shape[1], 2)]:
            least = least_synapse_bits(inward, tile, LOIHI)
            for packing in packings(inward, tile):
                assert least <= received(inward, p.shape, tile, LOIHI, packing).synapse_bits.max()
