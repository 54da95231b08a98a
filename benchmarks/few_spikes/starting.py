"""A model as it is before it is trained as a wave: its network, its teacher, and images of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convert import Options
from convert.calibration.activity import RateScales, measure_rates
from convert.data.crops import batches_per_epoch, training_batches
from convert.data.dataset import Dataset, open_data
from convert.frontends.original import Images, Original
from convert.lowering.lower import lower
from convert.network import INPUT, Network, Neuron
from convert.network.rescale import with_scales
from convert.opening import opened
from convert.training.shifted import shifted
from convert.training.wave.training import BATCH
from convert.upstream.types import Values


@dataclass(frozen=True)
class Start:
    """A ``network`` that computes what ``original`` does, at the rates that some training ``images`` give, and the
    whole training data."""

    network: Network
    original: Original
    rates: RateScales
    images: Images
    dataset: Dataset

    @classmethod
    def read(cls, model: Path, data: Path, images: int) -> Start:
        options = Options()
        models = opened(model, options)
        dataset = open_data(data, input_shape=models.cut.shapes[INPUT], target_shape=models.output_shape)
        chosen = np.random.default_rng(0).permutation(len(dataset))[:images]
        some = np.stack([dataset.image(int(i)) for i in chosen])
        rates = measure_rates(
            models.cut.original,
            models.cut.segments,
            some,
            some,
            percentile=options.percentile,
            rates_hz=options.rates_hz,
            one_scale=options.one_scale,
        )
        network = lower(models.cut.segments, models.cut.shapes, lambda steps: None)
        network = with_scales(network, {p.name: rates.scale_hz[p.name] for p in network.populations})
        neuron = Neuron(floor=options.vmin)
        populations = tuple(replace(p, neuron=neuron) if p.on_chip else p for p in network.populations)
        network = network.with_(populations=populations)
        return cls(network, models.cut.original, rates, some, dataset)

    def batches(self, first: int) -> Iterator[tuple[Images, Values]]:
        """Images and classes from batch ``first`` on without end, mirrored and shifted, as ``convert-model`` has
        them."""
        crop = self.network.input.shape[:2]
        number, epoch = first, first // batches_per_epoch(self.dataset, BATCH, crop)
        first %= batches_per_epoch(self.dataset, BATCH, crop)
        while True:
            for images, labels in training_batches(self.dataset, BATCH, crop, epoch, first=first):
                yield shifted(images.astype(np.float32), np.random.default_rng((0, number))), labels
                number += 1
            epoch, first = epoch + 1, 0
