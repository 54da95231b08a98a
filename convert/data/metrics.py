"""How good class scores, segmentations, numbers and marks of anomalies are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convert.upstream.types import Values

MEMBRANE = 0
CELL = 1


def classification_metrics(scores: Values, labels: Values) -> dict[str, float]:
    """``accuracy``: the share of images whose largest score, of shape (n, classes), is at the label.

    A single score, shape (n, 1) or (n,), is the probability of class 1.
    """
    scores, labels = np.asarray(scores), np.asarray(labels).reshape(-1)
    single = scores.ndim == 1 or scores.shape[1] == 1
    predicted = scores.reshape(-1) >= 0.5 if single else scores.argmax(axis=1)
    return {"accuracy": float(np.mean(predicted == labels))}


def segmentation_metrics(
    probabilities: Sequence[Values] | Values, labels: Sequence[Values] | Values
) -> dict[str, float]:
    """Metrics of n class maps; each image's probabilities have shape (h, w), (h, w, 1) or (h, w, classes).

    - ``pixel_accuracy``, ``iou`` and ``f1`` pool the pixels of all images. With two classes they are the IoU and F1 of
      class 0, the membrane in EM data; with more, the mean over the classes that occur.
    - ``adapted_rand_error`` and ``variation_of_information`` (bits), two classes only, compare the connected components
      (4 neighbours) of class 1, the cells, image by image as 2-D segmentations; pixels that are membrane in the label
      do not count; the mean over images, NaN if no label has a cell. Adapted Rand error is 1 - F1 of the Rand precision
      and recall, as in the ISBI 2012 challenge, at the threshold 0.5 and without its border thinning.
      Source: Arganda-Carreras et al. 2015; Meila 2007; scikit-image's implementation.
    """
    predicted = [class_map(p) for p in probabilities]
    truth = [np.asarray(label).reshape(p.shape) for p, label in zip(predicted, labels, strict=True)]
    channels = probabilities[0].shape[2] if probabilities[0].ndim == 3 else 1
    counts = _confusion(predicted, truth, max(2, channels))
    hits = np.diag(counts)
    union = counts.sum(axis=0) + counts.sum(axis=1) - hits
    occurring = union > 0
    iou = _ratio(hits, union)
    f1 = _ratio(2 * hits, union + hits)
    result = {"pixel_accuracy": float(hits.sum() / counts.sum())}
    if len(counts) > 2:
        return {**result, "iou": float(iou[occurring].mean()), "f1": float(f1[occurring].mean())}
    return {**result, "iou": float(iou[MEMBRANE]), "f1": float(f1[MEMBRANE]), **_component_metrics(predicted, truth)}


def regression_metrics(outputs: Sequence[Values] | Values, wanted: Sequence[Values] | Values) -> dict[str, float]:
    """``mse``: the mean squared difference from what was ``wanted``, over all numbers of all images."""
    return {"mse": float(np.mean(squared_errors(outputs, wanted)))}


def anomaly_metrics(
    outputs: Sequence[Values] | Values, wanted: Sequence[Values] | Values, anomalies: Sequence[bool]
) -> dict[str, float | None]:
    """Metrics of a model that gives its input again, ``wanted``; its mean squared error is an image's score.

    - ``auc``: how likely an anomaly scores higher than a normal image, ties as halves; None if all are of one kind.
    - ``mse``: that of the normal images, or of all if there are none.
    """
    scores, marks = squared_errors(outputs, wanted), np.asarray(anomalies, bool)
    normal = scores[~marks] if not marks.all() else scores
    return {"auc": area_under_curve(scores, marks), "mse": float(np.mean(normal))}


def squared_errors(outputs: Sequence[Values] | Values, wanted: Sequence[Values] | Values) -> NDArray[np.float64]:
    """The mean squared difference of each image, shape (images,)."""
    pairs = zip(outputs, wanted, strict=True)
    return np.array([np.mean((np.ravel(o).astype(np.float64) - np.ravel(w)) ** 2) for o, w in pairs])


def area_under_curve(scores: Values, marks: Values) -> float | None:
    """The area under the receiver's operating curve of ``scores`` for ``marks``, by ranks; None with one kind only."""
    from scipy.stats import mannwhitneyu

    positive, negative = scores[marks], scores[~marks]
    if not len(positive) or not len(negative):
        return None
    return float(mannwhitneyu(positive, negative).statistic / (len(positive) * len(negative)))


def class_map(probabilities: Values) -> NDArray[np.uint8]:
    """The most probable class of every pixel, shape (h, w)."""
    probabilities = np.asarray(probabilities)
    if probabilities.ndim == 2:
        return (probabilities >= 0.5).astype(np.uint8)
    if probabilities.shape[2] == 1:
        return (probabilities[:, :, 0] >= 0.5).astype(np.uint8)
    return np.asarray(probabilities.argmax(axis=2), np.uint8)


def _confusion(predicted: list[Values], truth: list[Values], classes: int) -> NDArray[np.int64]:
    """Pixels by (label, prediction)."""
    counts = np.zeros((classes, classes), np.int64)
    for p, t in zip(predicted, truth, strict=True):
        pairs = t.reshape(-1).astype(np.int64) * classes + p.reshape(-1)
        counts += np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return counts


def _ratio(above: Values, below: Values) -> NDArray[np.float64]:
    """0 / 0 is 1: what neither has is agreed on."""
    return np.where(below > 0, above / np.maximum(below, 1), 1.0)


def _component_metrics(predicted: list[Values], truth: list[Values]) -> dict[str, float]:
    from skimage.measure import label as components
    from skimage.metrics import adapted_rand_error, variation_of_information

    rand, information = [], []
    for p, t in zip(predicted, truth, strict=True):
        if not (t == CELL).any():
            continue
        cells = [components(np.asarray(array == CELL), connectivity=1) for array in (t, p)]
        rand.append(float(adapted_rand_error(*cells, ignore_labels=(0,))[0]))
        information.append(float(np.sum(variation_of_information(*cells, ignore_labels=(0,)))))
    return {
        "adapted_rand_error": float(np.mean(rand)) if rand else float("nan"),
        "variation_of_information": float(np.mean(information)) if information else float("nan"),
    }
