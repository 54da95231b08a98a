"""The whole search, on networks small enough to take seconds."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from scipy import sparse

from convert.errors import UserError
from convert.network import INPUT, Projection, Sparse
from partition import partition, read_partition
from partition.board_file import find_board
from partition.bounds.spreading_metric import lower_bound
from partition.core.packing import PLAIN
from partition.core.synapse_lists import packings
from partition.core.utilization import utilization
from partition.files import write_partition
from partition.geometry.links import links_onto_chip
from partition.hardware import BOARDS, LOIHI, Board, Chip, smallest_board
from partition.place import PLACERS
from partition.result import Partition
from partition.tiles.feasible import feasible_tiles, feasible_tiles_of_layers, only_plain
from partition.tiles.idle import idle_costs
from partition.tiles.retile import Problem
from partition.tiles.tile_search import find_tiles
from partition.traffic.unicast import traffic
from partition.violations import cuts, violations
from tests.builders.shaped_networks import blocks_of_one_layer, chain, convolution, random_rates, resnet, unet

TINY = Board("tiny", 3, 3, "a test", Chip(cores=40))


@pytest.fixture(scope="module")
def network():
    return unet(32, [8, 16])


@pytest.fixture(scope="module")
def found(network) -> Partition:
    return partition(network, random_rates(network), board=TINY)


def chips_of(found: Partition) -> np.ndarray:
    return np.array([block.chip for block in found.blocks])


def test_every_neuron_is_on_exactly_one_core_of_one_chip(network, found):
    for p in network.chip_populations:
        seen = np.zeros(p.shape, int)
        for block in found.blocks_of(p.name):
            seen[tuple(slice(*r) for r in block.slice)] += 1
        assert (seen == 1).all()
    places = [(block.chip, block.core) for block in found.blocks]
    assert len(set(places)) == len(places)
    assert max(core for _, core in places) < TINY.chip.cores
    assert set(chips_of(found)) == set(range(found.chips))


def test_every_core_keeps_every_limit_even_if_all_axons_leave_the_chip(network, found):
    links = links_onto_chip(network)
    for p in network.chip_populations:
        assert not utilization(p, links, found.tiles, LOIHI).exceeded(LOIHI)
    assert all(0 < share <= 1 for share in msgspec.structs.astuple(found.report.utilization))


def test_every_violation_is_named_at_once(network, found):
    assert violations(network, found) == []
    moved = [replace(block, core=99) if i == 5 else block for i, block in enumerate(found.blocks)]
    twice = replace(found, blocks=(*moved[:-1], replace(moved[-1], chip=moved[0].chip, core=moved[0].core)))
    problems = violations(network, twice)
    assert len(problems) == 2
    assert "holds 2 blocks" in problems[0]
    assert "core 99, its cores are 0 to 39" in problems[1]
    assert cuts(found, network)
    assert not cuts(replace(found, tiles=found.tiles | {"p1": (32, 32, 8)}), network)
    small = replace(TINY, chip=replace(TINY.chip, compartments=100, synapse_bits=1000))
    problems = violations(network, replace(found, board=small))
    assert {problem.split("'")[1] for problem in problems} == set(found.tiles)
    assert any("synapse bits" in problem for problem in problems)


def test_without_any_time_there_is_still_a_partition(network):
    quick = partition(network, random_rates(network), board=TINY, seconds=1e-6)
    assert violations(network, quick) == []


@pytest.mark.parametrize("seconds", [-1.0, 5.0])
def test_more_chips_are_tried_where_the_fewest_hold_no_tiles(network, seconds):
    links = links_onto_chip(network)
    board = replace(TINY, chips=9, chip=replace(TINY.chip, cores=15))
    feasible = feasible_tiles_of_layers(network.chip_populations, links, board.chip)
    rates = random_rates(network)
    idle = idle_costs(network, links, feasible, rates)
    problem = Problem(network, links, rates, (1.0,) * len(links), idle, 0, time.monotonic() + seconds)
    assert sum(options[0].cores for options in feasible.values()) > 2 * board.chip.cores
    found = find_tiles(problem, feasible, board, least_cores=1)
    assert found
    assert all(np.bincount(each.chip).max() <= board.chip.cores for each in found)


def test_the_report_is_that_of_the_partition(network, found):
    graph = traffic(network, links_onto_chip(network), found.tiles, random_rates(network))
    messages = found.report.messages_per_step
    assert messages.interchip == pytest.approx(graph.interchip(chips_of(found)))
    assert messages.total == pytest.approx(graph.total)
    assert messages.host == pytest.approx(graph.host)
    assert sum(layer.interchip for layer in found.report.layers) == pytest.approx(messages.interchip)
    pairs = graph.between_chips(chips_of(found), found.chips)
    np.testing.assert_allclose(found.report.chip_to_chip, pairs)
    assert found.report.max_link_load == pytest.approx((pairs + pairs.T).max())


def test_fewer_messages_than_every_placer_on_hand_tiles_and_more_than_the_bound(found):
    interchip = found.report.messages_per_step.interchip
    assert set(found.report.baselines) == set(PLACERS)
    assert interchip < min(found.report.baselines.values())
    bound = found.report.lower_bound_interchip
    assert 0 < bound <= interchip
    assert found.report.optimality_gap == pytest.approx(1 - bound / interchip)


def test_packings_make_deep_tiles_fit_where_the_usual_blocks_are_tiny():
    rng = np.random.default_rng(0)
    transforms = {(0, 1): convolution(rng, 1, (1, 32)), (1, 2): convolution(rng, 3, (32, 4))}
    network = chain([(8, 8, 1), (8, 8, 32), (8, 8, 4)], transforms)
    tight = replace(LOIHI, synapse_bits=6000)
    plain, packed = (
        feasible_tiles(network.population("p2"), links_onto_chip(network), tight, packings_to_try=tried)
        for tried in (only_plain, packings)
    )
    assert (plain[0].cores, packed[0].cores) == (256, 4)
    assert all(option.packing != PLAIN for option in packed)
    found = partition(network, random_rates(network), board=Board("tight", 8, 4, "a test", tight))
    assert found.packing("p2") != PLAIN
    assert found.report.baseline_chips > found.chips


def test_same_seed_same_partition(network, found):
    again = partition(network, random_rates(network), board=TINY)
    assert again.blocks == found.blocks
    assert msgspec.structs.replace(again.report, timings=None) == msgspec.structs.replace(found.report, timings=None)


def test_json_and_picture(network, found, tmp_path):
    write_partition(tmp_path, found, network)
    again = read_partition(tmp_path / "partition.json")
    assert again == found
    text = (tmp_path / "partition.svg").read_text()
    assert text.startswith("<?xml")
    assert all(f"chip {number}" in text for number in range(found.chips))
    write_partition(tmp_path, again, network)
    assert (tmp_path / "partition.svg").read_text() == text


def test_the_picture_says_how_many_cores_have_copies(network, tmp_path):
    found = partition(network, random_rates(network), board=TINY, copies=2)
    assert found.copies
    write_partition(tmp_path, found, network)
    said = f"{found.report.cores:,} cores ({len(found.copies)} of them with copies) on {found.chips} chip"
    assert said in (tmp_path / "partition.svg").read_text()


def test_one_chip_needs_no_messages_between_chips():
    network = unet(16, [4, 8])
    found = partition(network, random_rates(network))
    assert (found.board.name, found.chips) == ("single-chip", 1)
    assert found.report.messages_per_step.interchip == 0


def test_silent_layers_are_placed():
    network = unet(16, [4, 8])
    rates = {name: np.zeros_like(values) for name, values in random_rates(network).items()}
    assert partition(network, rates, board=Board("two", 2, 2, "a test", Chip(cores=8))).chips <= 2


@pytest.mark.slow
def test_resnet_with_identity_shortcuts_is_cut_between_few_chips():
    network = resnet(16, (8, 16), 2)
    found = partition(network, random_rates(network), board=Board("b", 3, 3, "a test", Chip(cores=12)))
    assert found.report.messages_per_step.interchip < min(found.report.baselines.values())


def test_output_axons_without_geometry_keep_their_limit():
    """Half of all pairs have a synapse, so that a neuron needs an axon to every core of the second layer."""
    rng = np.random.default_rng(0)
    matrix = Sparse(sparse.csr_array(np.where(rng.random((512, 256)) < 0.5, 1.0, 0.0)))
    network = chain([(8, 8, 1), (8, 8, 4), (8, 8, 8)], {(0, 1): convolution(rng, 1, (1, 4)), (1, 2): matrix})
    chip = Chip(cores=4, compartments=64, out_axon_slots=400)
    found = partition(network, random_rates(network), board=Board("b", 8, 4, "a test", chip))
    assert violations(network, found) == []


def test_a_board_that_is_too_small_says_how_much_and_the_way_out(network):
    with pytest.raises(UserError, match=r"'two': the network needs at least \d+ cores, 2 x 8 = 16 are there; use "):
        partition(network, random_rates(network), board=Board("two", 2, 2, "a test", Chip(cores=8)))
    with pytest.raises(UserError, match="kapoho-bay"):
        partition(network, random_rates(network), board="kapoho-bay", chips=3)
    with pytest.raises(UserError, match="use a smaller model"):
        smallest_board(10**6)


def test_what_cannot_be_partitioned_is_said_at_once(network):
    rates = random_rates(network)
    del rates["p1"]
    image = Projection(INPUT, "p2", convolution(np.random.default_rng(0), 3, (1, 8)))
    direct = replace(network, projections=(*network.projections, image))
    with pytest.raises(UserError) as error:
        partition(direct, rates, chips=0)
    assert len(error.value.problems) == 3
    with pytest.raises(UserError, match="no layer on the chip"):
        partition(chain([(4, 4, 2)], {}), {})


def test_boards_by_name_and_by_file(tmp_path):
    assert [board.chips for board in BOARDS.values()] == [1, 2, 8, 32, 768]
    assert find_board("nahuku-8").cores == 1024
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"name": "mine", "chips": 6, "columns": 3, "hop_weights": [1, 2], "host": 5}))
    board = find_board(str(path))
    assert (board.name, board.cores, board.hop_weights, board.host) == ("mine", 768, (1, 2), 5)
    for text, problem in (
        ("[", "not readable as JSON"),
        ("{}", "number of chips"),
        ('{"chips": 2, "core": 1}', "unknown keys"),
        ('{"chips": 0}', "number of chips"),
        ('{"chips": 2, "columns": 0}', "columns is 0; it must be a whole number of at least 1"),
        ('{"chips": 2, "columns": "2"}', "columns is '2'; it must be a whole number of at least 1"),
        ('{"chips": true}', "number of chips"),
        ("[2]", "number of chips"),
        ('{"chips": 2, "name": 5}', "name is 5; it must be a text"),
        ('{"chips": 2, "hop_weights": [1]}', "east-west, north-south"),
        ('{"chips": 2, "hop_weights": [1, 0]}', "above 0"),
        ('{"chips": 2, "host": 2}', "0 to 1"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=problem):
            find_board(str(path))
    with pytest.raises(UserError, match="choose one of auto, single-chip"):
        find_board("nahuku")


@pytest.mark.parametrize("seed", range(6))
def test_bound_holds_for_the_best_of_all_placements(seed):
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((8, 8)) * (rng.random((8, 8)) < 0.6), 1)
    graph = blocks_of_one_layer(weights)
    every = (np.arange(256)[:, None] >> np.arange(8)) & 1
    best = min(graph.interchip(chip) for chip in every if 3 <= chip.sum() <= 5)
    assert 0.3 * best < lower_bound(graph, 5) <= best + 1e-9
    assert 0.0 < lower_bound(graph, 5, in_time=lambda: False) <= lower_bound(graph, 5)


def test_bound_of_a_path_is_nearly_its_best_placement():
    blocks, capacity = 120, 12
    graph = blocks_of_one_layer(np.diag(np.ones(blocks - 1), 1))
    best = blocks / capacity - 1
    assert graph.interchip(np.arange(blocks) // capacity) == best
    assert 0.8 * best < lower_bound(graph, capacity) <= best


def test_what_fits_one_chip_needs_no_messages_between_chips():
    assert lower_bound(blocks_of_one_layer(np.ones((4, 4)) - np.eye(4)), 4) == 0
