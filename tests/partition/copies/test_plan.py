"""Which neurons are computed twice: messages foreseen and counted, limits, what partition.json says."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from convert.errors import UserError
from deploy.events.fan_out import fanouts
from partition import partition, read_partition
from partition.block import Copy
from partition.copies.choose import Chooser
from partition.copies.demand import demands
from partition.copies.fits import Fits
from partition.copies.rectangles import Rectangles
from partition.copies.traffic import copied_traffic, slots_used
from partition.copies.wiring import Wiring
from partition.core.packing import PLAIN
from partition.core.utilization import utilization
from partition.figure import draw
from partition.geometry.links import links_onto_chip
from partition.hardware import LOIHI, Board, Chip
from partition.place.metis import metis
from partition.result import Partition
from partition.traffic.multicast import multicast_interchip
from partition.traffic.unicast import traffic
from partition.violations import cuts, violations
from tests.builders.copies import with_copies
from tests.builders.random_networks import Case, random_case
from tests.builders.shaped_networks import random_rates, unet

NETWORK = unet(16, [8, 16])
RATES = {name: np.asarray(values, np.float64) for name, values in random_rates(NETWORK).items()}
LINKS = links_onto_chip(NETWORK)
TILES = {p.name: (min(8, p.shape[0]), min(4, p.shape[1]), p.shape[2]) for p in NETWORK.chip_populations}


def rates_of(case: Case) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {p.name: rng.uniform(0, 100, p.shape) for p in case.network.populations}


def chips_of(case: Case) -> np.ndarray:
    return np.array([block.chip for block in case.partition.blocks])


@pytest.mark.parametrize("seed", range(3))
def test_without_copies_messages_and_slots_are_those_of_blocks(seed: int) -> None:
    case = random_case(Random(seed))
    network, links, rates = case.network, links_onto_chip(case.network), rates_of(case)
    wiring = case.partition.wiring(network)
    found, expected = copied_traffic(wiring, links, rates), traffic(network, links, case.partition.tiles, rates)
    np.testing.assert_allclose(found.graph.messages.toarray(), expected.messages.toarray(), atol=1e-9)
    np.testing.assert_allclose(found.graph.from_host, expected.from_host, atol=1e-9)
    chips = {p.name: np.array([b.chip for b in case.partition.blocks_of(p.name)]) for p in network.chip_populations}
    assert found.multicast == pytest.approx(multicast_interchip(network, links, case.partition.tiles, rates, chips))
    used = [utilization(p, links, case.partition.tiles, LOIHI) for p in network.chip_populations]
    expected_slots = np.concatenate([each.out_slots + each.crossing_slots for each in used])
    np.testing.assert_array_equal(slots_used(wiring, links, LOIHI), expected_slots)


@pytest.mark.parametrize("seed", range(6))
def test_messages_foreseen_are_those_that_are_counted(seed: int) -> None:
    case = with_copies(random_case(Random(seed)), Random(seed))
    rates, wiring = rates_of(case), case.partition.wiring(case.network)
    found = copied_traffic(wiring, links_onto_chip(case.network), rates)
    tables = fanouts(case.network, case.partition)
    spikes = {name: values.ravel() * case.network.dt_s for name, values in rates.items()}
    sums = {
        name: spikes[name].reshape(len(table.lines), -1).sum(axis=1) @ table.lines for name, table in tables.items()
    }
    counted = sum(values[2] for name, values in sums.items() if name != "host")
    assert found.graph.interchip(wiring.chip_of) == pytest.approx(counted)
    assert found.graph.total + found.graph.host == pytest.approx(sum(values[1] for values in sums.values()))
    fired = sum(
        float(spikes[copy.layer].reshape(case.network.shape_of(copy.layer))[tuple(slice(*e) for e in copy.slice)].sum())
        for copy in case.partition.copies
    )
    assert sum(values[0] for values in sums.values()) == pytest.approx(sum(map(np.sum, spikes.values())) + fired)


def placed() -> np.ndarray:
    graph = traffic(NETWORK, LINKS, TILES, RATES)
    return metis(graph, Board("a test", 3, 3, "here", Chip(cores=-(-graph.blocks // 3) + 1)), seed=0)


def test_chosen_copies_spare_what_is_said_and_more_cores_spare_more() -> None:
    chip = placed()
    spikes = {p.name: RATES[p.name] * NETWORK.dt_s for p in NETWORK.chip_populations if NETWORK.out_of(p.name)}
    rectangles = Rectangles(Fits(NETWORK, LINKS, LOIHI), TILES)
    before = traffic(NETWORK, LINKS, TILES, RATES).interchip(chip)
    last = before
    for cores in (0, 2, 5):
        copies, left = [], 0.0
        for number, demand in enumerate(demands(NETWORK, LINKS, TILES, spikes, chip, 3)):
            found = Chooser(rectangles, demand).choose(cores)
            left += found.messages
            assert found.cores <= cores
            copies += [Copy(layer, slices, number, 0, PLAIN) for layer, slices in found.rectangles]
        wiring = Wiring(NETWORK, TILES, {}, chip, copies)
        counted = copied_traffic(wiring, LINKS, RATES).graph.interchip(wiring.chip_of)
        assert counted == pytest.approx(left, abs=1e-6)
        assert counted == pytest.approx(before) if cores == 0 else counted < last
        last = counted


@pytest.fixture(scope="module")
def found() -> Partition:
    return partition(NETWORK, RATES, board=Board("bench", 4, 2, "a test", Chip(cores=9)), copies=4)


def test_a_partition_with_copies_keeps_every_limit(found: Partition) -> None:
    assert found.copies
    assert cuts(found, NETWORK)
    assert violations(NETWORK, found) == []
    assert found.report.cores == len(found.blocks) + len(found.copies)
    assert found.report.lower_bound_interchip == 0
    wiring = found.wiring(NETWORK)
    graph = copied_traffic(wiring, LINKS, RATES).graph
    interchip = found.report.messages_per_step.interchip
    assert interchip == pytest.approx(graph.interchip(wiring.chip_of))
    assert sum(layer.interchip or 0.0 for layer in found.report.layers) == pytest.approx(interchip)


def test_partition_json_says_which_neurons_are_where(found: Partition, tmp_path) -> None:
    found.save(tmp_path)
    data = json.loads((tmp_path / "partition.json").read_text())
    assert len(data["copies"]) == len(found.copies)
    assert data["copies"][0].keys() == {"layer", "slice", "chip", "core", "packing"}
    assert read_partition(tmp_path / "partition.json") == found
    draw(found, NETWORK, tmp_path / "partition.svg")
    assert (tmp_path / "partition.svg").stat().st_size > 1000


def test_copies_that_are_none_of_a_partition_are_told(found: Partition) -> None:
    copy = found.copies[0]
    depth = found.tiles[copy.layer][2]
    for other in (
        replace(copy, layer="no layer"),
        replace(copy, chip=99),
        replace(copy, slice=((0, 999), *copy.slice[1:])),
        replace(copy, slice=(*copy.slice[:2], (0, depth + 1))),
    ):
        assert not cuts(replace(found, copies=(other,)), NETWORK)
    twice = replace(found, copies=(replace(copy, core=found.blocks[0].core, chip=found.blocks[0].chip),))
    assert any("holds 2 blocks" in problem for problem in violations(NETWORK, twice))


def test_copies_are_refused_for_other_objectives() -> None:
    with pytest.raises(UserError, match="use objective messages"):
        partition(NETWORK, RATES, copies=4, objective="hops")
    with pytest.raises(UserError, match="keep fewer"):
        partition(NETWORK, RATES, board=Board("bench", 4, 2, "a test", Chip(cores=4)), copies=4)


def test_what_too_many_copies_leave_is_told_and_how_many_would_do() -> None:
    board = Board("bench", 3, 3, "a test", Chip(cores=9))
    with pytest.raises(UserError, match="beside 8 for copies on each chip; keep no more than") as told:
        partition(NETWORK, RATES, board=board, copies=8)
    most = int(str(told.value).rsplit(" ", 3)[1])
    assert partition(NETWORK, RATES, board=board, copies=most, seconds=5).copies


def test_a_cover_holds_all_of_an_area_and_nothing_that_does_not_fit() -> None:
    rectangles = Rectangles(Fits(NETWORK, LINKS, LOIHI), TILES)
    layer = rectangles.fits.layers[0]
    area = np.zeros(NETWORK.shape_of(layer)[:2], bool)
    area[2:5, :] = area[:, 6:9] = True
    cover = rectangles.cover(layer, 0, area)
    assert cover
    held = np.zeros_like(area)
    for slices in cover:
        held[slice(*slices[0]), slice(*slices[1])] = True
        assert rectangles.fits.packing(layer, slices) is not None
        assert rectangles.same_integers(layer, slices)
    assert held[area].all()
