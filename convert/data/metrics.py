"""How good class scores, segmentations, numbers and marks of anomalies are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from convert.upstream.types import Values

MEMBRANE = 0
CELL = 1


@dataclass(frozen=True)
class Merit:
    """What one image brings to its metrics: ``pooled`` numbers are added over images, ``own`` ones are kept for each.

    ``own[0]`` is the image's share of right answers, or its mean squared error.
    """

    pooled: NDArray[np.int64]
    own: NDArray[np.float64]


def class_merit(scores: Values, label: int) -> Merit:
    """Of the ``scores`` of an image of class ``label``; a single one is the probability of class 1."""
    flat = np.reshape(scores, -1)
    found = int(flat[0] >= 0.5) if len(flat) == 1 else int(flat.argmax())
    return Merit(NOTHING, np.array([found == label], np.float64))


def map_merit(probabilities: Values, label: Values) -> Merit:
    """Of a class map of shape (h, w), (h, w, 1) or (h, w, classes): pixels by (label, prediction), flat; of its own the
    share that is right, and of two classes the adapted Rand error and the variation of information (NaN: the label has
    no cell)."""
    found = class_map(probabilities)
    truth = np.asarray(label).reshape(found.shape)
    classes = max(2, probabilities.shape[2] if probabilities.ndim == 3 else 1)
    pairs = truth.reshape(-1).astype(np.int64) * classes + found.reshape(-1)
    counts = np.bincount(pairs, minlength=classes * classes)
    right = float(np.mean(found == truth))
    return Merit(counts, np.array([right, *(_of_components(found, truth) if classes == 2 else ())]))


def number_merit(output: Values, wanted: Values, *marks: bool) -> Merit:
    """Of numbers that were ``wanted``: the mean squared difference, and ``marks`` of an anomaly, or of an image, shape
    (rows, columns, channels), its largest value."""
    error = np.mean((np.ravel(output).astype(np.float64) - np.ravel(wanted)) ** 2)
    largest = [float(np.max(wanted))] if not marks and _is_image(np.shape(wanted)) else []
    return Merit(NOTHING, np.array([error, *marks, *largest], np.float64))


def _is_image(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and min(shape[:2]) > 1


def number_metrics(own: NDArray[np.float64]) -> dict[str, float]:
    """Metrics of numbers, from what ``number_merit`` gives for each of them, shape (images, ...).

    - ``mse``: the mean squared error;
    - ``psnr`` of images: 10 log10(peak^2 / mse) dB, the mean over images; the peak is 1, 255 or 65,535, whichever is
      the first that no label exceeds, else the largest of all.
    """
    found = {"mse": float(np.mean(own[:, 0]))}
    if own.shape[1] == 1:
        return found
    largest = float(own[:, 1].max())
    peak = next((p for p in PEAKS if largest <= p), largest)
    of_images = 10 * np.log10(peak**2 / np.maximum(own[:, 0], LEAST_ERROR * peak**2))
    return {**found, "psnr": float(np.mean(of_images))}


PEAKS = (1.0, 255.0, 65535.0)
"""What white may be."""

LEAST_ERROR = 1e-10
"""Of the peak's square: what is nearer counts as 100 dB."""


NOTHING: NDArray[np.int64] = np.zeros(0, np.int64)


def summed(merits: Iterable[Merit]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The pooled numbers of all images added, and each image's own, shape (images, ...)."""
    pooled = NOTHING
    own: list[NDArray[np.float64]] = []
    for merit in merits:
        pooled = merit.pooled + (pooled if own else 0)
        own.append(merit.own)
    return pooled, np.stack(own)


def map_metrics(pooled: NDArray[np.int64], own: NDArray[np.float64]) -> dict[str, float]:
    """Metrics of class maps, from what ``map_merit`` gives for each image, ``pooled`` added.

    - ``pixel_accuracy``, ``iou`` and ``f1`` pool the pixels of all images. With two classes they are the IoU and F1 of
      class 0, the membrane in EM data; with more, the mean over the classes that occur.
    - ``adapted_rand_error`` and ``variation_of_information`` (bits), two classes only, compare the connected components
      (4 neighbours) of class 1, the cells, image by image as 2-D segmentations; pixels that are membrane in the label
      do not count; the mean over images, NaN if no label has a cell. Adapted Rand error is 1 - F1 of the Rand precision
      and recall, as in the ISBI 2012 challenge, at the threshold 0.5 and without its border thinning.
      Source: Arganda-Carreras et al. 2015; Meila 2007; scikit-image's implementation.
    """
    classes = isqrt(len(pooled))
    counts = pooled.reshape(classes, classes)
    hits = np.diag(counts)
    union = counts.sum(axis=0) + counts.sum(axis=1) - hits
    occurring = union > 0
    iou = _ratio(hits, union)
    f1 = _ratio(2 * hits, union + hits)
    result = {"pixel_accuracy": float(hits.sum() / counts.sum())}
    if classes > 2:
        return {**result, "iou": float(iou[occurring].mean()), "f1": float(f1[occurring].mean())}
    with_cells = own[~np.isnan(own[:, 1])][:, 1:]
    rand, information = with_cells.T.tolist() if len(with_cells) else ([np.nan], [np.nan])
    return {
        **result,
        "iou": float(iou[MEMBRANE]),
        "f1": float(f1[MEMBRANE]),
        "adapted_rand_error": float(np.mean(rand)),
        "variation_of_information": float(np.mean(information)),
    }


def mark_metrics(scores: NDArray[np.float64], marks: NDArray[np.bool_]) -> dict[str, float | None]:
    """Metrics of a model that gives its input again; its mean squared error is an image's score, shape (images,).

    - ``auc``: how likely an anomaly scores higher than a normal image, ties as halves; None if all are of one kind.
    - ``mse``: that of the normal images, or of all if there are none.
    """
    normal = scores[~marks] if not marks.all() else scores
    return {"auc": area_under_curve(scores, marks), "mse": float(np.mean(normal))}


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


def _ratio(above: Values, below: Values) -> NDArray[np.float64]:
    """0 / 0 is 1: what neither has is agreed on."""
    return np.where(below > 0, above / np.maximum(below, 1), 1.0)


def _of_components(found: Values, truth: Values) -> tuple[float, float]:
    """Adapted Rand error and variation of information of one map's cells; NaN where the label has none."""
    from skimage.measure import label as components
    from skimage.metrics import adapted_rand_error, variation_of_information

    if not (truth == CELL).any():
        return float("nan"), float("nan")
    cells = [components(np.asarray(array == CELL), connectivity=1) for array in (truth, found)]
    rand = float(adapted_rand_error(*cells, ignore_labels=(0,))[0])
    return rand, float(np.sum(variation_of_information(*cells, ignore_labels=(0,))))
