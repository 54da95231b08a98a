"""The images of the training data that conversion looks at."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import count, islice

import numpy as np
from numpy.typing import NDArray

from convert.data.dataset import Dataset
from convert.data.evaluate import Predictor, crops_of, predict, score, target_of
from convert.errors import UserError
from convert.network import Shape
from convert.options import Options
from convert.report import MeasuredOn, Metrics

HELD_OUT = 8
"""The spread of rates is measured on inputs that set no scale if there are at least so many, else on those that do."""


class Sample:
    """The images that are looked at: for metrics, for percentiles and for gains, always the same for a seed."""

    def __init__(self, dataset: Dataset, shape: Shape, options: Options) -> None:
        if len(dataset) == 0:
            raise UserError("the data holds no images; at least one is needed to measure firing rates")
        self.dataset = dataset.shuffled(options.seed)
        self.shape = shape
        self.options = options
        count = max(1, options.metric_images // (64 if dataset.task == "segmentation" else 1))
        self.scored = list(range(min(count, len(dataset))))

    def metrics(self, predictor: Predictor) -> Metrics:
        outputs = predict(predictor, self.dataset, self.scored, self.shape)
        return score(self.dataset.task, outputs, (target_of(self.dataset, i) for i in self.scored))

    @property
    def wanted(self) -> int:
        """How many inputs calibration looks at."""
        wanted = self.options.calibration_images
        return wanted if self.dataset.task == "segmentation" else min(wanted, len(self.dataset))

    @cached_property
    def calibration(self) -> NDArray[np.float32]:
        """The inputs that set the scales, weights and gains."""
        return np.stack([values for _, values in islice(self._inputs(), self.options.calibration_images)])

    @cached_property
    def held_out(self) -> NDArray[np.float32] | None:
        """As many inputs that are not among ``calibration``, or what there is of them; None below ``HELD_OUT``."""
        inputs, wanted = self._inputs(), self.options.calibration_images
        used = {place for place, _ in islice(inputs, wanted)}
        found: dict[tuple[int, int], NDArray[np.float32]] = {}
        for place, values in islice(inputs, 2 * wanted):
            if len(found) == wanted:
                break
            if place not in used:
                found[place] = values
        return np.stack(list(found.values())) if len(found) >= min(HELD_OUT, wanted) else None

    def described(self) -> MeasuredOn:
        """On which inputs the spread of rates is measured."""
        whole = self.dataset.image(0).shape[:2] == self.shape[:2]
        return MeasuredOn(
            count=len(self.calibration if self.held_out is None else self.held_out),
            of="images" if whole else "crops",
            held_out_from_calibration=self.held_out is not None,
        )

    def _inputs(self) -> Iterator[tuple[tuple[int, int], NDArray[np.float32]]]:
        """Inputs of the model's shape with their image and crop: every image once, or a random crop of each in turn,
        without end."""
        rng = np.random.default_rng(self.options.seed)
        for k in count() if self.dataset.task == "segmentation" else range(len(self.dataset)):
            image = k % len(self.dataset)
            crops = crops_of(self.dataset, image, self.shape).inputs
            crop = int(rng.integers(len(crops)))
            yield (image, crop), crops[crop]
