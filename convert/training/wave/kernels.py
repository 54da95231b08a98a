"""The compiled loops on one layer and one image: spikes to drive, and drive to spikes.

Steps count from the first at which a population can get any spike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convert.network.neuron import DECAY_BITS, DECAY_ONE
from convert.training.wave.vectors import add
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
    """The spikes of one population on one image: the neurons that fire, step by step, and the pixels that they are of.

    Those of step t are ``neurons[pointer[t] : pointer[t + 1]]``.
    """

    neurons: Int32
    pixels: Int32
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


class Spread(NamedTuple):
    """A kernel as a product of matrices needs it: ``weights`` (channels here, rows x columns x channels there) with
    columns of zeros to whole vectors.

    ``runs`` (columns here, runs, 3) are taps side by side that reach columns side by side: the first column, the first
    tap, and how many.
    """

    weights: Float32
    to_row: Int64
    runs: Int64


class Kernel(NamedTuple):
    """A shared kernel (rows, columns, channels in, channels out), packed for spikes and spread for gradients."""

    weights: Float32
    forward: Packed
    backward: Spread


class Synapses(NamedTuple):
    """Single synapses by source, neuron n's from ``pointer[n]`` to ``pointer[n + 1]``; ``place`` is the weight's.

    ``same``: each neuron reaches the one of its own number, by the weight of that number.
    """

    weights: Float32
    pointer: Int64
    target: Int64
    place: Int64
    same: bool


class Surrogate(NamedTuple):
    """The derivative of a spike with respect to the voltage in thresholds; half of ``width`` on either side."""

    kind: int
    width: float
    height: float


class Neurons(NamedTuple):
    """Integers of one layer: threshold and floor, bias from step ``start`` on and pulse at it, both (neurons,).

    Of a voltage a step leaves ``kept`` 4096ths.
    """

    threshold: float
    floor: float
    start: int
    bias: Float32
    pulse: Float32
    kept: int = DECAY_ONE


@cached_njit(nogil=True, error_model="numpy")
def bring_kernel(fired: Fired, lag: int, kernel: Packed, drive: Float32) -> None:
    """Adds to ``drive`` (steps, rows, columns x channels) what the spikes of step t bring in step t + ``lag``."""
    columns, (_, rows, channels, longest) = kernel.columns, kernel.weights.shape
    width = longest // columns.taps.shape[1]
    for t in range(max(0, -lag), min(fired.pointer.size - 1, len(drive) - lag)):
        for e in range(fired.pointer[t], fired.pointer[t + 1]):  # no loop whose end nobody can foretell within
            r, c, i = place_of(fired, e, columns.first.size, channels)
            start, length = columns.first[c] * width, columns.number[c] * width
            for y in range(rows):
                row = kernel.to_row[y, r]
                if row >= 0:
                    add(kernel.weights[columns.variant[c], y, i], drive[t + lag, row, start : start + length])


@cached_njit(nogil=True, inline="always")
def place_of(fired: Fired, e: int, columns: int, channels: int) -> tuple[np.uint32, np.uint32, np.uint32]:
    """The row, column and channel of spike ``e``."""
    pixel = np.uint32(fired.pixels[e])
    r = pixel // np.uint32(columns)
    return r, pixel - r * np.uint32(columns), np.uint32(fired.neurons[e]) - pixel * np.uint32(channels)


@cached_njit(nogil=True)
def bring_synapses(fired: Fired, lag: int, synapses: Synapses, drive: Float32) -> None:
    """The same by single synapses; ``drive`` has shape (steps, neurons)."""
    for t in range(max(0, -lag), min(fired.pointer.size - 1, len(drive) - lag)):
        for e in range(fired.pointer[t], fired.pointer[t + 1]):
            n = fired.neurons[e]
            for s in range(synapses.pointer[n], synapses.pointer[n + 1]):
                drive[t + lag, synapses.target[s]] += synapses.weights[synapses.place[s]]


@cached_njit(nogil=True, error_model="numpy")
def fire(drive: Float32, channels: int, neurons: Neurons, voltages: Float32) -> Fired:
    """Loihi's integers step by step, in place of ``drive`` (steps, neurons), ``channels`` a pixel; their spikes.

    ``voltages``, of the same shape, are kept in thresholds, before the reset.
    """
    steps, size = drive.shape
    current, voltage = np.zeros(size, np.float32), np.zeros(size, np.float32)
    threshold, lowest = np.float32(neurons.threshold), np.float32(neurons.floor)
    kept, unit, per_threshold = np.float32(CURRENT_KEPT), np.float32(1 / 64), np.float32(1) / threshold
    for t in range(steps):
        arrived, seen = drive[t], voltages[t]
        if t >= neurons.start:
            add(neurons.bias, arrived)
        if t == neurons.start:
            add(neurons.pulse, arrived)
        if neurons.kept < DECAY_ONE:
            leak(voltage, neurons.kept)
        for n in range(size):  # without a branch: sixteen neurons at once
            u = arrived[n] + np.trunc(current[n] * kept) * unit
            current[n] = u
            v = max(voltage[n] + u, lowest)
            below = min(v * per_threshold, np.float32(1))
            below = np.float32(AT_FLOOR) if v == lowest else below
            seen[n] = max(v * per_threshold, np.float32(ABOVE)) if v > threshold else below
            voltage[n] = np.float32(0) if v > threshold else v
    return _listed(voltages, channels)


@cached_njit(nogil=True, error_model="numpy")
def leak(voltages: Float32, kept: int) -> None:
    """What a step leaves of ``voltages``, in place: sign(v) * (|v| * kept >> 12) in the core's integers, 64 of ours."""
    for n in range(voltages.size):
        left = (np.int64(abs(voltages[n]) * np.float32(64)) * kept) >> DECAY_BITS
        voltages[n] = np.copysign(np.float32(left) * np.float32(1 / 64), voltages[n])


