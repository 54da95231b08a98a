"""The compiled loops on one layer and one image: spikes to drive, drive to spikes, and the gradients of both.

Events are the spikes of a population as numbers of neurons, step by step: those of step t are
``events[pointer[t] : pointer[t + 1]]``. Steps count from the first at which the population can get any.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convert.upstream.numba_cache import cached_njit

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

AT_FLOOR = -100.0
"""Stands for a voltage at its floor among the kept ones, which nothing changes."""

ABOVE = 1.0000002
"""The least voltage that is kept of a neuron that fires: a threshold is 1."""

CURRENT_KEPT = 64.0 / 4096.0
"""What an unfiltered current keeps of the step before, of its integer and rounded to zero: Loihi's 1 / 4096."""

TRIANGLE, RECTANGLE, ARCTAN = range(3)
"""Surrogates of a spike's derivative."""


class Fired(NamedTuple):
    """The spikes of one population on one image."""

    events: Int32
    pointer: Int64


class Columns(NamedTuple):
    """What the columns on one side of a kernel reach on the other: column c the ``number[c]`` columns from ``first[c]``
    on, by the first taps of ``taps[variant[c]]``."""

    first: Int64
    number: Int64
    variant: Int64
    taps: Int64


class Packed(NamedTuple):
    """A kernel as one side needs it: ``weights`` (variants, rows of taps, channels here, columns x channels there) and
    the row there to which each tap takes each row here, -1 for none."""

    weights: Float32
    to_row: Int64
    columns: Columns


class Kernel(NamedTuple):
    """A shared kernel (rows, columns, channels in, channels out), packed for spikes and for gradients."""

    weights: Float32
    forward: Packed
    backward: Packed


class Synapses(NamedTuple):
    """Single synapses by source, neuron n's from ``pointer[n]`` to ``pointer[n + 1]``; ``place`` is the weight's."""

    weights: Float32
    pointer: Int64
    target: Int64
    place: Int64


class Surrogate(NamedTuple):
    """The derivative of a spike with respect to the voltage in thresholds; half of ``width`` on either side."""

    kind: int
    width: float
    height: float


class Neurons(NamedTuple):
    """Integers of one layer: threshold and floor, bias from step ``start`` on and pulse at it, both (neurons,)."""

    threshold: float
    floor: float
    start: int
    bias: Float32
    pulse: Float32


@cached_njit(nogil=True, inline="always")
def add(values: Float32, into: Float32) -> None:
    """``into`` += ``values``."""
    for k in range(into.size):
        into[k] += values[k]


@cached_njit(nogil=True, inline="always")
def add_times(factor: np.float32, values: Float32, into: Float32) -> None:
    """``into`` += ``factor`` * ``values``."""
    for k in range(into.size):
        into[k] += factor * values[k]


@cached_njit(nogil=True)
def bring_kernel(fired: Fired, lag: int, kernel: Packed, drive: Float32) -> None:
    """Adds to ``drive`` (steps, rows, columns x channels) what the spikes of step t bring in step t + ``lag``."""
    columns, channels = kernel.columns, kernel.weights.shape[2]
    width = kernel.weights.shape[3] // columns.taps.shape[1]
    for t in range(max(0, -lag), min(fired.pointer.size - 1, drive.shape[0] - lag)):
        for e in range(fired.pointer[t], fired.pointer[t + 1]):
            pixel, i = divmod(fired.events[e], channels)
            r, c = divmod(pixel, columns.first.size)
            start, length = columns.first[c] * width, columns.number[c] * width
            for y in range(kernel.to_row.shape[0]):
                row = kernel.to_row[y, r]
                if row >= 0:
                    add(kernel.weights[columns.variant[c], y, i, :length], drive[t + lag, row, start : start + length])


