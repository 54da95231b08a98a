"""Metrics against examples computed by hand."""

from __future__ import annotations

from math import isnan
from typing import get_args

import numpy as np
import pytest

from convert.data.evaluate import score
from convert.data.labels import Marked
from convert.data.metric_registry import MAIN_METRIC, METRICS, MetricName, chosen_by, heading, task_measured_by
from convert.data.metrics import class_map
from convert.report import Task


def test_accuracy() -> None:
    scores = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert score("classification", scores, [1, 0, 0, 0]) == {"accuracy": 0.75}
    assert score("classification", np.array([[0.6], [0.2]]), [1, 1]) == {"accuracy": 0.5}


def test_membrane_iou_and_f1_are_pooled_over_images() -> None:
    # Image 1: label membrane 2 pixels, found 1 of them; image 2: label membrane 1, found it and 1 cell pixel more.
    labels = np.array([[[0, 0, 1, 1]], [[0, 1, 1, 1]]])
    probabilities = np.array([[[0.1, 0.9, 0.9, 0.9]], [[0.1, 0.1, 0.9, 0.9]]])
    result = score("segmentation", probabilities, labels)
    assert result["pixel_accuracy"] == pytest.approx(6 / 8)
    assert result["iou"] == pytest.approx(2 / 4)
    assert result["f1"] == pytest.approx(4 / 6)


def test_perfect_segmentation() -> None:
    label = np.array([[1, 0, 1], [1, 0, 1]])
    result = score("segmentation", label[None].astype(float), label[None])
    assert result == pytest.approx(
        {"pixel_accuracy": 1, "iou": 1, "f1": 1, "adapted_rand_error": 0, "variation_of_information": 0}
    )


def test_a_merge_error_in_rand_and_information() -> None:
    # Two cells of 2 pixels, joined by the prediction (membrane missed). Over the 4 cell pixels: one predicted component
    # of 4, two true of 2. Ordered pairs of pixels together in both: 2 + 2; in the prediction 12: precision 4 / 12,
    # recall 1, F1 1/2. Information: 1 bit lost by the merge.
    label = np.array([[1, 1, 0, 1, 1]])
    result = score("segmentation", [np.ones((1, 5))], [label])
    assert result["adapted_rand_error"] == pytest.approx(1 / 2)
    assert result["variation_of_information"] == pytest.approx(1.0)


def test_a_split_error_in_rand() -> None:
    label = np.ones((2, 4), int)
    predicted = np.array([[1, 0, 0, 1], [1, 0, 0, 1]], float)
    result = score("segmentation", [predicted], [label])
    # Predicted components of 2, 2 and (background) 4 within one true cell of 8: recall (2 + 2 + 12) / 56, precision 1.
    recall = 16 / 56
    assert result["adapted_rand_error"] == pytest.approx(1 - 2 * recall / (1 + recall))
    assert result["variation_of_information"] == pytest.approx(1.5)


def test_no_cell_in_the_labels_is_not_a_number() -> None:
    assert isnan(score("segmentation", [np.zeros((2, 2))], [np.zeros((2, 2), int)])["adapted_rand_error"])


def test_more_classes_give_means_over_the_classes_that_occur() -> None:
    labels = np.array([[0, 0, 1, 1]])
    scores = np.eye(4)[np.array([[0, 1, 1, 1]])]
    result = score("segmentation", [scores], [labels])
    assert result == pytest.approx({"pixel_accuracy": 3 / 4, "iou": (1 / 2 + 2 / 3) / 2, "f1": (2 / 3 + 4 / 5) / 2})


def test_class_map_of_one_channel_and_two() -> None:
    np.testing.assert_array_equal(class_map(np.array([[0.4, 0.5]])), [[0, 1]])
    np.testing.assert_array_equal(class_map(np.array([[[0.4], [0.6]]])), [[0, 1]])
    np.testing.assert_array_equal(class_map(np.array([[[0.4, 0.6], [0.6, 0.4]]])), [[1, 0]])


def test_images_of_different_sizes() -> None:
    result = score("segmentation", [np.ones((2, 2)), np.ones((3, 3))], [np.ones((2, 2), int), np.ones((3, 3), int)])
    assert result["pixel_accuracy"] == 1


def test_the_mean_squared_error_is_over_all_numbers() -> None:
    outputs = [np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[1.0, 1.0], [1.0, 1.0]])]
    wanted = [np.array([0.0, 1.0, 2.0, 5.0]), np.array([1.0, 1.0, 1.0, 0.0])]  # in a row
    assert score("regression", outputs, wanted) == {"mse": pytest.approx(5 / 8)}
    assert [score("regression", [o], [w])["mse"] for o, w in zip(outputs, wanted, strict=True)] == [1, 0.25]


def test_anomalies_score_higher_and_ties_count_half() -> None:
    # errors 0, 1, 1 (normal), 1, 4 (anomalies): of 6 pairs the 4 beats three, the 1 beats one and ties with two
    errors = np.array([0.0, 1, 1, 1, 4])
    labels = [Marked(np.zeros(1), anomaly) for anomaly in (False, False, False, True, True)]
    found = score("anomaly", np.sqrt(errors)[:, None], labels)
    assert found == {"auc": pytest.approx(5 / 6), "mse": pytest.approx(2 / 3)}


def test_without_anomalies_there_is_no_area() -> None:
    for marks in ([False, False], [True, True]):
        found = score("anomaly", np.ones((2, 3)), [Marked(np.zeros(3), anomaly) for anomaly in marks])
        assert found == {"auc": None, "mse": 1.0}


def test_a_metric_knows_its_direction() -> None:
    accuracy, error = METRICS["accuracy"], METRICS["mse"]
    assert accuracy.reaches(0.84, 0.9, 0.06)
    assert not accuracy.reaches(0.83, 0.9, 0.06)
    assert error.reaches(1.05e-4, 1e-4, 0.05)
    assert not error.reaches(1.06e-4, 1e-4, 0.05)
    assert error.reaches(0.5e-4, 1e-4, 0.0)
    assert (accuracy.best([0.1, 0.3]), error.best([0.1, 0.3])) == (0.3, 0.1)
    assert [accuracy.text(0.12345), error.text(1.2345e-5), error.text(None)] == ["0.123", "1.23e-05", "–"]
    assert [accuracy.of(0.01), accuracy.of(0.005), error.of(0.05)] == ["1 point", "0.5 points", "5 %"]


def test_every_task_has_a_metric_by_which_steps_are_chosen() -> None:
    assert set(MAIN_METRIC) == set(get_args(Task))
    for task, name in MAIN_METRIC.items():
        assert METRICS[name].tolerance is not None
        assert task_measured_by(name) == task
    assert set(METRICS) == set(get_args(MetricName))
    assert chosen_by(["mse", "auc"]) == "auc"
    assert chosen_by(["iou"]) is None
    assert heading("pixel_accuracy") == "pixel accuracy"
    assert heading("mse").replace("\N{NO-BREAK SPACE}", " ") == "mse (lower is better)"
