"""How good outputs are, by labels that are decoded once for a whole run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convert.data.dataset import Dataset
from convert.data.metrics import classification_metrics, segmentation_metrics
from convert.data.validation import ClassMap
from convert.report import Metrics, Task
from deploy.arrays import Float32

Labels = Sequence[int | ClassMap]
"""The class of each image, or of each of its pixels."""


def labels_of(dataset: Dataset) -> Labels:
    """The labels of all images, decoded."""
    return [dataset.label(i) for i in range(len(dataset))]


def score(task: Task, outputs: Sequence[Float32] | Float32, labels: Labels) -> Metrics:
    """Metrics of the outputs of all images: accuracy, or the segmentation metrics."""
    if task == "classification":
        return classification_metrics(np.stack(list(outputs)), np.asarray(labels))
    return segmentation_metrics(list(outputs), [np.asarray(label) for label in labels])
