"""What is handed to a program is its own: drives of its host neurons, a state of its layers. The loops do not look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError

from .program import ChipLayer, EventLayer, HostLayer, Layer, Program
from .results import EmulatorState, Spikes
from .sweeps import Drives


def check_fit(program: Program, drives: Drives, state: EmulatorState | None) -> None:
    """Raises ``UserError`` for drives or a state that are another network's, all problems at once."""
    problems = []
    for layer in program.host_layers:
        if layer.name not in drives and layer.drive_hz is not None:
            continue
        shape = np.shape(drives[layer.name]) if layer.name in drives else None
        events = isinstance(layer, EventLayer)
        if shape is None or len(shape) != 1 + events or shape[-1] != layer.neurons:
            what = "events" if events else "drives"
            of_each = f"one number for each of {layer.neurons} neurons" + (" in each step" if events else "")
            given = "there are none" if shape is None else f"not of shape {shape}"
            problems.append(f"the {what} of {layer.name!r} are {of_each}, {given}")
    if state is not None:
        wrong = [part for layer in program.layers for part in _wrong(layer, state)]
        if wrong:
            problems.append(
                f"the state is not this program's: {', '.join(wrong)}; give the state that a run of this program "
                "returned, or none to start from rest"
            )
    if problems:
        raise UserError(problems)


def _wrong(layer: Layer, state: EmulatorState) -> list[str]:
    """Which parts of ``layer`` the state has not, or not in this shape."""
    shape = (layer.neurons,) if isinstance(layer, HostLayer) else (layer.shape[0], layer.row_stride)
    held: list[tuple[str, Mapping[str, NDArray[Any]]]] = []
    if not isinstance(layer, EventLayer):
        held.append(("voltage", state.voltage))
    if isinstance(layer, ChipLayer):
        held.append(("current", state.current))
    wrong = [
        f"the {name} of {layer.name!r} has shape {np.shape(values[layer.name])} instead of {shape}"
        if layer.name in values
        else f"there is no {name} of {layer.name!r}"
        for name, values in held
        if layer.name not in values or np.shape(values[layer.name]) != shape
    ]
    if layer.name not in state.arriving or not _arrive_in(layer, state.arriving[layer.name]):
        wrong.append(f"what is on its way from {layer.name!r} are no spikes of its {layer.neurons} neurons")
    return wrong


def _arrive_in(layer: Layer, spikes: Spikes) -> bool:
    """Whether these are events of this layer, strip after strip."""
    if spikes.pointer.shape != (len(layer.strips), 2):
        return False
    bounds = np.append(spikes.pointer[:, 0], spikes.pointer[-1, 1])
    if bounds[0] < 0 or (np.diff(bounds) < 0).any() or bounds[-1] > len(spikes.events):
        return False
    events = spikes.events[bounds[0] : bounds[-1]].astype(np.int64)
    rows, places = events >> layer.shift, events & ((1 << layer.shift) - 1)
    low, high = (np.repeat(layer.strips[:, i], np.diff(bounds)) for i in range(2))
    return bool(((rows >= low) & (rows < high) & (places < layer.row_length)).all())
