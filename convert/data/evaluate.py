"""Any predictor on a dataset: images cut to the model's input, outputs stitched, scored against the labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, Shape, forward
from convert.report import Metrics, OutputGrid, Task

from .crops import crop_positions, cut, stitch
from .dataset import Dataset
from .labels import ClassMap, Label, Labels, Marked, numbers_of
from .metrics import anomaly_metrics, classification_metrics, regression_metrics, segmentation_metrics
from .output_grid import Size, corners, mirrored, on_grid, output_size, overlap_of

Outputs = NDArray[np.float32]
Predictor = Callable[[NDArray[np.float32]], Outputs]
"""Images (n, rows, columns, channels) as a batch of the model's input -> its outputs (n, ...)."""


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
    """Image ``i`` as inputs of the model; others than of its size are cut so that outputs overlap by ``overlap`` pixels
    (inputs by an eighth) and mirrored where inputs reach beyond them."""
    image, crop = dataset.image(i), input_shape[:2]
    grid = dataset.grid or OutputGrid(input_size=crop, size=crop)
    size = output_size(grid, image.shape[:2])
    if image.shape[:2] == crop:
        return Crops(image[None], [(0, 0)], size)
    positions = crop_positions(size, grid.size, overlap_of(grid) if overlap is None else overlap)
    seen, (top, left) = mirrored(image, grid)
    inputs = [(row + top, column + left) for row, column in corners(grid, positions)]
    return Crops(cut(seen, inputs, crop), positions, size)


def labels_of(dataset: Dataset, indices: Sequence[int]) -> Labels:
    """The labels of the images at ``indices``, decoded, where the output has pixels."""
    return [target_of(dataset, i) for i in indices]


def target_of(dataset: Dataset, i: int) -> Label:
    """The label of image ``i`` where the output has pixels; one that has the output's size is taken as it is."""
    label = dataset.label(i)
    if not isinstance(label, np.ndarray) or dataset.grid is None or dataset.grid.is_whole:
        return label
    if label.shape != dataset.image(i).shape[:2]:
        return label
    return on_grid(dataset.grid, cast("ClassMap", label))


def score(task: Task, outputs: Sequence[Outputs] | Outputs, labels: Labels) -> Metrics:
    """Metrics of the outputs of images, by their task: the main one first."""
    if task == "classification":
        return classification_metrics(np.stack(list(outputs)), np.asarray(labels))
    if task == "regression":
        return regression_metrics(outputs, [numbers_of(label) for label in labels])
    if task == "anomaly":
        marked = [label for label in labels if isinstance(label, Marked)]
        return anomaly_metrics(outputs, [m.numbers for m in marked], [m.anomaly for m in marked])
    return segmentation_metrics(list(outputs), [np.asarray(label) for label in labels])


def predict(
    predictor: Predictor, dataset: Dataset, indices: Sequence[int], input_shape: Shape, batch: int = 32
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
