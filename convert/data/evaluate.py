"""Any predictor on a dataset: images cut to the model's input, outputs stitched, scored against the labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, Shape, forward
from convert.report import Metrics, OutputGrid, Task

from .crops import crop_positions, cut, stitch
from .dataset import Dataset
from .labels import ClassMap, Label, Marked, numbers_of
from .metrics import Merit, class_merit, map_merit, map_metrics, mark_metrics, number_merit, number_metrics, summed
from .output_grid import Size, corners, mirrored, on_grid, output_size, overlap_of

Outputs = NDArray[np.float32]
Predictor = Callable[[NDArray[np.float32]], Outputs]
"""Images (n, rows, columns, channels) as a batch of the model's input -> its outputs (n, ...)."""

BATCH = 32
"""Inputs that a predictor is given at once."""


@dataclass(frozen=True)
class Crops:
    """One dataset image as the inputs whose outputs cover it: ``inputs`` (crops, rows, columns, channels).

    ``positions`` are the outputs' top left corners in that of the whole image, which has ``size``.
    """

    inputs: NDArray[np.float32]
    positions: Sequence[Size]
    size: Size

    def join(self, outputs: Outputs) -> Outputs:
        """The crops' outputs as the output of the whole image; a single crop's is itself."""
        return outputs[0] if len(self.positions) == 1 else stitch(outputs, self.positions, self.size)


def crops_of(dataset: Dataset, i: int, input_shape: Shape, overlap: int | None = None) -> Crops:
    """Image or recording ``i`` as inputs of the model; images of another size are cut so that outputs overlap by
    ``overlap`` pixels (inputs by an eighth) and mirrored where inputs reach beyond them."""
    image, crop = dataset.image(i), input_shape[:2]
    if image.ndim > 3:  # a recording: events in steps
        return Crops(image[None], [(0, 0)], crop)
    grid = dataset.grid or OutputGrid(input_size=crop, size=crop)
    size = output_size(grid, image.shape[:2])
    if image.shape[:2] == crop:
        return Crops(image[None], [(0, 0)], size)
    positions = crop_positions(size, grid.size, overlap_of(grid) if overlap is None else overlap)
    seen, (top, left) = mirrored(image, grid)
    inputs = [(row + top, column + left) for row, column in corners(grid, positions)]
    return Crops(cut(seen, inputs, crop), positions, size)


def targets(dataset: Dataset) -> Iterator[Label]:
    """The labels of all images, decoded when they are asked for, where the output has pixels."""
    return (target_of(dataset, i) for i in range(len(dataset)))


def target_of(dataset: Dataset, i: int) -> Label:
    """The label of image ``i`` where the output has pixels; one that has the output's size is taken as it is."""
    label = dataset.label(i)
    if not isinstance(label, np.ndarray) or dataset.grid is None or dataset.grid.is_whole:
        return label
    if label.shape != dataset.image(i).shape[:2]:
        return label
    return on_grid(dataset.grid, cast("ClassMap", label))


def score(task: Task, outputs: Iterable[Outputs], labels: Iterable[Label]) -> Metrics:
    """Metrics of the outputs of images, by their task: the main one first. One image is held at a time."""
    merits = (merit_of(task, output, label) for output, label in zip(outputs, labels, strict=True))
    return metrics_of(task, *summed(merits))


def merit_of(task: Task, output: Outputs, label: Label) -> Merit:
    """What one image brings to the metrics of its task."""
    if task == "classification":
        return class_merit(output, int(np.asarray(label).reshape(())))
    if task == "segmentation":
        return map_merit(output, np.asarray(label))
    marks = (label.anomaly,) if isinstance(label, Marked) and task == "anomaly" else ()
    return number_merit(output, numbers_of(label), *marks)


def metrics_of(task: Task, pooled: NDArray[np.int64], own: NDArray[np.float64]) -> Metrics:
    """The metrics of images that bring these numbers, ``pooled`` added and ``own`` (images, ...): see ``Merit``."""
    if task == "segmentation":
        return map_metrics(pooled, own)
    if task == "anomaly":
        return mark_metrics(own[:, 0], own[:, 1].astype(bool))
    return number_metrics(own) if task == "regression" else {"accuracy": float(np.mean(own[:, 0]))}


def predict(
    predictor: Predictor, dataset: Dataset, indices: Sequence[int], input_shape: Shape, batch: int = BATCH
) -> Iterator[Outputs]:
    """The predictor's output for each image, in order, ``batch`` inputs at a time."""
    if dataset.task != "segmentation":
        for start in range(0, len(indices), batch):
            yield from predictor(np.stack([dataset.image(i) for i in indices[start : start + batch]]))
        return
    for i in indices:
        crops = crops_of(dataset, i, input_shape)
        parts = [predictor(crops.inputs[s : s + batch]) for s in range(0, len(crops.inputs), batch)]
        yield crops.join(np.concatenate(parts))


def rate_predictor(network: Network) -> Predictor:
    """The first readout of ``network`` with rates instead of spikes."""

    def predictor(images: NDArray[np.float32]) -> Outputs:
        return np.asarray(forward.outputs(network, np.asarray(images, np.float32))[0], np.float32)

    return predictor