@cached_njit(nogil=True)
def bring_synapses(fired: Fired, lag: int, synapses: Synapses, drive: Float32) -> None:
    """The same by single synapses; ``drive`` has shape (steps, neurons)."""
    for t in range(max(0, -lag), min(fired.pointer.size - 1, drive.shape[0] - lag)):
        for e in range(fired.pointer[t], fired.pointer[t + 1]):
            n = fired.events[e]
            for s in range(synapses.pointer[n], synapses.pointer[n + 1]):
                drive[t + lag, synapses.target[s]] += synapses.weights[synapses.place[s]]


@cached_njit(nogil=True)
def fire(drive: Float32, neurons: Neurons, voltages: Float32) -> Fired:
    """Loihi's integers step by step, in place of ``drive`` (steps, neurons); their spikes.

    ``voltages``, of the same shape, are kept in thresholds, before the reset.
    """
    steps, size = drive.shape
    events = np.empty(drive.size, np.int32)
    pointer = np.zeros(steps + 1, np.int64)
    current, voltage = np.zeros(size, np.float32), np.zeros(size, np.float32)
    threshold, lowest, end = np.float32(neurons.threshold), np.float32(neurons.floor), 0
    kept, unit, per_threshold = np.float32(CURRENT_KEPT), np.float32(1 / 64), np.float32(1) / threshold
    for t in range(steps):
        arrived, seen = drive[t], voltages[t]
        if t >= neurons.start:
            for n in range(size):
                arrived[n] += neurons.bias[n]
        if t == neurons.start:
            for n in range(size):
                arrived[n] += neurons.pulse[n]
        for n in range(size):  # without a branch: sixteen neurons at once
            u = arrived[n] + np.trunc(current[n] * kept) * unit
            current[n] = u
            v = max(voltage[n] + u, lowest)
            below = min(v * per_threshold, np.float32(1))
            below = np.float32(AT_FLOOR) if v == lowest else below
            seen[n] = max(v * per_threshold, np.float32(ABOVE)) if v > threshold else below
            voltage[n] = np.float32(0) if v > threshold else v
        for n in range(size):
            if seen[n] > np.float32(1):
                events[end] = n
                end += 1
        pointer[t + 1] = end
    return Fired(events[:end].copy(), pointer)


@cached_njit(nogil=True)
def spike_derivative(voltage: np.float32, surrogate: Surrogate) -> np.float32:
    """That of a spike with respect to the voltage, by the surrogate."""
    one = np.float32(1)
    height, distance = np.float32(surrogate.height), abs(voltage - one) * (one / np.float32(surrogate.width))
    if surrogate.kind == TRIANGLE:
        return height * max(np.float32(0), one - distance)
    if surrogate.kind == RECTANGLE:
        return height if distance < one else np.float32(0)
    return height / (one + (np.float32(np.pi / 2) * distance) ** 2)


@cached_njit(nogil=True)
def fire_backward(voltages: Float32, of_spikes: Float32, of_counts: Float32, surrogate: Surrogate) -> None:
    """Gradients with respect to spikes (steps, neurons) become, in place, those with respect to drive in thresholds.

    ``of_counts`` (neurons,) is one with respect to every spike. No gradient goes through a reset or the floor.
    """
    steps, size = voltages.shape
    later = np.zeros(size, np.float32)
    for t in range(steps - 1, -1, -1):
        for n in range(size):
            v = voltages[t, n]
            through = (of_spikes[t, n] + of_counts[n]) * spike_derivative(v, surrogate)
            through = through if v > np.float32(1) else through + later[n]
            later[n] = np.float32(0) if v == np.float32(AT_FLOOR) else through
            of_spikes[t, n] = later[n]


