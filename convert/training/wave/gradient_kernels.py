"""The compiled loops of the gradient on one layer and one image: from spikes to drive, and from drive to weights and to
the spikes of the sources."""

from __future__ import annotations

import numpy as np

from convert.network.neuron import DECAY_ONE
from convert.training.wave.kernels import (
    AT_FLOOR,
    RECTANGLE,
    TRIANGLE,
    Fired,
    Float32,
    Neurons,
    Packed,
    Spread,
    Surrogate,
    Synapses,
    place_of,
)
from convert.training.wave.vectors import add, product
from convert.upstream.numba_cache import cached_njit

PRODUCT = 6144
"""Floats of a product of matrices that are at work at a time: they fit the innermost cache, as what comes of it is
added where it belongs."""

AT_A_TIME = 1024
"""Neurons whose gradients are at work at a time: they fit the innermost cache."""


@cached_njit(nogil=True, error_model="numpy")
def times_derivative(voltages: Float32, surrogate: Surrogate, of_spikes: Float32) -> None:
    """``of_spikes`` times the surrogate's derivative of a spike with respect to its voltage, in place."""
    one, height = np.float32(1), np.float32(surrogate.height)
    per_width, quarter_turn = one / np.float32(surrogate.width), np.float32(np.pi / 2)
    if surrogate.kind == TRIANGLE:
        for n in range(voltages.size):
            of_spikes[n] *= height * max(np.float32(0), one - abs(voltages[n] - one) * per_width)
    elif surrogate.kind == RECTANGLE:
        for n in range(voltages.size):
            of_spikes[n] *= height if abs(voltages[n] - one) * per_width < one else np.float32(0)
    else:
        for n in range(voltages.size):
            distance = quarter_turn * abs(voltages[n] - one) * per_width
            of_spikes[n] *= height / (one + distance * distance)


@cached_njit(nogil=True)
def fire_backward(
    voltages: Float32,
    neurons: Neurons,
    of_spikes: Float32,
    of_counts: Float32,
    surrogate: Surrogate,
    of_constants: Float32,
) -> None:
    """Gradients with respect to spikes (steps, neurons) become, in place, those with respect to drive in thresholds.

    ``of_counts`` (neurons,) is one with respect to every spike. Added to ``of_constants`` (2, neurons): that of the
    biases, which act from the ``neurons``' start on, and of the pulses. No gradient goes through a reset or the floor.
    """
    steps, size = voltages.shape
    start, leftover = neurons.start, np.float32(neurons.kept / DECAY_ONE)
    later = np.zeros(min(size, AT_A_TIME), np.float32)
    for first in range(0, size, AT_A_TIME):
        end = min(size, first + AT_A_TIME)
        later[:] = 0
        for t in range(steps - 1, -1, -1):
            seen, of = voltages[t, first:end], of_spikes[t, first:end]
            add(of_counts[first:end], of)
            times_derivative(seen, surrogate, of)
            for n in range(of.size):  # without a branch: sixteen neurons at once
                through = of[n] + (np.float32(0) if seen[n] > np.float32(1) else leftover * later[n])
                later[n] = np.float32(0) if seen[n] == np.float32(AT_FLOOR) else through
                of[n] = later[n]
            if t >= start:
                add(of, of_constants[0, first:end])
            if t == start:
                add(of, of_constants[1, first:end])


@cached_njit(nogil=True, error_model="numpy")
def kernel_backward(fired: Fired, lag: int, kernel: Packed, of_drive: Float32, of_packed: Float32) -> None:
    """Adds to ``of_packed`` the gradient that ``of_drive`` (steps, rows, columns x channels) gives packed weights."""
    columns, (_, rows, channels, longest) = kernel.columns, of_packed.shape
    width = longest // columns.taps.shape[1]
    for t in range(max(0, -lag), min(fired.pointer.size - 1, len(of_drive) - lag)):
        for e in range(fired.pointer[t], fired.pointer[t + 1]):
            r, c, i = place_of(fired, e, columns.first.size, channels)
            start, length = columns.first[c] * width, columns.number[c] * width
            for y in range(rows):
                row = kernel.to_row[y, r]
                if row >= 0:
                    add(of_drive[t + lag, row, start : start + length], of_packed[columns.variant[c], y, i, :length])


@cached_njit(nogil=True, error_model="numpy")
def kernel_to_source(lag: int, kernel: Spread, shape: tuple[int, int], of_drive: Float32, of_source: Float32) -> None:
    """Adds to ``of_source`` (steps, rows, columns x channels) what ``of_drive`` (steps, pixels x channels) gives the
    source's spikes; ``shape``: taps in a row of them, channels there. ``kernel`` is in thresholds."""
    channels, length = kernel.weights.shape
    pixels, weights = of_drive.shape[1] // channels, kernel.weights.reshape(-1)
    most = max(4, PRODUCT // length)
    brought = np.empty((most, length), np.float32)
    for t in range(max(0, -lag), min(len(of_source), len(of_drive) - lag)):
        for start in range(0, pixels, most):
            number = min(most, pixels - start)
            product(of_drive[t + lag], start * channels, number, channels, weights, length, brought.reshape(-1))
            add_spread(kernel, shape, brought[:number], start, of_source[t])


@cached_njit(nogil=True, error_model="numpy")
def add_spread(kernel: Spread, shape: tuple[int, int], brought: Float32, start: int, of_source: Float32) -> None:
    """Adds to ``of_source`` (rows, columns x channels) what the pixels from ``start`` on have ``brought``."""
    rows, (taps, width) = len(kernel.to_row), shape
    r, c = divmod(start, len(kernel.runs))
    for p in range(len(brought)):
        for y in range(rows):
            row = kernel.to_row[y, r]
            for k in range(kernel.runs.shape[1] if row >= 0 else 0):
                column, tap, number = kernel.runs[c, k]
                first = (y * taps + tap) * width
                add(
                    brought[p, first : first + number * width],
                    of_source[row, column * width : (column + number) * width],
                )
        c += 1
        if c == len(kernel.runs):
            r, c = r + 1, 0


@cached_njit(nogil=True)
def synapses_backward(fired: Fired, lag: int, synapses: Synapses, of_drive: Float32, of_weights: Float32) -> None:
    """Adds to ``of_weights`` the gradient that ``of_drive`` (steps, neurons) gives the single synapses."""
    for t in range(max(0, -lag), min(fired.pointer.size - 1, len(of_drive) - lag)):
        for e in range(fired.pointer[t], fired.pointer[t + 1]):
            n = fired.neurons[e]
            for s in range(synapses.pointer[n], synapses.pointer[n + 1]):
                of_weights[synapses.place[s]] += of_drive[t + lag, synapses.target[s]]


@cached_njit(nogil=True)
def synapses_to_source(lag: int, synapses: Synapses, of_drive: Float32, of_source: Float32) -> None:
    """Adds to ``of_source`` (steps, neurons) what ``of_drive`` gives the source's spikes."""
    for t in range(max(0, -lag), min(of_source.shape[0], of_drive.shape[0] - lag)):
        if synapses.same:
            into, of = of_source[t], of_drive[t + lag]
            for n in range(into.size):
                into[n] += of[n] * synapses.weights[n]
            continue
        for n in range(of_source.shape[1]):
            for s in range(synapses.pointer[n], synapses.pointer[n + 1]):
                of_source[t, n] += of_drive[t + lag, synapses.target[s]] * synapses.weights[synapses.place[s]]
