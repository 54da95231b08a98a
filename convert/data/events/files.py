"""Files of one recording each, by their endings."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from convert.errors import UserError
from convert.storage.damage import DAMAGED, too_little_memory
from convert.upstream.types import Module

from .recording import Recording, recording_of

EVENT_BYTES = 5
"""Column, row, then a bit of polarity and 23 of microseconds. Source: Orchard et al. 2015 (N-MNIST), appendix."""

OVERFLOW_ROW, OVERFLOW_US = 240, 1 << 13
"""An event in this row is none: from it on, times are so much later. Source: N-MNIST's own reader."""


def _five_bytes(path: Path) -> tuple[Recording, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    raw = np.fromfile(path, np.uint8)
    if len(raw) % EVENT_BYTES:
        raise ValueError(f"{len(raw)} bytes, and an event has {EVENT_BYTES}")
    x, y, high, middle, low = raw.reshape(-1, EVENT_BYTES).astype(np.int64).T
    t_us = ((high & 0x7F) << 16) | (middle << 8) | low
    return recording_of(t_us, x, y, high >> 7), y == OVERFLOW_ROW


def read_bs2(path: Path) -> Recording:
    """SLAYER's .bs2."""
    return _five_bytes(path)[0]


def read_bin(path: Path) -> Recording:
    """N-MNIST's .bin: as .bs2, with marks where the clock overflowed."""
    found, marks = _five_bytes(path)
    t_us = found.t_us + OVERFLOW_US * np.cumsum(marks)
    return recording_of(t_us[~marks], found.x[~marks], found.y[~marks], found.p[~marks])


def read_aedat4(path: Path) -> Recording:
    """DV's .aedat4, by the package ``aedat``."""
    decoder = _library("aedat").Decoder(str(path))
    packets = [packet["events"] for packet in decoder if "events" in packet]
    if not packets:
        raise ValueError("it has no events")
    events = np.concatenate(packets)
    return recording_of(events["t"], events["x"], events["y"], events["on"])


def read_prophesee(path: Path) -> Recording:
    """Prophesee's .raw (EVT2, EVT3) and .dat, by the package ``expelliarmus``."""
    events = _library("expelliarmus").Wizard(encoding=_encoding(path), fpath=str(path)).read()
    return recording_of(events["t"], events["x"], events["y"], events["p"])


def _encoding(path: Path) -> str:
    """Which of Prophesee's: the header of a .raw file says it."""
    if path.suffix.lower() == ".dat":
        return "dat"
    with path.open("rb") as file:
        header = file.read(4096).split(b"% end")[0].lower()
    return "evt2" if b"evt 2" in header or b"format evt2" in header else "evt3"


READERS: dict[str, Callable[[Path], Recording]] = {
    ".bin": read_bin,
    ".bs2": read_bs2,
    ".aedat4": read_aedat4,
    ".raw": read_prophesee,
    ".dat": read_prophesee,
}
"""By ending: what reads a file of one recording."""


def read_recording(path: Path) -> Recording:
    """The recording in the file ``path``. Raises ``UserError`` for one that cannot be read."""
    reader = READERS[path.suffix.lower()]
    try:
        found = reader(path)
    except UserError:
        raise
    except DAMAGED as error:
        if too_little_memory(error, path):
            raise
        raise UserError(f"{path}: cannot be read as {path.suffix} events ({error}); take the file anew") from error
    if not len(found):
        raise UserError(f"{path}: it has no events; leave it out")
    return found


def _library(name: str) -> Module:
    """The package that reads a format; events in other formats need none."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            f"reading these events takes the package {name}, which is not installed; pip install 'ann2loihi[events]'"
        ) from error