@cached_njit(nogil=True, error_model="numpy")
def _listed(voltages: Float32, channels: int) -> Fired:
    """The neurons whose ``voltages`` (steps, neurons), ``channels`` a pixel, are above 1."""
    steps, size = voltages.shape
    pointer = np.zeros(steps + 1, np.int64)
    for t in range(steps):
        number, seen = np.int32(0), voltages[t]
        for n in range(size):
            number += np.int32(seen[n] > np.float32(1))
        pointer[t + 1] = pointer[t] + number
    neurons, pixels = np.empty(pointer[-1] + 1, np.int32), np.empty(pointer[-1], np.int32)
    end = np.uint64(0)
    for t in range(steps):
        seen = voltages[t]
        for n in range(size):  # without a branch: nobody foretells who fires
            neurons[end] = n
            end += np.uint64(seen[n] > np.float32(1))
    for e in range(pixels.size):
        pixels[e] = np.uint32(neurons[e]) // np.uint32(channels)
    return Fired(neurons[:-1], pixels, pointer)


@cached_njit(nogil=True)
def counted(neurons: Int32, size: int) -> Float32:
    """The number of spikes of each of ``size`` neurons."""
    counts = np.zeros(size, np.float32)
    for n in neurons:
        counts[n] += 1
    return counts


@cached_njit(nogil=True)
def integrated(per_step: NDArray[np.float64], whole: NDArray[Any]) -> None:
    """How often host neurons that ``per_step`` thresholds (neurons,) drive cross theirs, to ``whole`` (steps, neurons):
    what is whole in the voltage fires."""
    voltage = np.zeros(per_step.size)
    for t in range(len(whole)):
        for n in range(per_step.size):
            voltage[n] += max(per_step[n], 0.0)
            above = np.floor(voltage[n])
            voltage[n] -= above
            whole[t, n] = above


def encoded(per_step: NDArray[np.float64], channels: int, steps: int) -> Fired:
    """Spikes of host neurons that ``per_step`` thresholds (neurons,) drive, ``channels`` a pixel."""
    whole = np.zeros((steps, per_step.size), np.float32)
    integrated(per_step, whole)
    return _listed(np.float32(2) * whole, channels)


def replayed(events: Float32, channels: int) -> Fired:
    """Spikes of host neurons that send on ``events``, how many there are (steps, neurons), ``channels`` a pixel: one
    for several in a step."""
    return _listed(np.where(events > 0, np.float32(2), np.float32(0)), channels)
