"""A sharper bound for a partition that is there."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest

from partition import partition
from partition.bounds import rooted_flows
from partition.bounds.branching import can_prove
from partition.geometry.links import links_onto_chip
from partition.hardware import Board, Chip
from partition.prove import provable, proved
from partition.traffic.unicast import traffic
from tests.builders.shaped_networks import random_rates, unet


def test_the_bound_grows_and_nothing_else_changes():
    network = unet(16, [8, 16])
    rates = random_rates(network)
    found = partition(network, rates, board=Board("two", 2, 2, "a test", Chip(cores=8)))
    assert provable(found)
    sharper = proved(network, rates, found, 5.0)
    before, after = found.report, sharper.report
    assert before.lower_bound_interchip < after.lower_bound_interchip <= after.messages_per_step.interchip
    gap = 1 - after.lower_bound_interchip / after.messages_per_step.interchip
    assert after.optimality_gap == pytest.approx(gap)
    assert (sharper.tiles, sharper.blocks, sharper.packings) == (found.tiles, found.blocks, found.packings)
    graph = traffic(network, links_onto_chip(network), found.tiles, rates)
    assert graph.blocks == after.cores


def test_many_chips_are_bounded_too(monkeypatch):
    steps = count()
    monkeypatch.setattr(rooted_flows, "time", SimpleNamespace(monotonic=lambda: next(steps) / 500))
    network = unet(16, [8, 16])
    rates = random_rates(network)
    found = partition(network, rates, board=Board("many", 8, 4, "a test", Chip(cores=3)), seconds=1)
    assert not can_prove(found.report.cores, 8, 3)
    assert provable(found)
    before, after = found.report, proved(network, rates, found, 2.0).report
    assert before.lower_bound_interchip < after.lower_bound_interchip <= after.messages_per_step.interchip


def test_what_needs_no_second_chip_is_told_by_the_boards_own_chips():
    network = unet(16, [8, 16])
    found = partition(network, random_rates(network), board=Board("two", 2, 2, "a test", Chip(cores=8)))
    assert not provable(replace(found, board=replace(found.board, chip=Chip())))
