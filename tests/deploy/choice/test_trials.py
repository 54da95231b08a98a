"""What is tried, and which of it is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from convert import Options
from convert.choice_report import TriedNetwork, TriedPoint
from deploy.choice.trials import RATES_HZ, Tried, next_trial
from deploy.choice.wanted import Wanted


def point(value, joules, timesteps=32):
    return TriedPoint(
        timesteps=timesteps,
        value=value,
        joules=joules,
        joules_low=joules / 2,
        joules_high=2 * joules,
        synops=1e6,
        spikes=1e3,
    )


def network(*points):
    return TriedNetwork(what="", chips=1, points=points)


def steps_tried(options, wanted, results):
    """(steps, penalty) of every trial, where a trial of these has the (accuracy, joules) of ``results``."""
    tried = []
    while trial := next_trial(options, wanted, tried, "accuracy", 0.9):
        key = trial.options.steps, trial.options.spike_penalty
        assert trial.options.problems() == []
        assert (trial.options.start_from is None) == (not tried)
        tried.append(Tried(trial, Path(f"{len(tried)}.bundle"), network(point(*results[key]))))
    return [(t.trial.options.steps, t.trial.options.spike_penalty) for t in tried]


def test_without_batches_rates_are_tried_each_once():
    options, tried = Options(), []
    while trial := next_trial(options, Wanted(1.0), tried, "accuracy", 0.9):
        tried.append(Tried(trial, Path(), network(point(0.9, 1.0))))
    assert [t.trial.options.rates_hz for t in tried] == [options.rates_hz, *RATES_HZ]
    again = Options(rates_hz=RATES_HZ[0])
    assert next_trial(again, Wanted(1.0), tried[:1], "accuracy", 0.9).options.rates_hz == RATES_HZ[1]


TRAINED = Options(spiking_batches=100)


@pytest.mark.parametrize(
    ("wanted", "results", "order"),
    [
        (
            Wanted(1.0),
            {(8, 0.0): (0.895, 2e-3), (8, 0.003): (0.891, 1e-3), (8, 0.01): (0.88, 5e-4)},
            [(8, 0.0), (8, 0.003), (8, 0.01)],
        ),
        (
            Wanted(1.0),
            {(8, 0.0): (0.88, 1e-3), (16, 0.0): (0.889, 2e-3), (24, 0.0): (0.8895, 3e-3)},
            [(8, 0.0), (16, 0.0), (24, 0.0)],
        ),
        (
            Wanted(joules=1e-3),
            {(8, 0.0): (0.88, 2e-3), (8, 0.003): (0.87, 1.5e-3), (8, 0.01): (0.86, 9e-4)},
            [(8, 0.0), (8, 0.003), (8, 0.01)],
        ),
        (
            Wanted(joules=5e-3),
            {(8, 0.0): (0.88, 1e-3), (16, 0.0): (0.89, 2e-3), (24, 0.0): (0.885, 3e-3)},
            [(8, 0.0), (16, 0.0), (24, 0.0)],
        ),
    ],
    ids=["penalties while near", "more steps until near", "penalties until cheap", "more steps while they help"],
)
def test_waves_are_tried_as_those_before_them_ask(wanted, results, order):
    assert steps_tried(TRAINED, wanted, results) == order


def test_the_cheapest_that_is_near_is_chosen_and_without_a_loss_the_best_that_is_cheap():
    trials = [
        network(point(0.90, 4e-3, 64), point(0.88, 2e-3, 32)),
        network(point(0.89, 3e-3)),
        network(point(0.7, 1e-3)),
    ]
    assert Wanted(accuracy_loss=1.0).chosen(trials, "accuracy", 0.9)[1].joules == 3e-3
    assert Wanted(accuracy_loss=2.0).chosen(trials, "accuracy", 0.9) == (0, trials[0].points[1])
    assert Wanted(joules=2.5e-3).chosen(trials, "accuracy", 0.9)[1].value == 0.88
    assert Wanted(accuracy_loss=1.0, joules=2.5e-3).chosen(trials, "accuracy", 0.9) is None
    both = Wanted(accuracy_loss=1.0, joules=4e-3)
    assert both.chosen(trials, "accuracy", 0.9) == Wanted(accuracy_loss=1.0).chosen(trials, "accuracy", 0.9)
    errors = [network(point(0.20, 1e-3), point(0.104, 2e-3), point(0.10, 3e-3))]
    assert Wanted(accuracy_loss=5.0).chosen(errors, "mse", 0.1)[1].value == 0.104
    assert Wanted(joules=2.5e-3).chosen(errors, "mse", 0.1)[1].value == 0.104


@pytest.mark.parametrize(
    "wanted",
    [Wanted(accuracy_loss=-1.0), Wanted(accuracy_loss=float("nan")), Wanted(joules=0.0), Wanted(joules=float("inf"))],
)
def test_what_cannot_be_wanted_is_named(wanted):
    assert len(wanted.problems()) == 1
