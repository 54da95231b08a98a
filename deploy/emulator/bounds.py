"""Whether a sum, a current or a voltage of a layer can leave its register, whatever the layer's sources fire."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from convert.network.neuron import DECAY_ONE
from deploy.arrays import Int32
from partition.geometry.links import Link, MatrixLink

from .integers import KernelIntegers, LinkIntegers, PopulationIntegers, SparseIntegers
from .widths import Q_BITS, U_BITS, UNIT_BITS, VMAX


def largest_current(of: PopulationIntegers) -> int | None:
    """What no current exceeds in size; None if it or a voltage may overflow, or if a weight is not made of whole units.

    A source fires once in a step at most. From rest a current is at most what the largest sum in each step adds up to,
    and a voltage is not above the threshold when a step begins. A sum that leaves the accumulator wraps within it.
    """
    if not all(_in_units(values) for _, values in of.links):
        return None
    kept = DECAY_ONE - 1 - of.decay_u
    current = -(-min(_largest(of), 1 << Q_BITS) * DECAY_ONE // (DECAY_ONE - kept)) + 1
    driven = current + _size(of.bias)
    return current if driven < 1 << U_BITS and _size(of.vth) + driven <= VMAX else None


def sums_wrap(of: PopulationIntegers) -> bool:
    """Whether a sum may leave the accumulator."""
    return _largest(of) >= 1 << Q_BITS


def _largest(of: PopulationIntegers) -> int:
    return sum(_largest_sum(values, link) for link, values in of.links)


def _size(values: Int32) -> int:
    return int(np.abs(values.astype(np.int64)).max(initial=0))


@singledispatch
def _largest_sum(values: LinkIntegers, link: Link) -> int:
    """At least the sum of the positive weights into any neuron, and that of the sizes of the negative ones: no sum of
    some of its weights is larger."""
    raise TypeError(f"no bound of {type(values).__name__}")


@_largest_sum.register
def _(values: KernelIntegers, link: Link) -> int:
    signed = (sign * kernel.astype(np.int64) for kernel in values.kernels for sign in (1, -1))
    return max((int(np.maximum(weights, 0).sum(axis=(0, 1, 2)).max(initial=0)) for weights in signed), default=0)


@_largest_sum.register
def _(values: SparseIntegers, link: MatrixLink) -> int:
    row = np.repeat(np.arange(link.matrix.shape[0]), np.diff(link.matrix.indptr))
    signed = (sign * values.weights.astype(np.float64) for sign in (1, -1))
    return max(int(np.bincount(row, np.maximum(weights, 0), minlength=1).max()) for weights in signed)


def _in_units(values: LinkIntegers) -> bool:
    of_all = values.kernels if isinstance(values, KernelIntegers) else (values.weights,)
    return all(not (weights & ((1 << UNIT_BITS) - 1)).any() for weights in of_all)
