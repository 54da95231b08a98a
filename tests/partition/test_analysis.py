"""What a report says of the traffic at the 95th percentile of all rates, beside that of the mean ones."""

from __future__ import annotations

import numpy as np
import pytest

from convert.errors import UserError
from partition import analysis, partition
from partition.board.chip_placement import Placement
from partition.geometry.links import links_onto_chip
from partition.hardware import Board, Chip
from partition.traffic.unicast import traffic
from tests.builders.shaped_networks import random_rates, unet

BOARD = Board("b", 4, 2, "a test", Chip(cores=4), host=3)


@pytest.fixture(autouse=True)
def _no_bound(monkeypatch):
    monkeypatch.setattr(analysis, "lower_bound", lambda graph, cores, in_time: 0.0)


def test_it_is_the_traffic_of_these_rates():
    network = unet(16, [8, 16])
    means, peaks = random_rates(network), random_rates(network, seed=1)
    found = partition(network, means, peak_rates_hz=peaks, board=BOARD)
    graph = traffic(network, links_onto_chip(network), found.tiles, peaks)
    chip = np.array([block.chip for block in found.blocks])
    places = np.asarray(found.report.places) @ np.array([BOARD.columns, 1])
    messages = found.report.messages_per_step_p95
    assert found.chips > 1
    assert messages.total == pytest.approx(graph.total)
    assert messages.interchip == pytest.approx(graph.interchip(chip))
    assert messages.host == pytest.approx(graph.host)
    heaviest = Placement(graph, BOARD, chip, places).heaviest_link
    assert found.report.heaviest_board_link_p95 == pytest.approx(heaviest)


def test_they_change_no_block_and_twice_the_rates_are_twice_the_traffic():
    network = unet(16, [8, 16])
    means = random_rates(network)
    alone = partition(network, means, board=BOARD)
    found = partition(network, means, peak_rates_hz={name: 2 * r for name, r in means.items()}, board=BOARD)
    assert found.blocks == alone.blocks
    assert alone.report.messages_per_step_p95 is alone.report.heaviest_board_link_p95 is None
    for key in ("total", "interchip", "host"):
        twice = 2 * getattr(found.report.messages_per_step, key)
        assert getattr(found.report.messages_per_step_p95, key) == pytest.approx(twice)
    assert found.report.heaviest_board_link_p95 == pytest.approx(2 * found.report.heaviest_board_link)


def test_missing_ones_are_told():
    network = unet(16, [8, 16])
    means = random_rates(network)
    with pytest.raises(UserError, match="95th percentile rates of layer 'p1' are missing"):
        partition(network, means, peak_rates_hz={k: v for k, v in means.items() if k != "p1"}, board=BOARD)
