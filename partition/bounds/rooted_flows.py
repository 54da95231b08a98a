"""A sharper lower bound for any number of chips: flows from every block, of which a link counts those of two chips.

As in ``spreading_metric`` every block, here a root, sends flows to the blocks around it, and what has to leave its chip
crosses links between chips. But a link between two chips is crossed by what leaves these two, and a chip holds at most
``capacity`` roots: so a link is charged with the ``capacity`` largest flows along it and the ``capacity`` largest
against it, not with all of them.

The proof: let b_rj be what block j gets of the flow of root r, B_ij = b_ij + b_ji, and let no link be charged with more
than its messages. What leaves all chips is the sum of B_ij over the pairs on different chips, and no more than the
messages on the links between them. For any prices p >= 0 it is at least the sum of min(B_ij, p_i + p_j) over all pairs
less ``capacity`` - 1 times all prices, since a block shares its chip with no more others. Blocks may also have sizes
n_i, of which a chip holds ``capacity``: then the minima are of B_ij and n_i n_j (p_i + p_j), less the sum of
n_i (``capacity`` - n_i) p_i.

Flows and prices come from the primal-dual hybrid gradient method (Chambolle, Pock, J. Math. Imaging Vis. 40, 2011) for
this linear program; on its other side X_ij says how far two blocks share a chip. Flows are scaled until they fit, so
the bound holds however far the method came.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from partition.geometry.blocks import Floats, Ints
from partition.traffic.unicast import TrafficGraph

from .link_limits import Links, Thresholds, arriving, carried, push
from .spreading_metric import spread

NEAR = 3
"""Every root sends flows to the nearest so many chips' blocks. Chosen: in a plane two chips' blocks share a chip with a
block at times, and the lengths that say what is near are not the last ones."""
MOST_FLOWS = 30_000_000
"""About so many flows at most, on all links together: some 1 GiB. Beyond, roots send flows to fewer blocks."""
BALANCE = 0.03
"""The steps of flows over those of X, in units of the links' messages. Chosen by hand among 0.03, 0.1, 0.3 and more on
the U-Net and on grids: any value gives a bound."""
STEPS_PER_BOUND = 20
"""Steps between two bounds, which cost as much as one."""
PROVED = 0.999
"""The search ends when this share of the messages is proved."""
ROUNDING_ERROR = 1e-10
"""What sums in double precision may be off, relative to the sizes of their terms."""


class Near(NamedTuple):
    """The pairs of blocks (``i``, ``j``) near each other, i < j, and their ``distance``; the ``size`` of each block."""

    size: Floats
    i: Ints
    j: Ints
    distance: Floats

    @property
    def both(self) -> Floats:
        """The product of the two sizes of each pair."""
        return np.asarray(self.size[self.i] * self.size[self.j])

    def beside(self, values: Floats) -> Floats:
        """For each block the sum over its pairs of ``values`` times the other block's size."""
        blocks = len(self.size)
        to_i = np.bincount(self.i, values * self.size[self.j], blocks)
        return np.asarray(to_i + np.bincount(self.j, values * self.size[self.i], blocks))


def flow_bound(graph: TrafficGraph, capacity: int, messages: float, seconds: float, size: Ints | None = None) -> float:
    """Messages per time step that cross between chips of ``capacity`` cores however the blocks are placed.

    ``messages`` are those of a placement that was found: the search ends when nearly as much is proved, or after
    ``seconds``. ``size`` are the cores of each block, 1 if not given.
    """
    sizes = np.ones(graph.blocks) if size is None else size.astype(np.float64)
    if sizes.sum() <= capacity or graph.symmetric.nnz == 0:
        return 0.0
    end_s = time.monotonic() + seconds
    near, links = _near(graph, capacity, sizes)
    shared = _shared_at_first(near, capacity)
    flow, price, best = np.zeros(len(links.here)), np.zeros(graph.blocks), 0.0
    thresholds = Thresholds(*(np.zeros(len(links.weight)) for _ in range(3)))
    ends = np.repeat(links.weight, np.diff(links.first)) * links.size
    through = (np.bincount(links.here, ends, links.pairs + 1) + np.bincount(links.there, ends, links.pairs + 1))[:-1]
    both = near.both
    unit = float(through.mean() / both.mean()) / 2
    price_step = BALANCE * unit / np.maximum(near.beside(np.ones(links.pairs)), 1)
    ahead, steps, in_time = shared.copy(), 0, True
    while in_time and best < PROVED * messages:
        push(links, flow, ahead, BALANCE / 2, capacity, thresholds)
        price = np.maximum(0, price + price_step * (near.beside(ahead[:-1]) - (capacity - sizes)))
        pull = both * (price[near.i] + price[near.j]) - arriving(links, flow)
        new = np.clip(shared[:-1] - pull / (BALANCE * (through + 2 * unit * both)), 0.0, 1.0)
        ahead[:-1], shared[:-1] = 2 * new - shared[:-1], new
        steps, in_time = steps + 1, time.monotonic() < end_s
        if steps % STEPS_PER_BOUND == 0 or not in_time:
            best = max(best, proved_by(links, near, flow, price, capacity))
    return float(min(best, messages))


