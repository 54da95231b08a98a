"""A row of neurons in which something overflows, and the arithmetic of the chip's registers."""

from __future__ import annotations

from convert.network.neuron import DECAY_BITS

from .arguments import Neurons, Places, Potentials, Work
from .numba_jit import compiled
from .program import LANES
from .widths import Q_BITS, U_BITS, VMAX


@compiled
def wrapped(x: int, bits: int) -> int:
    """``x`` as a signed number of ``bits`` bits and sign. Source: nengo_loihi, ``overflow_signed``."""
    half = 1 << bits
    return ((x + half) & (2 * half - 1)) - half


@compiled
def decayed(x: int, factor: int) -> int:
    """sign(x) * (|x| * factor >> 12). Source: nengo_loihi, ``decay_int``."""
    left = (abs(x) * factor) >> DECAY_BITS
    return left if x >= 0 else -left


@compiled
def careful_row(now: Potentials, after: Potentials, neurons: Neurons, at: Places, work: Work) -> None:
    """``lanes.update_row`` where something overflows: wraps, and counts in ``work.wrong``."""
    wrong = work.wrong
    for vector in range(neurons.stride // LANES):
        bits = 0
        for lane in range(LANES):
            n = vector * LANES + lane
            q = int(work.sums[at.neuron + n])
            held = wrapped(q, Q_BITS)
            wrong[0] += held != q
            current = decayed(int(now.u[at.neuron + n]), neurons.decay) + held
            held = wrapped(current, U_BITS)
            wrong[1] += held != current
            after.u[at.neuron + n] = held
            driven = held + int(neurons.bias[at.bias + n])
            held = wrapped(driven, U_BITS)
            wrong[2] += held != driven
            voltage = decayed(int(now.v[at.neuron + n]), neurons.kept) + held
            wrong[3] += voltage > VMAX
            voltage = min(max(voltage, int(neurons.vmin[at.threshold + n])), VMAX)
            if voltage > neurons.vth[at.threshold + n]:
                bits |= 1 << lane
                voltage = 0
            after.v[at.neuron + n] = voltage
        work.spiked[vector] = bits
