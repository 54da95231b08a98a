"""Recordings as a dataset: events of each in the steps of a network, and its class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.data.axes import in_words
from convert.data.dataset import Dataset
from convert.data.labels import Numbers
from convert.data.tasks import one_hot
from convert.data.validation import Image, ImageSource, check_classes, listed
from convert.errors import UserError
from convert.network import Shape
from convert.upstream.types import Values

from .arrays import LAYOUTS, Listed, Stepped, open_arrays
from .binning import Binning, Frames, Lost, binned, steps_of
from .files import READERS, read_recording
from .stream import Recordings, as_stream

LOOKED_AT = 64
"""Recordings whose losses are counted before a run, evenly drawn."""


@dataclass(frozen=True)
class EventData:
    """Recordings in steps, shape (steps, rows, columns, channels) each, and what a part of them loses by that.

    Of a stream the windows into which it is cut; ``streamed`` is how many recordings it has.
    """

    dataset: Dataset
    lost: Lost
    binning: Binning
    streamed: int | None = None

    def __str__(self) -> str:
        """Such as: 60 recordings in 300 steps of 1 ms, several events of a pixel in a step as one: 1.2 % fewer."""
        binning, events = self.binning, max(1, self.lost.events)
        how = "as many (up to 255)" if binning.counted else "as one"
        what = "recordings in" if self.streamed is None else f"windows, of {self.streamed} recordings as one stream, of"
        lines = f"{len(self.dataset)} {what} {binning.steps} steps of {1000 * binning.dt_s:g} ms"
        lines += f" from {1000 * binning.start_s:g} ms on" if binning.start_s else ""
        lines += f"; several events of a pixel in a step count {how}: {self.lost.merged / events:.2%} of all are fewer"
        lines += f"; {self.lost.beyond / events:.2%} lie outside these steps"
        return lines if self.dataset.simulated is None else f"{lines}; SIMULATED events: {self.dataset.simulated}"


def open_events(
    path: Path,
    shape: Shape,
    binning: Binning,
    classes: int | None,
    output_shape: tuple[int, ...] | None = None,
    *,
    stream: bool = False,
) -> EventData:
    """The recordings at ``path`` for a network that takes ``shape`` in each step and tells ``classes`` apart.

    As a ``stream`` they follow each other without a pause, and each of its windows counts as a recording.

    Layouts: a .npz file of events, or of how many there are in each step, or a folder with a sub-folder of files for
    each class. Labels of a .npz may be numbers of ``output_shape``, which the network is to give. Raises ``UserError``.
    """
    require_recordings(path)
    simulated = None
    if path.is_dir():
        recordings, labels, names = _folders(path, shape, classes)
    else:
        found = open_arrays(path, shape)
        recordings, labels, simulated = _recordings(found, path, shape), found.labels, found.simulated
        names = ()
    streamed = recordings.count if stream else None
    if stream:
        windows = as_stream(recordings, binning, path.name)
        recordings, labels = windows.recordings, labels[windows.belongs]

    def image(i: int) -> Image:
        return recordings.frames(i, binning)[0].astype(np.float32)

    if labels.ndim == 2 and one_hot(labels):
        labels = labels.argmax(axis=1)
    if labels.ndim > 1:
        numbers = _numbers(path, labels, output_shape)
        source = ImageSource("regression", len(numbers), image, lambda i: numbers[i])
    else:
        known = _classes(path, labels, classes, output_shape)
        names = names or tuple(map(str, range(classes or int(known.max()) + 1)))
        source = ImageSource("classification", len(known), image, lambda i: int(known[i]), names)
    step = -(-source.size // LOOKED_AT)
    lost = sum((recordings.frames(i, binning)[1] for i in range(0, source.size, step)), Lost(0, 0, 0))
    if lost.events and lost.beyond == lost.events:
        where = f"in the {binning.steps * binning.dt_s:g} s from {binning.start_s:g} s on"
        way_out = "a smaller --event-start" if binning.start_s else "more or longer steps"
        raise UserError(f"{path.name}: none of {lost.events:,} events lies {where}; give {way_out}")
    return EventData(Dataset(source, np.arange(source.size), path.name, simulated=simulated), lost, binning, streamed)


def require_recordings(path: Path) -> None:
    """Raises ``UserError`` for what holds no recordings by its name."""
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; {LAYOUTS}, or a folder with one sub-folder for each class")
    if not path.is_dir() and path.suffix.lower() != ".npz":
        raise UserError(f"{path}: a {path.suffix or 'nameless'} file holds no recordings with labels; {LAYOUTS}")


def _classes(path: Path, labels: Values, classes: int | None, output_shape: tuple[int, ...] | None) -> Values:
    if output_shape is not None and len(output_shape) > 1:
        raise UserError(
            f"{path.name} has a class for each recording, and the network gives {in_words(output_shape)} numbers; give "
            "labels of that shape (make-events --label image)"
        )
    return check_classes(labels, classes, path.name).astype(np.int64)


def _numbers(path: Path, labels: Values, output_shape: tuple[int, ...] | None) -> Numbers:
    """``labels``, shape (recordings, ...), as numbers of ``output_shape``."""
    wanted = labels.shape[1:] if output_shape is None else output_shape
    if labels.dtype.kind not in "buif" or not np.isfinite(labels).all():
        raise UserError(f"{path.name}: labels of type {labels.dtype} that are no finite numbers; save float32")
    if np.prod(wanted) != labels[0].size:
        raise UserError(
            f"{path.name} has labels of shape {labels.shape[1:]}, and the network gives {in_words(wanted)}; give a "
            "class for each recording, or labels of the output's shape"
        )
    return np.asarray(labels, np.float32).reshape(len(labels), *wanted)


def _recordings(found: Listed | Stepped, path: Path, shape: Shape) -> Recordings:
    if isinstance(found, Listed):
        of_lists: Listed = found
        return Recordings(
            len(found.labels),
            lambda i, binning: binned(of_lists.recording(i), shape, binning, f"{path.name}, recording {i}"),
            lambda i, binning: steps_of(of_lists.recording(i), binning),
        )
    of_steps: Stepped = found
    return Recordings(
        len(found.labels),
        lambda i, binning: _cut(of_steps.frames(i), binning),
        lambda i, binning: max(0, len(of_steps.frames(i)) - round(binning.start_s / binning.dt_s)),
    )


def _cut(frames: Values, binning: Binning) -> tuple[Frames, Lost]:
    """What is in steps already, from the start on, in so many steps."""
    first = round(binning.start_s / binning.dt_s)
    part = frames[first : first + binning.steps]
    kept = part if binning.counted else np.minimum(part, 1)
    padded = np.zeros((binning.steps, *frames.shape[1:]), np.uint8)
    padded[: len(kept)] = kept
    total, inside = int(frames.sum(dtype=np.int64)), int(part.sum(dtype=np.int64))
    return padded, Lost(total, total - inside, inside - int(padded.sum(dtype=np.int64)))


def _folders(path: Path, shape: Shape, classes: int | None) -> tuple[Recordings, Values, tuple[str, ...]]:
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

    recordings = Recordings(
        len(files),
        lambda i, binning: binned(read_recording(files[i][0]), shape, binning, str(files[i][0])),
        lambda i, binning: steps_of(read_recording(files[i][0]), binning),
    )
    return recordings, np.array([k for _, k in files]), tuple(names)
