"""Metrics against examples computed by hand."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from convert.data.metrics import class_map, classification_metrics, segmentation_metrics


def test_accuracy() -> None:
    scores = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert classification_metrics(scores, np.array([1, 0, 0, 0])) == {"accuracy": 0.75}
    assert classification_metrics(np.array([[0.6], [0.2]]), np.array([1, 1])) == {"accuracy": 0.5}


def test_membrane_iou_and_f1_are_pooled_over_images() -> None:
    # Image 1: label membrane 2 pixels, found 1 of them; image 2: label membrane 1, found it and 1 cell pixel more.
    labels = np.array([[[0, 0, 1, 1]], [[0, 1, 1, 1]]])
    probabilities = np.array([[[0.1, 0.9, 0.9, 0.9]], [[0.1, 0.1, 0.9, 0.9]]])
    result = segmentation_metrics(probabilities, labels)
    assert result["pixel_accuracy"] == pytest.approx(6 / 8)
    assert result["iou"] == pytest.approx(2 / 4)
    assert result["f1"] == pytest.approx(4 / 6)


def test_perfect_segmentation() -> None:
    label = np.array([[1, 0, 1], [1, 0, 1]])
    result = segmentation_metrics(label[None].astype(float), label[None])
    assert result == pytest.approx(
        {"pixel_accuracy": 1, "iou": 1, "f1": 1, "adapted_rand_error": 0, "variation_of_information": 0}
    )


def test_a_merge_error_in_rand_and_information() -> None:
    # Two cells of 2 pixels, joined by the prediction (membrane missed). Over the 4 cell pixels: one predicted component
    # of 4, two true of 2. Ordered pairs of pixels together in both: 2 + 2; in the prediction 12: precision 4 / 12,
    # recall 1, F1 1/2. Information: 1 bit lost by the merge.
    label = np.array([[1, 1, 0, 1, 1]])
    result = segmentation_metrics([np.ones((1, 5))], [label])
    assert result["adapted_rand_error"] == pytest.approx(1 / 2)
    assert result["variation_of_information"] == pytest.approx(1.0)


def test_a_split_error_in_rand() -> None:
    label = np.ones((2, 4), int)
    predicted = np.array([[1, 0, 0, 1], [1, 0, 0, 1]], float)
    result = segmentation_metrics([predicted], [label])
    # Predicted components of 2, 2 and (background) 4 within one true cell of 8: recall (2 + 2 + 12) / 56, precision 1.
    recall = 16 / 56
    assert result["adapted_rand_error"] == pytest.approx(1 - 2 * recall / (1 + recall))
    assert result["variation_of_information"] == pytest.approx(1.5)


def test_no_cell_in_the_labels_is_not_a_number() -> None:
    assert isnan(segmentation_metrics([np.zeros((2, 2))], [np.zeros((2, 2), int)])["adapted_rand_error"])


def test_more_classes_give_means_over_the_classes_that_occur() -> None:
    labels = np.array([[0, 0, 1, 1]])
    scores = np.eye(4)[np.array([[0, 1, 1, 1]])]
    result = segmentation_metrics([scores], [labels])
    assert result == pytest.approx({"pixel_accuracy": 3 / 4, "iou": (1 / 2 + 2 / 3) / 2, "f1": (2 / 3 + 4 / 5) / 2})


def test_class_map_of_one_channel_and_two() -> None:
    np.testing.assert_array_equal(class_map(np.array([[0.4, 0.5]])), [[0, 1]])
    np.testing.assert_array_equal(class_map(np.array([[[0.4], [0.6]]])), [[0, 1]])
    np.testing.assert_array_equal(class_map(np.array([[[0.4, 0.6], [0.6, 0.4]]])), [[1, 0]])


def test_images_of_different_sizes() -> None:
    result = segmentation_metrics([np.ones((2, 2)), np.ones((3, 3))], [np.ones((2, 2), int), np.ones((3, 3), int)])
    assert result["pixel_accuracy"] == 1