def proved_by(links: Links, near: Near, flow: Floats, price: Floats, capacity: int) -> float:
    """The messages that ``flow`` and ``price`` prove, once the flows are scaled to what the links can carry."""
    scale = 1.0 / max(1.0, float(carried(links, flow, capacity).max()) * (1 + ROUNDING_ERROR))
    got, price = arriving(links, flow) * scale, price * scale
    paid = float((near.size * (capacity - near.size)) @ price)
    rounding = ROUNDING_ERROR * float(np.abs(got).sum() + capacity * (near.size @ price))
    return float(np.minimum(got, near.both * (price[near.i] + price[near.j])).sum()) - paid - rounding


def _near(graph: TrafficGraph, capacity: int, size: Floats) -> tuple[Near, Links]:
    """The pairs that are near each other, and on each link the flows of the roots that are near both of its ends."""
    weights = graph.symmetric
    length = spread(graph, max(1, int(capacity / size.mean())), in_time=lambda: False).length
    lengths = sparse.csr_array((length, weights.indices, weights.indptr), shape=weights.shape)
    most = max(1, min(graph.blocks, 2 * MOST_FLOWS // weights.nnz))
    distances = _nearest(lengths, most, size, NEAR * capacity)
    upper = sparse.triu(distances, 1).tocoo()
    pairs = upper.nnz
    number = sparse.coo_array((np.arange(1, pairs + 1), upper.coords), shape=weights.shape)
    number = (number + number.T + (pairs + 1) * sparse.eye_array(graph.blocks, dtype=np.int64)).tocsr()
    link = sparse.triu(weights, 1).tocoo()
    at_here, at_there = number[link.coords[0]], number[link.coords[1]]
    here, there = at_here.multiply(at_there > 0).tocsr(), (at_here > 0).multiply(at_there).tocsr()
    first, sizes = here.indptr.astype(np.int64), size[here.indices]
    links = Links(link.data, first, sizes, _from_zero(here), _from_zero(there), pairs)
    i, j = (ends.astype(np.int64) for ends in upper.coords)
    return Near(size, i, j, upper.data), links


def _from_zero(numbers: sparse.csr_array) -> Ints:
    return np.asarray(numbers.data - 1, np.int32)


def _nearest(lengths: sparse.csr_array, most: int, size: Floats, enough: float, batch: int = 256) -> sparse.csr_array:
    """The distances of pairs of which one is among the other's nearest: ``enough`` in size, but at most so many.

    Symmetric, shape (blocks, blocks).
    """
    blocks = lengths.shape[0]
    found = []
    for first in range(0, blocks, batch):
        roots = np.arange(first, min(first + batch, blocks))
        distance = dijkstra(lengths, directed=False, indices=roots)
        others = np.argsort(distance, axis=1, kind="stable")[:, :most]
        values = np.take_along_axis(distance, others, axis=1)
        root = np.broadcast_to(roots[:, None], others.shape)
        reached = np.isfinite(values) & (others != root) & (np.cumsum(size[others], axis=1) <= enough)
        found.append((values[reached], root[reached], others[reached]))
    values, roots, others = (np.concatenate(parts) for parts in zip(*found, strict=True))
    one_way = sparse.coo_array((np.maximum(values, 1e-300), (roots, others)), shape=lengths.shape).tocsr()
    return one_way.maximum(one_way.T).tocsr()


def _shared_at_first(near: Near, capacity: int) -> Floats:
    """X at first: 1 less the distance, in the unit in which a block shares its chip with ``capacity`` - 1 others."""
    unit, wanted = float(np.median(near.distance)), float((near.size * (capacity - near.size)).sum())
    for _ in range(30):
        shared = np.maximum(0.0, 1.0 - near.distance / unit)
        unit *= float(np.sqrt(max(wanted, 0.1) / max(float(near.size @ near.beside(shared)), 1e-9)))
    return np.append(shared, 1.0)
