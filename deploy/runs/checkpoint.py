"""Finished images of an unfinished run, one file each, so that a killed run can go on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np

from convert.bundle import DECODER, NETWORK, PARTITION
from convert.data.dataset import Dataset
from convert.data.evaluate import targets
from convert.data.metric_registry import MetricName
from convert.storage.atomic import whole_file
from convert.storage.damage import DAMAGED
from deploy.arrays import Float32, Float64, Int64
from deploy.events.busiest import BUSIEST
from deploy.events.counts import EVENTS, LayerCounts

ORIGINAL = ".original.npy"
BOARD = ("seconds", "joules", "static joules", "dynamic joules")
"""What a board measures of an image."""


@dataclass(frozen=True)
class Judged:
    """What is left of an image's outputs at the readouts: how good they are, and how settled.

    ``pooled`` and ``own`` of each readout as in ``convert.data.metrics.Merit``, ``settled`` as in ``early_exit``.
    """

    pooled: Int64
    own: Float64
    settled: Float64


@dataclass(frozen=True)
class ImageResult:
    """One dataset image: its last ``output``, the counts summed over its crops, and what is ``judged`` of all readouts.

    ``until`` has the events before each readout, shape (readout steps, layers, EVENTS), ``busiest`` those of the
    busiest cores, shape (readout steps, PIPELINES, BUSIEST); empty if not counted. ``board`` has what was measured on a
    board, ``BOARD``, summed over the crops; empty elsewhere.
    """

    output: Float32
    layers: dict[str, LayerCounts]
    crops: int
    judged: Judged
    until: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    busiest: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    board: Float64 = field(default_factory=lambda: np.zeros(0))


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
            np.savez(
                beside,
                output=result.output,
                layers=layers,
                crops=result.crops,
                until=result.until,
                busiest=result.busiest,
                board=result.board,
                **asdict(result.judged),
            )

    def read(self, i: int) -> ImageResult:
        with np.load(self.folder / f"{i}.npz") as data:
            layers = {name: LayerCounts(**row) for name, row in json.loads(str(data["layers"])).items()}
            judged = Judged(data["pooled"], data["own"], data["settled"])
            counted = (data["until"], data["busiest"], data["board"])
            return ImageResult(data["output"], layers, int(data["crops"]), judged, *counted)

    def write_original(self, i: int, output: Float32) -> None:
        """Keeps what the model that was converted gives for image ``i``."""
        np.save(self.folder / f"{i}{ORIGINAL}", output)

    def has_originals(self, count: int) -> bool:
        """Whether the originals of ``count`` images are all there, and the last one, which was written last, whole."""
        try:
            self.original(count - 1)
        except DAMAGED:
            return False
        return all((self.folder / f"{i}{ORIGINAL}").exists() for i in range(count))

    def original(self, i: int) -> Float32:
        """What ``write_original`` kept."""
        return np.asarray(np.load(self.folder / f"{i}{ORIGINAL}"), np.float32)


def signature(bundle: Path, dataset: Dataset, options: Mapping[str, str | int | float | None]) -> str:
    """What a run depends on: the network, its partition, the images and labels, the options; what is counted."""
    digest = hashlib.sha256((bundle / NETWORK).read_bytes())
    digest.update((bundle / PARTITION).read_bytes())
    if (bundle / DECODER).is_file():
        digest.update((bundle / DECODER).read_bytes())
    counted = (EVENTS, BUSIEST, get_args(MetricName))
    digest.update(json.dumps([dict(options), dataset.digest(targets(dataset)), *counted]).encode())
    return digest.hexdigest()
