"""A flattened nengo_loihi ``Model`` of integers -> the same spikes and voltages, step by step.

For networks that do not come from this toolchain: recurrent ones, leaky neurons with refractory periods, decoded
connections. What reaches a compartment is kept as nengo_loihi keeps it: weights shared by many axons, moved by a base.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from deploy.arrays import Bool, Int32

from . import stepping
from .arguments import EventLists
from .flat_model import FlatModel
from .stepping import Compartments, Fan, Moving, Watched


@dataclass(frozen=True)
class ModelState:
    """Everything that lasts from step to step: shape (N,), and how often each source (M,) fired in the last step."""

    current: Int32
    voltage: Int32
    refractory: Int32
    fired: Int32


@dataclass(frozen=True)
class ModelRun:
    """Shape (steps, N): spikes and, if recorded, voltages; the state after the last step."""

    spikes: Bool
    voltages: Int32 | None
    state: ModelState
    synops: int
    overflow: tuple[int, int, int, int]


def run_model(
    flat: FlatModel,
    inputs: Sequence[Bool | Int32],
    steps: int,
    *,
    state: ModelState | None = None,
    voltages: bool = False,
) -> ModelRun:
    """``steps`` time steps; ``inputs[i]``, shape (steps, neurons), is how often the model's input i spikes.

    A spike of step t, from an input or from the chip, arrives in step t + 1, that of the last step in the next run.
    Raises ``UserError`` if inputs or ``state`` are not this model's.
    """
    n = flat.compartments
    given = _counts(flat, inputs, steps)
    start = _rest(flat) if state is None else _fitting(state, flat)
    moving = Moving(start.current.copy(), start.voltage.copy(), start.refractory.copy(), start.fired[:n] > 0)
    arriving = np.concatenate([start.fired[None, n:], given])
    everyone, none = np.arange(n), np.zeros(0, np.int64)
    charged = everyone if voltages else none
    watched = Watched(
        everyone,
        np.zeros((steps, n), bool),
        none,
        np.zeros((steps, 0), np.int32),
        charged,
        np.zeros((steps, len(charged)), np.int32),
        np.zeros(n, np.int32),
        np.zeros(4, np.int64),
    )
    synops = stepping.run_steps(
        steps, _events(arriving[:-1], n), fan_of(flat), compartments_of(flat), moving, np.zeros(n, np.int32), watched
    )
    q, u, u2, v = (int(count) for count in watched.overflow)
    fired = np.concatenate([moving.fired.astype(np.int32), arriving[-1]])
    after = ModelState(moving.current, moving.voltage, moving.waiting, fired)
    return ModelRun(watched.spikes, watched.voltages if voltages else None, after, int(synops), (q, u, u2, v))


def fan_of(flat: FlatModel) -> Fan:
    return Fan(flat.fan_pointer, flat.fan_row, flat.fan_base, flat.row_pointer, flat.targets, flat.weights)


def compartments_of(flat: FlatModel) -> Compartments:
    return Compartments(flat.vth, flat.vmin, flat.vmax, flat.bias, flat.decay_u, flat.decay_v, flat.refractory)


def _counts(flat: FlatModel, inputs: Sequence[Bool | Int32], steps: int) -> Int32:
    """All inputs side by side, shape (steps, M - N), checked."""
    widths = [b - a for a, b in pairwise([*flat.inputs.tolist(), flat.sources])]
    given = [np.asarray(spikes) for spikes in inputs]
    if [spikes.shape for spikes in given] != [(steps, width) for width in widths]:
        raise UserError(
            f"the model takes {len(widths)} inputs of shape (steps, neurons) = {[(steps, w) for w in widths]}, "
            f"not {[spikes.shape for spikes in given]}"
        )
    problems = [
        f"input {i} has {wrong}: how often a neuron spikes in a step is a boolean or a whole number from 0 on"
        for i, spikes in enumerate(given)
        if (wrong := _no_count(spikes))
    ]
    if problems:
        raise UserError(problems)
    return np.concatenate([np.zeros((steps, 0), np.int32), *(spikes.astype(np.int32) for spikes in given)], axis=1)


MOST_SPIKES = 2**16
"""Of one neuron in one step: each becomes an event of its own in memory."""


def _no_count(spikes: NDArray[Any]) -> str:
    """What of ``spikes`` is no number of spikes."""
    if spikes.dtype.kind not in "biu":
        return f"numbers of type {spikes.dtype}"
    if spikes.size and spikes.min() < 0:
        return f"the number {spikes.min()}"
    return f"the number {spikes.max()}, more than {MOST_SPIKES:,}" if spikes.size and spikes.max() > MOST_SPIKES else ""


def _events(counts: Int32, first: int) -> EventLists:
    """List t has source ``first`` + i ``counts[t, i]`` times."""
    step, source = np.nonzero(counts)
    times = counts[step, source]
    pointer = np.searchsorted(np.repeat(step, times), np.arange(len(counts) + 1))
    return EventLists((np.repeat(source, times) + first).astype(np.int32), pointer.astype(np.int64))


def _rest(flat: FlatModel) -> ModelState:
    zeros = np.zeros(flat.compartments, np.int32)
    return ModelState(zeros, zeros, zeros, np.zeros(flat.sources, np.int32))


def _fitting(state: ModelState, flat: FlatModel) -> ModelState:
    """``state`` as the loops need it; refused if it is not one of a model of this size."""
    n, m = flat.compartments, flat.sources
    wanted = {"current": n, "voltage": n, "refractory": n, "fired": m}
    parts = {name: np.asarray(getattr(state, name)) for name in wanted}
    wrong = [
        f"{name} has {part.shape} {part.dtype} numbers instead of ({size},) whole ones"
        for (name, size), part in zip(wanted.items(), parts.values(), strict=True)
        if part.shape != (size,) or part.dtype.kind not in "biu"
    ]
    if wrong:
        raise UserError(
            f"the state is not this model's, which has {n} compartments and {m} sources: {', '.join(wrong)}; "
            "give the state that run_model returned for this model, or none to start from rest"
        )
    return ModelState(**{name: np.ascontiguousarray(part, np.int32) for name, part in parts.items()})
