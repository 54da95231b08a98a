"""Recordings as a dataset: events of each in the steps of a network, and its class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.data.dataset import Dataset
from convert.data.validation import Image, ImageSource, check_classes, listed
from convert.errors import UserError
from convert.network import Shape
from convert.upstream.types import Values

from .arrays import LAYOUTS, Listed, Stepped, open_arrays
from .binning import Binning, Frames, Lost, binned
from .files import READERS, read_recording

LOOKED_AT = 64
"""Recordings whose losses are counted before a run, evenly drawn."""

Framed = Callable[[int], tuple[Frames, Lost]]


@dataclass(frozen=True)
class EventData:
    """Recordings in steps, shape (steps, rows, columns, channels) each, and what a part of them loses by that."""

    dataset: Dataset
    lost: Lost
    binning: Binning

    def __str__(self) -> str:
        """Such as: 60 recordings in 300 steps of 1 ms, several events of a pixel in a step as one: 1.2 % fewer."""
        binning, events = self.binning, max(1, self.lost.events)
        how = "as many (up to 255)" if binning.counted else "as one"
        lines = f"{len(self.dataset)} recordings in {binning.steps} steps of {1000 * binning.dt_s:g} ms"
        lines += f" from {1000 * binning.start_s:g} ms on" if binning.start_s else ""
        lines += f"; several events of a pixel in a step count {how}: {self.lost.merged / events:.2%} of all are fewer"
        return lines + f"; {self.lost.beyond / events:.2%} lie outside these steps"


def open_events(path: Path, shape: Shape, binning: Binning, classes: int | None) -> EventData:
    """The recordings at ``path`` for a network that takes ``shape`` in each step and tells ``classes`` apart.

    Layouts: a .npz file of events, or of how many there are in each step, or a folder with a sub-folder of files for
    each class. Raises ``UserError``.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; {LAYOUTS}, or a folder with one sub-folder for each class")
    if path.is_dir():
        framed, labels, names = _folders(path, shape, binning, classes)
    elif path.suffix.lower() == ".npz":
        framed, labels = _archive(path, shape, binning)
        names = tuple(map(str, range(classes or int(labels.max()) + 1)))
    else:
        raise UserError(f"{path}: a {path.suffix or 'nameless'} file holds no recordings with labels; {LAYOUTS}")
    known = check_classes(labels, classes, path.name).astype(np.int64)

    def image(i: int) -> Image:
        return framed(i)[0].astype(np.float32)

    source = ImageSource("classification", len(known), image, lambda i: int(known[i]), names)
    step = -(-len(known) // LOOKED_AT)
    lost = sum((framed(i)[1] for i in range(0, len(known), step)), Lost(0, 0, 0))
    return EventData(Dataset(source, np.arange(len(known)), path.name), lost, binning)


def _archive(path: Path, shape: Shape, binning: Binning) -> tuple[Framed, Values]:
    found = open_arrays(path, shape)
    if isinstance(found, Listed):
        of_lists: Listed = found
        return (lambda i: binned(of_lists.recording(i), shape, binning, f"{path.name}, recording {i}")), found.labels
    stepped: Stepped = found
    return (lambda i: _cut(stepped.frames(i), binning)), found.labels


def _cut(frames: Values, binning: Binning) -> tuple[Frames, Lost]:
    """What is in steps already, from the start on, in so many steps."""
    first = round(binning.start_s / binning.dt_s)
    part = frames[first : first + binning.steps]
    kept = part if binning.counted else np.minimum(part, 1)
    padded = np.zeros((binning.steps, *frames.shape[1:]), np.uint8)
    padded[: len(kept)] = kept
    total, inside = int(frames.sum(dtype=np.int64)), int(part.sum(dtype=np.int64))
    return padded, Lost(total, total - inside, inside - int(padded.sum(dtype=np.int64)))


def _folders(path: Path, shape: Shape, binning: Binning, classes: int | None) -> tuple[Framed, Values, tuple[str, ...]]:
    """A sub-folder for each class, in alphabetical order."""
    names = sorted(child.name for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))
    files = [
        (file, k)
        for k, name in enumerate(names)
        for file in sorted((path / name).iterdir())
        if file.suffix.lower() in READERS
    ]
    if not files:
        raise UserError(
            f"{path}: no recordings ({', '.join(READERS)}) in sub-folders, one for each class; other events: {LAYOUTS}"
        )
    if classes not in (None, len(names)):
        raise UserError(
            f"{path}: {len(names)} class folders ({listed(names)}), but the network has {classes} classes; give one "
            "folder for each class, empty ones too"
        )

    def framed(i: int) -> tuple[Frames, Lost]:
        file = files[i][0]
        return binned(read_recording(file), shape, binning, str(file))

    return framed, np.array([k for _, k in files]), tuple(names)
