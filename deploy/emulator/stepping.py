"""All compartments of any network, step by step: nengo_loihi's ``EmulatorInterface`` without learning or noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernels import compiled, wrapped


@compiled
def run_steps(
    steps: int,
    given: Any,
    fan_pointer: Any,
    fan_row: Any,
    fan_base: Any,
    row_pointer: Any,
    targets: Any,
    weights: Any,
    vth: Any,
    vmin: Any,
    vmax: Any,
    bias: Any,
    decay_u: Any,
    decay_v: Any,
    refractory: Any,
    current: Any,
    voltage: Any,
    waiting: Any,
    fired: Any,
    spikes: Any,
    voltages: Any,
    overflow: Any,
) -> int:
    """Writes ``spikes`` and ``voltages``, updates the state and ``overflow`` in place; returns the weights added.

    ``fired`` are all sources, compartments first; ``given``, shape (steps, inputs), what the inputs fire in each step.
    """
    n = vth.size
    sums = np.zeros(n, np.int32)
    added = 0
    for t in range(steps):
        sums[:] = 0
        for source in range(fired.size):
            if fired[source]:
                for line in range(fan_pointer[source], fan_pointer[source + 1]):
                    base, row = fan_base[line], fan_row[line]
                    added += row_pointer[row + 1] - row_pointer[row]
                    for w in range(row_pointer[row], row_pointer[row + 1]):
                        sums[base + targets[w]] += weights[w]
        for c in range(n):
            q = np.int64(sums[c])
            held = wrapped(q, 21)
            overflow[0] += held != q
            u = decayed(np.int64(current[c]), 4096 - 1 - np.int64(decay_u[c])) + held
            held = wrapped(u, 23)
            overflow[1] += held != u
            current[c] = held
            u2 = held + bias[c]
            held = wrapped(u2, 23)
            overflow[2] += held != u2
            v = decayed(np.int64(voltage[c]), 4096 - np.int64(decay_v[c])) + held
            overflow[3] += v > vmax[c]
            v = min(max(v, np.int64(vmin[c])), np.int64(vmax[c]))
            if waiting[c] > 0:
                v = np.int64(0)
            spike = v > vth[c]
            if spike:
                v = np.int64(0)
                waiting[c] = refractory[c]
            waiting[c] = max(waiting[c] - 1, 0)
            voltage[c] = v
            fired[c] = spike
            spikes[t, c] = spike
            if voltages.shape[0] > 0:
                voltages[t, c] = v
        for c in range(given.shape[1]):
            fired[n + c] = given[t, c]
    return added


@compiled
def decayed(x: Any, factor: Any) -> Any:
    """sign(x) * (|x| * factor >> 12). Source: nengo_loihi, ``decay_int``."""
    left = (abs(x) * factor) >> 12
    return left if x >= 0 else -left
