"""What trials of recipes measured, and the file that keeps it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from convert.storage.atomic import whole_file


class Row(msgspec.Struct, frozen=True):
    """One trained wave on so many test ``images``; spikes on the chip and of the host, and synaptic operations with
    those of biases and pulses, are of an image in the chip's numbers."""

    name: str
    steps: int
    steps_in_all: int
    trained_on: int
    cpu_minutes: float
    images: int
    accuracy: float
    accuracy_unrounded: float
    spikes: float
    host_spikes: float
    synops: float

    @property
    def error(self) -> float:
        """The standard error of the accuracy."""
        return float(np.sqrt(self.accuracy * (1 - self.accuracy) / self.images))


class Point(msgspec.Struct, frozen=True):
    """What a network of docs/accuracy.md or of docs/few-spikes.md gave on exact integers, of so many ``images``."""

    series: str
    label: str
    accuracy: float
    images: int
    synops: float | None
    millijoules: float

    @property
    def error(self) -> float:
        """The standard error of the accuracy."""
        return float(np.sqrt(self.accuracy * (1 - self.accuracy) / self.images))


def read_points(path: Path) -> list[Point]:
    return msgspec.json.decode(path.read_bytes(), type=list[Point])


def read_rows(path: Path) -> list[Row]:
    """Those of the file ``path``, none if there is no such file."""
    return msgspec.json.decode(path.read_bytes(), type=list[Row]) if path.exists() else []


def write_rows(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as beside:
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")
