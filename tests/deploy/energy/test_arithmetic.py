"""The arithmetic of an estimate: keras-spiking's figure, the hand example of docs/energy.md, ranges, break-even."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest

from deploy.energy.break_even import line_of
from deploy.energy.constants import STATIC, Constant, ConstantName, barrier_of
from deploy.energy.counts import Counts
from deploy.energy.devices import DAVIES_2018, DEVICES, SANA_FE, EnergyDevice
from deploy.energy.estimate import cost_of, loihi_estimate, on_board
from deploy.energy.tornado import tornado
from deploy.runs.report import BusiestCores, PipelineEvents
from tests.builders.paths import ROOT

LONGER = PipelineEvents(neuron_updates=6000, spikes=100, messages_out=200, messages_in=50, synops=700, conv_synops=600)
SHORTER = PipelineEvents(
    neuron_updates=1000, spikes=20, messages_out=40, messages_in=300, synops=2000, conv_synops=2000
)
HAND = Counts(
    timesteps=10,
    synops=9000,
    neuron_updates=20_000,
    spikes=500,
    messages=1000,
    conv_synops=8000,
    busiest=BusiestCores(longer=LONGER, shorter=SHORTER),
)
"""The network of docs/energy.md: 2,000 neurons for 10 steps."""


def test_keras_spikings_figure_with_its_constants() -> None:
    """Made by benchmarks/energy/keras_spiking_figures.py with keras-spiking 0.3.0."""
    theirs = dict.fromkeys(get_args(ConstantName), 0.0)
    theirs |= {"joules_per_synop": 27.1e-12, "joules_per_update": 81e-12}
    steps, dt_s = 10, 0.001
    synops = steps * dt_s * (16 * 20 * 32 + 32 * 40 * 10)
    counts = Counts(timesteps=steps, synops=synops, neuron_updates=steps * (32 + 10), spikes=0, messages=0)
    assert cost_of(theirs, counts).total == pytest.approx(KERAS_SPIKING_JOULES, rel=1e-6)


KERAS_SPIKING_JOULES = 4.026384e-08


def test_the_hand_example_of_the_docs() -> None:
    cost = cost_of(SANA_FE.values(), HAND)
    text = (ROOT / "docs" / "energy.md").read_text()
    shown = {
        name: float(value) for name, value in re.findall(r"^(\w[\w ]*) = .* = ([\d.]+) [nµ][Js]$", text, re.MULTILINE)
    }
    assert shown["synops"] == pytest.approx(1e9 * cost.parts["synops"], abs=0.05)
    assert shown["updates"] == pytest.approx(1e9 * cost.parts["neuron updates"], abs=0.05)
    assert shown["spikes"] == pytest.approx(1e9 * cost.parts["spikes"], abs=0.05)
    assert shown["messages"] == pytest.approx(1e9 * cost.parts["messages"], abs=0.05)
    assert shown["time"] == pytest.approx(1e6 * cost.seconds, abs=0.005)
    assert shown["static"] == pytest.approx(1e9 * cost.static, abs=0.5)
    assert shown["total"] == pytest.approx(1e9 * cost.total, abs=0.5)


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_the_nominal_estimate_lies_in_its_range_and_every_constant_has_a_source(device: EnergyDevice) -> None:
    for chips in (1, 3, 100):
        found = loihi_estimate(device, replace(HAND, chips=chips))
        low, high = found.joules_range
        assert low < found.joules_per_inference.total < high
        assert found.seconds_range[0] < found.seconds_per_inference < found.seconds_range[1]
    for constant in device.constants:
        assert re.search(r"doi 10\.|arXiv \d|not published", constant.source), constant


def test_all_sets_of_constants_have_the_same_range() -> None:
    first, second = (loihi_estimate(device, HAND).joules_range for device in DEVICES.values())
    assert first == pytest.approx(second)


def test_synops_of_shared_kernels_cost_less_and_are_not_told_apart_without_a_count() -> None:
    apart = cost_of(SANA_FE.values(), HAND).parts["synops"]
    together = cost_of(SANA_FE.values(), replace(HAND, conv_synops=None)).parts["synops"]
    assert apart == pytest.approx(8000 * 24.0e-12 + 1000 * 35.5e-12)
    assert together == pytest.approx(9000 * 35.5e-12)


def test_the_shorter_pipeline_counts_by_its_share() -> None:
    values = SANA_FE.values()
    longer = 6000 * 9.7e-9 + 100 * 30e-9 + 200 * 5.1e-9 + 50 * 16e-9 + 600 * 3.1e-9 + 100 * 3.8e-9
    shorter = 1000 * 9.7e-9 + 20 * 30e-9 + 40 * 5.1e-9 + 300 * 16e-9 + 2000 * 3.1e-9
    for share in (0.0, 0.5, 1.0):
        cost = cost_of({**values, "share_in_sequence": share}, HAND)
        assert cost.seconds == pytest.approx(10 * 1.8e-6 + longer + share * shorter)


def test_the_barrier_of_many_chips_has_a_higher_upper_end() -> None:
    (barrier,) = (constant for constant in SANA_FE.constants if constant.name == "seconds_per_step")
    assert [barrier_of(barrier, chips).high for chips in (1, 2, 32, 33)] == [1.8e-6, 5.8e-6, 5.8e-6, 16.2e-6]
    assert barrier_of(barrier, 33).nominal == barrier.nominal


def test_static_power_that_the_user_gives_has_no_range() -> None:
    given, default = (
        next(c for c in on_board(DAVIES_2018, 1, watts).constants if c.name == "static_watts_per_chip")
        for watts in (0.3, STATIC.nominal)
    )
    assert (given.low, given.nominal, given.high) == (0.3, 0.3, 0.3)
    assert default == STATIC


def test_a_tornado_has_the_largest_swing_first_and_nothing_that_does_not_matter() -> None:
    swings = tornado(SANA_FE, HAND)
    widths = [swing.joules for swing in swings]
    assert widths == sorted(widths, reverse=True)
    assert min(widths) > 0
    assert "joules_per_hop_east_west" not in {swing.constant for swing in swings}
    assert {"joules_per_update", "static_watts_per_chip"} <= {swing.constant for swing in swings}
    total = cost_of(SANA_FE.values(), HAND).total
    assert all(swing.joules_low <= total <= swing.joules_high for swing in swings)


def test_at_the_break_even_the_total_is_the_processors() -> None:
    line = line_of(SANA_FE.values(), HAND)
    for joules in (line.silent, 2e-5, 5e-5):
        factor = line.factor_at(joules)
        assert cost_of(SANA_FE.values(), HAND.with_spikes_times(factor)).total == pytest.approx(joules)
    assert line.factor_at(0.9 * line.silent) is None
    assert line.factor_at(cost_of(SANA_FE.values(), HAND).total) == pytest.approx(1.0)


def test_without_a_count_by_core_the_mean_core_of_the_busiest_layer_is_taken() -> None:
    counts = replace(HAND, busiest=None, core_loads=((100.0, 10.0), (50.0, 500.0)))
    cost = cost_of(SANA_FE.values(), counts)
    assert cost.seconds == pytest.approx(10 * 1.8e-6 + 50 * 3.8e-9 + 500 * 9.7e-9)
    assert any("a mean" in text for text in loihi_estimate(SANA_FE, counts).assumptions)


def test_a_range_that_does_not_hold_its_nominal_value_is_refused() -> None:
    with pytest.raises(AssertionError):
        Constant("joules_per_synop", 2.0, 1.0, 3.0, "nobody")
