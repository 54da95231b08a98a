"""Fewer time steps: events up to a step, the knee, settled images stopped early, settled layers, energy of each."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest

from convert.bundle import load_network
from convert.data.evaluate import merit_of
from convert.data.labels import Marked
from convert.errors import UserError
from convert.network import INPUT
from deploy import RunOptions, run
from deploy.energy.counts import counts_of, counts_until
from deploy.energy.devices import DAVIES_2018
from deploy.energy.estimate import loihi_estimate
from deploy.events.counts import EVENTS
from deploy.runs.early_exit import Observed, curve, held_out, mean_of, metric_at, point, settled, stopped
from deploy.runs.knee import knee, spread
from deploy.runs.report import EventMeans, LayerRun, RunMetrics, RunReport, StepRow
from deploy.runs.results import events_until, settled_step
from deploy.runs.windows import last_arrival_step
from deploy.targets.registry import Job, prepare
from partition.result import Block, Partition, read_partition
from tests.builders.boards import row_of_chips

STOPS = (12, 3, 32, 31)


@pytest.fixture(scope="module")
def job(tiny):
    """The tiny classifier, its windows not in order."""
    bundle = tiny / "tiny.bundle"
    return Job(load_network(bundle), read_partition(bundle / "partition.json"), [(t // 2, t) for t in STOPS], threads=1)


@pytest.fixture(scope="module")
def images(tiny):
    return np.load(tiny / "data.npz")["x"][:2].astype(np.float32)


def shorter(job, steps):
    return replace(job, network=job.network.with_(timesteps=steps), windows=[(steps // 2, steps)])


def test_events_up_to_a_step_are_those_of_a_run_that_ends_there(job, images):
    whole = list(prepare("fast", job)(images))
    for k, steps in enumerate(STOPS):
        for a, b in zip(whole, prepare("fast", shorter(job, steps))(images), strict=True):
            np.testing.assert_array_equal(a.counts["outer"][k], b.counts["outer"][0])
            for name, totals in b.layers.items():
                assert tuple(a.until[name][k]) == astuple(totals)[: len(EVENTS)], (name, steps)


def test_a_run_that_ends_early_spikes_as_nengo_loihi_does(job, images):
    (whole,) = prepare("fast", job)(images[:1])
    (reference,) = prepare("emulator", shorter(job, STOPS[0]))(images[:1])
    assert {n: until[0][0] for n, until in whole.until.items()} == {n: c.spikes for n, c in reference.layers.items()}


def test_counts_are_means_over_the_images_each_at_its_own_step(job, images):
    until = np.stack([list(run.until.values()) for run in prepare("fast", job)(images)]).swapaxes(1, 2)
    names = [p.name for p in job.network.populations]
    found = events_until(job.network, names, until[[0, 1], [0, 2]])
    chip = [i for i, name in enumerate(names) if job.network.population(name).on_chip]
    assert found.spikes == (until[0, 0, chip, 0].sum() + until[1, 2, chip, 0].sum()) / 2
    assert found.synops == sum(found.layer_synops.values()) > 0
    assert found.host_messages > 0


# Energy


EVENTS_OF_RUN = {"synops": 900.0, "neuron_updates": 400.0, "spikes": 50.0, "messages": 80.0}
RUN = RunReport(
    target="fast",
    images=1,
    timesteps=100,
    metrics=RunMetrics(),
    layers=(
        LayerRun(name="a", synops=700.0, neuron_updates=300.0),
        LayerRun(name="b", synops=200.0, neuron_updates=100.0),
    ),
    **EVENTS_OF_RUN,
)
ONE = ((0, 1), (0, 1), (0, 1))
PARTITION = Partition(
    row_of_chips(2),
    {"a": (1, 1, 1), "b": (1, 1, 1)},
    tuple(Block("b" if i == 10 else "a", ONE, i // 8, i) for i in range(11)),
)


def test_the_last_row_costs_what_the_run_costs():
    last = StepRow(timesteps=100, layer_synops={"a": 700.0, "b": 200.0}, **EVENTS_OF_RUN)
    assert counts_until(RUN, last, PARTITION) == counts_of(RUN, PARTITION)


def test_a_row_costs_its_own_events_and_steps():
    row = StepRow(
        timesteps=25,
        synops=90.0,
        neuron_updates=100.0,
        spikes=5.0,
        messages=8.0,
        layer_synops={"a": 80.0, "b": 10.0},
    )
    counts = counts_until(RUN, row, PARTITION)
    assert counts.core_loads == ((8.0, 7.5), (10.0, 25.0))
    seconds = 25 * 465e-9 + 10 * 3.5e-9 + 25 * 8.4e-9
    estimate = loihi_estimate(DAVIES_2018, counts, static_watts_per_chip=0.5)
    assert estimate.seconds_per_inference == pytest.approx(seconds)
    assert estimate.joules_per_inference.static == pytest.approx(0.5 * 2 * seconds)


# The knee


ROWS = [StepRow(timesteps=t, accuracy=a) for t, a in ((16, 0.1), (32, 0.84), (48, 0.855), (64, 0.85), (80, 0.861))]


@pytest.mark.parametrize(
    ("ann", "tolerance", "steps", "reference"),
    [
        ({"accuracy": 0.87}, None, 80, "ann"),
        ({"accuracy": 0.862}, None, 48, "ann"),
        ({"accuracy": 0.9}, None, 48, "best"),
        ({"accuracy": 0.9}, 0.025, 32, "best"),
        ({"accuracy": 0.9}, 0.06, 32, "ann"),
        ({}, None, 48, "best"),
        ({"accuracy": 0.8}, 0.0, 32, "ann"),
    ],
)
def test_the_knee_by_hand(ann, tolerance, steps, reference):
    found = knee(ROWS, ann, tolerance)
    assert (found.timesteps, found.reference) == (steps, reference)


def test_pixels_have_half_a_point_and_without_a_metric_there_is_no_knee():
    rows = [StepRow(timesteps=t, pixel_accuracy=a, iou=0.1) for t, a in ((8, 0.914), (16, 0.916), (24, 0.92))]
    assert knee(rows, {"pixel_accuracy": 0.921}).timesteps == 16
    assert knee([StepRow(timesteps=8, iou=0.1)], {}) is None
    assert knee([], {"accuracy": 1.0}) is None


@pytest.mark.parametrize(
    ("ann", "tolerance", "steps", "reference"),
    [
        ({"mse": 0.0095}, None, 24, "ann"),
        ({"mse": 0.005}, None, 24, "best"),
        ({"mse": 0.005}, 0.3, 16, "best"),
        ({"mse": 0.0095}, 0.3, 16, "ann"),
        ({}, None, 24, "best"),
        ({"mse": 0.5}, None, 8, "ann"),
    ],
)
def test_the_knee_of_an_error_is_where_it_is_low(ann, tolerance, steps, reference):
    rows = [StepRow(timesteps=t, mse=e) for t, e in ((8, 0.5), (16, 0.012), (24, 0.0099), (32, 0.0098))]
    found = knee(rows, ann, tolerance)
    assert (found.timesteps, found.reference, found.metric) == (steps, reference, "mse")


def test_steps_are_chosen_by_the_area_where_there_is_one():
    rows = [StepRow(timesteps=t, auc=a, mse=1 / t) for t, a in ((8, 0.9), (16, 0.95), (24, 0.955))]
    found = knee(rows, {"auc": 0.96, "mse": 0.01})
    assert (found.metric, found.timesteps) == ("auc", 16)
    rows = [StepRow(timesteps=t, auc=None, mse=1 / t) for t in (8, 16, 24)]
    assert (knee(rows, {"auc": None, "mse": 0.05}).metric, knee(rows, {}).timesteps) == ("mse", 24)


def test_a_few_rows_end_with_the_last():
    rows = [StepRow(timesteps=t) for t in range(4, 132, 4)]
    assert [row.timesteps for row in spread(rows)] == [16, 32, 48, 64, 80, 96, 112, 128]
    assert spread(rows[:3]) == rows[:3]
    assert len(spread(rows[:9])) <= 8


# Stopping settled images


def test_classes_settle_by_lead_times_window_once_the_spikes_have_come():
    outputs = np.array([[5.0, 0, 0], [1, 4, 0], [1, 6, 2.5]], np.float32)  # (checkpoints, classes)
    windows = [(2, 4), (4, 8), (6, 12)]
    np.testing.assert_allclose(settled("classification", "linear", outputs, windows, 3), [10, 12, 21])
    np.testing.assert_allclose(settled("classification", "linear", outputs, windows, 4), [-np.inf, 12, 21])


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_probabilities_settle_as_their_logits_do(activation):
    logit = np.array([[2.0], [-3.0]])
    windows = [(0, 2), (0, 4)]
    if activation == "sigmoid":
        outputs = 1 / (1 + np.exp(-logit))
    else:
        both = np.concatenate([np.zeros_like(logit), logit], axis=1)
        outputs = np.exp(both) / np.exp(both).sum(axis=1, keepdims=True)
    found = settled("classification", activation, outputs.astype(np.float32), windows, 0)
    np.testing.assert_allclose(found, [4, 12], rtol=1e-5)


def test_pixels_settle_by_the_share_that_stays():
    outputs = np.zeros((4, 2, 2, 1), np.float32)
    outputs[2:, 0, 0] = 1
    windows = [(0, 4), (4, 8), (8, 12), (12, 16)]
    found = settled("segmentation", "sigmoid", outputs, windows, 4)
    np.testing.assert_allclose(found, [-np.inf, -np.inf, 0.75, 1])  # unchanged before the spikes came is not settled


def test_numbers_settle_as_their_change_gets_small():
    outputs = np.array([[3.0, 4], [3, 4], [0, 5], [0, 5]], np.float32)
    windows = [(0, 4), (4, 8), (8, 12), (12, 16)]
    for task in ("regression", "anomaly"):
        found = settled(task, "linear", outputs, windows, 4)
        np.testing.assert_allclose(found, [-np.inf, -np.inf, 1 - np.sqrt(10) / 5, 1], rtol=1e-6)


def own_of(task, labels, outputs):
    """What each image brings of its own, (images, readout steps, ...); ``outputs`` are (readout steps, images, ...)."""
    return np.array([[merit_of(task, o, label).own for o in outputs[:, i]] for i, label in enumerate(labels)])


def test_what_is_measured_of_some_images_at_their_steps():
    outputs = np.array([[[1.0], [5], [2]], [[1], [2], [3]]], np.float32)
    errors = metric_at("regression", own_of("regression", [np.float32([0]), np.float32([2]), np.float32([3])], outputs))
    assert errors(np.array([0, 1, 2]), np.array([0, 1, 0])) == pytest.approx(2 / 3)
    marks = [Marked(np.float32([value]), odd) for value, odd in ((1, False), (2, True), (3, False))]
    area = metric_at("anomaly", own_of("anomaly", marks, outputs))
    assert area(np.array([0, 1, 2]), np.array([0, 0, 0])) == 1
    assert area(np.array([0, 1, 2]), np.array([0, 1, 0])) == 0.25
    assert area(np.array([0, 2]), np.array([0, 0])) is None


def test_a_threshold_for_errors_is_one_that_keeps_them_low():
    each = np.array([[9.0, 1, 1], [9, 9, 1], [9, 1, 1], [9, 9, 1]])
    values = np.array([[0.1, 0.8, 0.9], [0.5, 0.6, 0.9], [0.2, 0.8, 0.9], [0.5, 0.6, 0.9]])
    seen = Observed(np.array([8, 16, 24]), "mse", values, mean_of(each), lambda images, at: EventMeans())
    found = held_out(seen, None)
    assert 0.2 < found.threshold <= 0.8
    assert (found.chosen_on, found.all_steps) == (2, 1.0)
    assert found.mse == 9.0  # the images left stop too early by it


def test_images_of_one_kind_choose_no_threshold():
    seen = Observed(np.array([8, 16]), "auc", np.ones((4, 2)), lambda images, at: None, lambda images, at: EventMeans())
    assert held_out(seen, None) is None
    assert held_out(seen, 0.5).auc is None


def test_right_answers():
    outputs = np.array([[[0, 1, 0], [0, 1, 0]], [[1, 0, 0], [3, 1, 0]]], np.float32)
    np.testing.assert_array_equal(own_of("classification", [1, 0], outputs)[..., 0], [[1, 0], [0, 1]])


def test_images_stop_where_they_are_settled_first_or_at_the_end():
    values = np.array([[1.0, 5, 2], [-np.inf, 1, 1], [9, 9, 9]])
    assert stopped(values, 2).tolist() == [1, 2, 0]
    assert stopped(values, 0).tolist() == [0, 1, 0]
    assert stopped(values, 100).tolist() == [2, 2, 2]
    assert values[1, 2] == 1


def observed(settled, correct, counts=lambda images, at: EventMeans()):
    settled = np.array(settled, float)
    return Observed(np.array([8, 16, 24]), "accuracy", settled, mean_of(np.array(correct, float)), counts)


def counts_seen(images, at):
    """Images and their steps, in the digits of a number."""
    return EventMeans(spikes=float("".join(str(n) for n in (*images, *at))))


def test_a_point_has_mean_steps_metric_and_counts():
    seen = observed([[1, 5, 5], [0, 0, 9]], [[0, 1, 1], [0, 0, 1]], counts_seen)
    found = point(seen, seen.images, 4.0)
    assert (found.threshold, found.timesteps, found.accuracy, found.spikes) == (4.0, 20.0, 1.0, 112.0)
    assert point(seen, seen.images, 0.0).timesteps == 8
    steps = [row.timesteps for row in curve(seen, seen.images)]
    assert steps == sorted(steps)
    assert steps[0] == 8


def test_the_threshold_is_chosen_on_images_that_are_not_reported():
    # images 0 and 2 need a threshold of 5 to be right; 1 and 3 are wrong unless they run to the end
    seen = observed([[1, 5, 6], [6, 6, 6], [2, 5, 7], [6, 6, 6]], [[0, 1, 1], [0, 0, 1], [0, 1, 1], [0, 0, 1]])
    found = held_out(seen, None)
    assert (found.images, found.chosen_on) == (2, 2)
    assert (found.timesteps, found.accuracy, found.all_steps) == (8, 0, 1)
    assert 2 < found.threshold <= 5
    given = held_out(seen, 5.5)
    assert (given.images, given.chosen_on, given.threshold) == (4, 0, 5.5)
    assert given.accuracy == 0.5
    assert held_out(observed([[1, 2, 3]], [[1, 1, 1]]), None) is None


def test_images_that_go_on_are_not_stopped(tiny):
    with pytest.raises(UserError, match="leave out one of them"):
        run(tiny / "tiny.bundle", tiny / "data.npz", RunOptions(continuous=True, early=1.0))


# Layers


def test_a_layer_has_settled_once_its_rate_stays():
    steps = [4, 8, 12, 16, 20, 24]
    assert settled_step(steps, np.array([0, 0, 30, 70, 110, 150])) == 12
    assert settled_step(steps, np.array([0, 0, 39, 79, 119, 159])) == 8
    assert settled_step(steps, np.cumsum([5] * 6)) == 0
    assert settled_step(steps, np.zeros(6, int)) is None
    assert settled_step(steps, np.array([0, 10, 20, 30, 40, 90])) is None


def test_the_last_layers_drive_arrives_after_its_depth_and_its_bias(job):
    network = job.network
    deepest = max(network.depth().values())
    starts = [p.onset_step for p in network.populations if not p.on_chip]
    assert network.depth()[INPUT] == 0
    assert last_arrival_step(network) >= deepest
    assert last_arrival_step(network) > max(starts)