@cached_njit(nogil=True)
def kernel_backward(fired: Fired, lag: int, kernel: Packed, of_drive: Float32, of_packed: Float32) -> None:
    """Adds to ``of_packed`` the gradient that ``of_drive`` (steps, rows, columns x channels) gives packed weights."""
    columns, channels = kernel.columns, of_packed.shape[2]
    width = of_packed.shape[3] // columns.taps.shape[1]
    for t in range(max(0, -lag), min(fired.pointer.size - 1, of_drive.shape[0] - lag)):
        for e in range(fired.pointer[t], fired.pointer[t + 1]):
            pixel, i = divmod(fired.events[e], channels)
            r, c = divmod(pixel, columns.first.size)
            start, length = columns.first[c] * width, columns.number[c] * width
            for y in range(kernel.to_row.shape[0]):
                row = kernel.to_row[y, r]
                if row >= 0:
                    add(of_drive[t + lag, row, start : start + length], of_packed[columns.variant[c], y, i, :length])


@cached_njit(nogil=True)
def kernel_to_source(lag: int, kernel: Packed, of_drive: Float32, of_source: Float32) -> None:
    """Adds to ``of_source`` (steps, rows, columns x channels) what ``of_drive`` gives the source's spikes.

    ``kernel`` is packed for gradients, in thresholds.
    """
    columns, channels = kernel.columns, kernel.weights.shape[2]
    width = kernel.weights.shape[3] // columns.taps.shape[1]
    for t in range(max(0, -lag), min(of_source.shape[0], of_drive.shape[0] - lag)):
        for r in range(of_drive.shape[1]):
            for c in range(columns.first.size):
                start, length = columns.first[c] * width, columns.number[c] * width
                at = of_drive[t + lag, r, c * channels : (c + 1) * channels]
                for y in range(kernel.to_row.shape[0]):
                    row = kernel.to_row[y, r]
                    if row >= 0:
                        into = of_source[t, row, start : start + length]
                        for o in range(channels):
                            if at[o] != 0:
                                add_times(at[o], kernel.weights[columns.variant[c], y, o, :length], into)


@cached_njit(nogil=True)
def synapses_backward(fired: Fired, lag: int, synapses: Synapses, of_drive: Float32, of_weights: Float32) -> None:
    """Adds to ``of_weights`` the gradient that ``of_drive`` (steps, neurons) gives the single synapses."""
    for t in range(max(0, -lag), min(fired.pointer.size - 1, of_drive.shape[0] - lag)):
        for e in range(fired.pointer[t], fired.pointer[t + 1]):
            n = fired.events[e]
            for s in range(synapses.pointer[n], synapses.pointer[n + 1]):
                of_weights[synapses.place[s]] += of_drive[t + lag, synapses.target[s]]


@cached_njit(nogil=True)
def synapses_to_source(lag: int, synapses: Synapses, of_drive: Float32, of_source: Float32) -> None:
    """Adds to ``of_source`` (steps, neurons) what ``of_drive`` gives the source's spikes."""
    for t in range(max(0, -lag), min(of_source.shape[0], of_drive.shape[0] - lag)):
        for n in range(of_source.shape[1]):
            for s in range(synapses.pointer[n], synapses.pointer[n + 1]):
                of_source[t, n] += of_drive[t + lag, synapses.target[s]] * synapses.weights[synapses.place[s]]


@cached_njit(nogil=True)
def counted(fired: Fired, size: int) -> Float32:
    """The number of spikes of each of ``size`` neurons."""
    counts = np.zeros(size, np.float32)
    for n in fired.events:
        counts[n] += 1
    return counts


@cached_njit(nogil=True)
def encoded(per_step: NDArray[np.float64], steps: int) -> Fired:
    """Spikes of host neurons that ``per_step`` thresholds (neurons,) drive: what is whole in the voltage fires."""
    events = np.empty(steps * per_step.size, np.int32)
    pointer = np.zeros(steps + 1, np.int64)
    voltage, end = np.zeros(per_step.size), 0
    for t in range(steps):
        for n in range(per_step.size):
            voltage[n] += max(per_step[n], 0.0)
            whole = np.floor(voltage[n])
            voltage[n] -= whole
            if whole > 0:
                events[end] = n
                end += 1
        pointer[t + 1] = end
    return Fired(events[:end].copy(), pointer)
