"""Recordings in a .npz file: lists of events, or how many there are in each step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

import numpy as np

from convert.errors import UserError
from convert.network import Shape
from convert.storage.archives import arrays_in
from convert.storage.damage import DAMAGED, too_little_memory
from convert.upstream.types import Values

from .recording import Recording, recording_of

LISTED = ("t_us", "x", "y", "p", "start", "label")
"""All events one after the other; recording k has those from start[k] to start[k + 1], and label[k]: a class, or what a
network is to make of it."""

SIMULATED = "simulated"
"""Says, where events were simulated, how."""

LAYOUTS = (
    "expected arrays t_us, x, y, p, start and label (events of recording k from start[k] to start[k + 1]), or x of "
    "shape (recordings, steps, rows, columns, channels) and y"
)


@dataclass(frozen=True)
class Listed:
    """Events one after the other, and where each recording starts."""

    events: Recording
    start: Values
    labels: Values
    simulated: str | None = None

    def recording(self, k: int) -> Recording:
        part = slice(int(self.start[k]), int(self.start[k + 1]))
        return Recording(*(getattr(self.events, name)[part] for name in ("t_us", "x", "y", "p")))


@dataclass(frozen=True)
class Stepped:
    """How many events there are in each step, as stored; ``axes`` order it (recordings, steps, *shape of the input)."""

    counts: Values
    axes: tuple[int, ...]
    shape: Shape
    labels: Values
    simulated: str | None = None

    def frames(self, k: int) -> Values:
        """Shape (steps, rows, columns, channels)."""
        one = self.counts[k].transpose([axis - 1 for axis in self.axes[1:]])
        return np.asarray(one.reshape(len(one), *self.shape))


def open_arrays(path: Path, shape: Shape) -> Listed | Stepped:
    """The recordings in the .npz file ``path`` for a network that takes ``shape``. Raises ``UserError``."""
    try:
        with arrays_in(path) as data:
            arrays = {name: np.asarray(data[name]) for name in data.files}
    except DAMAGED as error:
        if too_little_memory(error, path):
            raise
        raise UserError(f"{path}: cannot be read as a .npz file ({error}); save it again with numpy.savez") from error
    if set(LISTED) <= arrays.keys():
        return _listed(path, arrays)
    if {"x", "y"} <= arrays.keys() and arrays["x"].ndim >= 3:
        return replace(_stepped(path, arrays["x"], arrays["y"], shape), simulated=_how(arrays))
    missing = [name for name in LISTED if name not in arrays]
    if len(missing) < len(LISTED) / 2:
        raise UserError(f"{path.name} holds events, but no {' and no '.join(missing)}; {LAYOUTS}")
    held = ", ".join(f"{name} {array.shape}" for name, array in sorted(arrays.items())) or "nothing"
    raise UserError(f"{path.name} holds {held}, no events; {LAYOUTS}")


def _listed(path: Path, arrays: dict[str, Values]) -> Listed:
    start, labels = arrays["start"], arrays["label"]
    labels = labels if labels.ndim > 1 and labels[0].size > 1 else np.ravel(labels)
    numbers = [arrays[name] for name in ("t_us", "x", "y", "p")]
    count = len(np.ravel(numbers[0]))
    whole = all(array.ndim == 1 and len(array) == count and array.dtype.kind in "iub" for array in numbers)
    rising = start.ndim == 1 and start.dtype.kind in "iu" and len(start) > 1 and bool((np.diff(start) > 0).all())
    if not whole or not rising or start[0] < 0 or start[-1] > count:
        raise UserError(
            f"{path.name}: t_us, x, y and p are to be whole numbers of one length, and start is to rise from 0 to it; "
            f"{LAYOUTS}"
        )
    if len(labels) != len(start) - 1:
        raise UserError(f"{path.name}: {len(start) - 1} recordings and {len(labels)} labels; give one for each")
    return Listed(recording_of(*numbers), start.astype(np.int64), labels, _how(arrays))


def _how(arrays: dict[str, Values]) -> str | None:
    """How the events were simulated; None if they were not, or nobody says it."""
    return str(arrays[SIMULATED]) if SIMULATED in arrays else None


def _stepped(path: Path, x: Values, y: Values, shape: Shape) -> Stepped:
    if len(x) != len(y) or not len(x):
        raise UserError(f"{path.name}: {len(x)} recordings and {len(y)} labels; give one for each")
    if x.dtype.kind not in "iub" or (x.dtype.kind == "i" and x.min() < 0) or x.max() > 255:
        raise UserError(f"{path.name}: x is to hold how many events there are, 0 to 255; save it as uint8")
    return Stepped(x, _axes(path, x.shape, shape), shape, y if y.ndim > 1 and y[0].size > 1 else np.ravel(y))


def _axes(path: Path, found: tuple[int, ...], shape: Shape) -> tuple[int, ...]:
    """The order of the axes of an array that makes it (recordings, steps, *shape), axes of one left out."""
    wanted = tuple(size for size in shape if size != 1)
    inner = range(1, len(found))
    sizes = {axis: found[axis] for axis in inner}
    orders = [
        order for order in permutations(inner) if tuple(sizes[axis] for axis in order[1:] if sizes[axis] != 1) == wanted
    ]
    first = [order for order in orders if order[0] in (1, len(found) - 1)]  # steps come first or last
    if not first:
        raise UserError(
            f"{path.name}: x has shape {found}, and the network takes {' x '.join(map(str, shape))} in each step; save "
            "it as (recordings, steps, rows, columns, channels)"
        )
    kept = [order for order in first if order == tuple(sorted(order))]  # as it is documented, where that fits
    return (0, *(kept or first)[0])
