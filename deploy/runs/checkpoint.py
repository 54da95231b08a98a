"""Finished images of an unfinished run, one file each, so that a killed run can go on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from convert.bundle import NETWORK, PARTITION
from convert.data.dataset import Dataset
from convert.data.labels import Labels
from convert.storage.atomic import whole_file
from convert.storage.damage import DAMAGED
from deploy.arrays import Float32, Int64
from deploy.events.counts import LayerCounts


@dataclass(frozen=True)
class ImageResult:
    """One dataset image: outputs (readout steps, ...) and the counts summed over its crops.

    ``until`` has the events before each readout, shape (readout steps, layers, EVENTS); empty if not counted.
    """

    outputs: Float32
    layers: dict[str, LayerCounts]
    crops: int
    until: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class RunCheckpoint:
    """The finished images of an unfinished run, in ``folder``."""

    folder: Path

    def has(self, i: int) -> bool:
        """Whether image ``i`` is done, and what was written of it can be read."""
        try:
            self.read(i)
        except DAMAGED:
            return False
        return True

    def write(self, i: int, result: ImageResult) -> None:
        layers = json.dumps({name: asdict(counts) for name, counts in result.layers.items()})
        with whole_file(self.folder / f"{i}.npz") as beside:
            np.savez(beside, outputs=result.outputs, layers=layers, crops=result.crops, until=result.until)

    def read(self, i: int) -> ImageResult:
        with np.load(self.folder / f"{i}.npz") as data:
            layers = {name: LayerCounts(**row) for name, row in json.loads(str(data["layers"])).items()}
            return ImageResult(data["outputs"], layers, int(data["crops"]), data["until"])


def signature(bundle: Path, dataset: Dataset, labels: Labels, options: Mapping[str, str | int | float | None]) -> str:
    """What a run depends on: the network, its partition, the images and labels themselves, and the options."""
    digest = hashlib.sha256((bundle / NETWORK).read_bytes())
    digest.update((bundle / PARTITION).read_bytes())
    digest.update(json.dumps([dict(options), dataset.digest(labels)]).encode())
    return digest.hexdigest()
