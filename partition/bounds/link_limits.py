"""What links carry of the flows of ``rooted_flows``, and the nearest flows that they can carry. All compiled.

A link carries the sum of the largest flows along it whose roots fit a chip together, and of the largest against it. A
flow is stored as what it is for each core of its root: most roots are blocks of one core.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.numba_jit import compiled

PRECISION = 1e-4
"""How near the projection comes to a link's limit, relative to it. Chosen by hand: a bound scales its flows to fit."""
PARTS = 8
"""Parts of the links whose flows are summed apart, so that the sum does not depend on the number of threads."""
MOST_TRIES = 30
"""At most so many steps of a bracketed search; some five are the rule. A limit only."""


class Links(NamedTuple):
    """Link e, of ``weight`` messages, may have the flows ``first[e]`` to ``first[e + 1]``, of roots of this ``size``.

    ``here`` and ``there`` number the pairs of a flow's root and the two ends of its link; the number after those of all
    ``pairs`` stands for a block and itself.
    """

    weight: Floats
    first: Ints
    size: Floats
    here: Ints
    there: Ints
    pairs: int


class Thresholds(NamedTuple):
    """For each link where its last projection ended, and the next begins: ``cut`` is taken off the largest flows.

    Those along the link are left at ``along`` at least, those against it at ``against``.
    """

    cut: Floats
    along: Floats
    against: Floats


@compiled(parallel=True)
def push(links: Links, flow: Floats, shared: Floats, step: float, capacity: int, thresholds: Thresholds) -> None:
    """Raises every flow by the difference of ``shared``, a number for each pair, between the ends of its link.

    ``step`` is in units of a link's messages; then ``flow`` becomes the nearest that links can carry.
    """
    for e in numba.prange(len(links.weight)):
        first, end = links.first[e], links.first[e + 1]
        rise = step * links.weight[e]
        for k in range(first, end):
            flow[k] += rise * (shared[links.here[k]] - shared[links.there[k]])
        _project(flow[first:end], links.size[first:end], links.weight[e], capacity, thresholds, e)


@compiled(parallel=True)
def carried(links: Links, flow: Floats, capacity: int) -> Floats:
    """What each link carries, relative to its messages."""
    load = np.zeros(len(links.weight))
    for e in numba.prange(len(links.weight)):
        first, end = links.first[e], links.first[e + 1]
        load[e] = _load(flow[first:end], links.size[first:end], capacity) / links.weight[e]
    return load


@compiled(parallel=True)
def arriving(links: Links, flow: Floats) -> Floats:
    """What each pair of blocks gets of the flows of the one to the other, less what leaves there; shape (pairs,)."""
    sums = np.zeros((PARTS, links.pairs + 1))
    for part in numba.prange(PARTS):
        first = len(flow) * part // PARTS
        for k in range(first, len(flow) * (part + 1) // PARTS):
            sums[part, links.here[k]] -= links.size[k] * flow[k]
            sums[part, links.there[k]] += links.size[k] * flow[k]
    total: Floats = sums.sum(axis=0)[: links.pairs]
    return total


@compiled()
def _load(flow: Floats, size: Floats, capacity: int) -> float:
    """Sums of the largest flows of either sign, of the last one as much as still fits."""
    order = np.argsort(np.abs(flow))
    along, against, total = float(capacity), float(capacity), 0.0
    for k in order[::-1]:
        if flow[k] > 0:
            total += flow[k] * min(size[k], along)
            along -= min(size[k], along)
        else:
            total -= flow[k] * min(size[k], against)
            against -= min(size[k], against)
    return total


@compiled()
def _project(flow: Floats, size: Floats, limit: float, capacity: int, thresholds: Thresholds, e: int) -> None:
    """``flow`` moved as little as possible, in the sum of squares, until link ``e`` carries no more than ``limit``.

    The largest flows lose ``cut`` each but fall to no less than their direction's level, at which those rest that the
    sum counts in part: the condition of the least for the sum of the largest.
    """
    total = (size * np.abs(flow)).sum()
    if total <= limit or (size.sum() > capacity and total <= 3 * limit and _load(flow, size, capacity) <= limit):
        thresholds.cut[e] *= 0.5
        return
    highest = max(np.abs(flow).max(), total / capacity)  # such a cut leaves nothing
    low, high, over, under = 0.0, highest, total - limit, -limit
    along, against = thresholds.along[e], thresholds.against[e]
    cut = thresholds.cut[e] if 0 < thresholds.cut[e] < highest else 0.1 * highest
    for _ in range(MOST_TRIES):
        along = _level(flow, size, cut, capacity, 1.0, along)
        against = _level(flow, size, cut, capacity, -1.0, against)
        excess = _left(flow, size, cut, capacity, along, against) - limit
        if abs(excess) < PRECISION * limit:
            break
        if excess > 0:
            low, over = cut, excess
        else:
            high, under = cut, excess
        width = high - low
        cut = min(max(low + width * over / (over - under), low + 0.05 * width), high - 0.05 * width)
    thresholds.cut[e], thresholds.along[e], thresholds.against[e] = cut, along, against
    for k in range(len(flow)):
        height, level = abs(flow[k]), along if flow[k] > 0 else against
        flow[k] = np.sign(flow[k]) * min(height, max(height - cut, level))


@compiled()
def _level(flow: Floats, size: Floats, cut: float, count: int, sign: float, level: float) -> float:
    """The least level >= 0 at which the flows of ``sign`` above it, each counted up to ``cut``, have size ``count``."""
    low, high = 0.0, np.inf
    for _ in range(MOST_TRIES):
        above, slope = 0.0, 0.0
        for k in range(len(flow)):
            over = sign * flow[k] - level
            if over >= cut:
                above += size[k]
            elif over > 0:
                above += size[k] * over / cut
                slope += size[k]
        if abs(above - count) < 1e-6 * count or (above < count and level == 0.0):
            break
        if above > count:
            low = level
        else:
            high = level
        new = level + (above - count) * cut / slope if slope else -1.0
        if not low < new < high:
            if new <= 0.0 and low == 0.0 and above < count:
                new = 0.0
            else:
                new = 0.5 * (low + high) if high < np.inf else 2.0 * level + cut
        level = new
    return level


@compiled()
def _left(flow: Floats, size: Floats, cut: float, capacity: int, along: float, against: float) -> float:
    """What the link carries after the projection with this ``cut`` and these levels."""
    total = capacity * (along + against)
    for k in range(len(flow)):
        level = along if flow[k] > 0 else against
        total += size[k] * max(abs(flow[k]) - cut - level, 0.0)
    return total
