"""Spikes that another simulator gave for a network, to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.network import Network, Shape
from convert.storage.archives import arrays_in
from convert.storage.damage import DAMAGED
from convert.upstream.types import Values

COLUMNS = 3
"""Of a CSV file of one neuron: input, voltage, spike."""

LAYOUT = (
    "a reference is a .npz file with arrays input (recordings, steps, ...) and output (recordings, steps, ...), whole "
    "numbers of spikes, other axes as in the .nir file; or, for one neuron, a .csv file with the columns input, "
    "voltage, spike"
)


@dataclass(frozen=True)
class Reference:
    """``given``, shape (recordings, steps, rows, columns, channels); ``spikes``, (recordings, steps, neurons)."""

    given: NDArray[np.float32]
    spikes: NDArray[np.bool_]


def read_reference(path: Path, network: Network) -> Reference:
    """The reference in the file ``path`` for ``network``. Raises ``UserError``."""
    try:
        given, spikes = _read(path)
    except DAMAGED as error:
        raise UserError(f"{path}: cannot be read as a reference ({error}); {LAYOUT}") from error
    recordings = _in_our_order(given, network.input.shape, path.name, "input")
    fired = _in_our_order(spikes, network.readouts[0].shape, path.name, "output")
    if fired.shape[:2] != recordings.shape[:2]:
        raise UserError(f"{path.name}: input and output differ in recordings or steps; {LAYOUT}")
    if not (recordings == np.floor(recordings)).all() or recordings.min(initial=0) < 0:
        raise UserError(
            f"{path.name}: its input holds more than whole numbers of events, which only spikes are; {LAYOUT}"
        )
    return Reference(recordings, fired.reshape(*fired.shape[:2], -1) > 0)


def _read(path: Path) -> tuple[Values, Values]:
    if path.suffix.lower() == ".csv":
        table = np.loadtxt(path, delimiter=",", ndmin=2)
        if table.shape[1] != COLUMNS:
            raise ValueError(f"{table.shape[1]} columns")
        return table[None, :, :1], table[None, :, 2:]
    with arrays_in(path) as data:
        return np.asarray(data["input"]), np.asarray(data["output"])


def _in_our_order(values: Values, shape: Shape, name: str, what: str) -> NDArray[np.float32]:
    """(recordings, steps, *NIR's shape) as (recordings, steps, *shape)."""
    rows, columns, channels = shape
    if values.ndim < 2 or values.dtype.kind not in "iufb" or np.prod(values.shape[2:]) != rows * columns * channels:
        raise UserError(
            f"{name}: {what} has shape {values.shape}, and the network has {channels} channels of {rows} x {columns}; "
            f"{LAYOUT}"
        )
    ordered = values.reshape(*values.shape[:2], channels, rows, columns).transpose(0, 1, 3, 4, 2)
    return np.ascontiguousarray(ordered, np.float32)
