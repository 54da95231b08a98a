"""Finished images of an unfinished run, one file each, so that a killed run can go on."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np

from convert.bundle import DECODER, NETWORK, PARTITION
from convert.data.dataset import Dataset
from convert.data.evaluate import targets
from convert.data.metric_registry import MetricName
from convert.storage.damage import DAMAGED
from deploy.arrays import Float32, Float64, Int64
from deploy.events.busiest import BUSIEST
from deploy.events.counts import EVENTS, LayerCounts

IMAGE = ".image"
ORIGINAL = ".original.npy"
ARRAYS = ("output", "until", "busiest", "board")
"""The arrays of an image's result."""
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


class _Array(msgspec.Struct, array_like=True):
    """An array as it is written: its type as numpy writes it, its shape, its bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of(cls, values: np.ndarray) -> _Array:
        return cls(values.dtype.str, values.shape, values.tobytes())

    @property
    def values(self) -> np.ndarray:
        return np.frombuffer(self.data, self.dtype).reshape(self.shape).copy()


class _Saved(msgspec.Struct):
    """An image's result: ``judged`` by the fields of ``Judged``, ``arrays`` by ``ARRAYS``."""

    layers: dict[str, LayerCounts]
    crops: int
    judged: dict[str, _Array]
    arrays: dict[str, _Array]


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
        """Keeps ``result`` of image ``i``, and a checksum, by which a file that is not whole is known."""
        judged = {name: _Array.of(values) for name, values in vars(result.judged).items()}
        arrays = {name: _Array.of(getattr(result, name)) for name in ARRAYS}
        content = msgspec.msgpack.encode(_Saved(result.layers, result.crops, judged, arrays))
        (self.folder / f"{i}{IMAGE}").write_bytes(zlib.crc32(content).to_bytes(4, "little") + content)

    def read(self, i: int) -> ImageResult:
        """What ``write`` kept. Raises one of ``DAMAGED`` if it is not what was written."""
        data = (self.folder / f"{i}{IMAGE}").read_bytes()
        if int.from_bytes(data[:4], "little") != zlib.crc32(data[4:]):
            raise ValueError(f"the checksum of image {i} is another")
        saved = msgspec.msgpack.decode(data[4:], type=_Saved)
        judged = Judged(**{name: array.values for name, array in saved.judged.items()})
        arrays = {name: array.values for name, array in saved.arrays.items()}
        return ImageResult(layers=saved.layers, crops=saved.crops, judged=judged, **arrays)

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
