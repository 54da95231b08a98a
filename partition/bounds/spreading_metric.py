"""A certified lower bound on the messages between chips, for given tiles and any placement on chips of one capacity.

Let d be 1 between blocks on different chips and 0 else. A chip holds at most ``capacity`` blocks, so from every block i
and for every set S of blocks, the distances to S sum to at least |S| - capacity; and a path between chips has a link of
length 1. The least messages on links under these conditions alone, with any lengths >= 0, bound every placement from
below. Source: Even, Naor, Rao, Schieber, SIAM J. Comput. 28(6), 1999 (spreading metrics).

The dual packs shortest-path trees: a tree from i that sends one unit to each block of S earns |S| - capacity, and no
link may carry more than its messages. Any packing, scaled until it fits, is a bound. A good one is found by Frank-Wolfe
steps with lengths that grow with the load: what is full becomes long, and trees avoid it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.numba_jit import compiled
from partition.traffic.unicast import Adjacency, TrafficGraph

TREE_SWEEPS = 60
"""At most so many times is a tree grown from every block. A limit for small networks, chosen by hand."""
MOST_VISITS = 4e8
"""About so many links are looked at in all, a tree visiting some three chips' blocks. A limit for large networks,
chosen by hand."""
BATCHES = 32
"""Steps in a sweep: a step takes a batch of blocks, and the lengths follow. Chosen by hand."""
LENGTH_GROWTH = 0.3
"""The length of a full link over that of an empty one is e to this times the root of the number of steps. Chosen by
hand: any value gives a bound, the proof does not depend on it."""
PARTS = 8
"""Parts of a batch whose trees are summed apart, so that the sum does not depend on the number of threads."""


class _Links(NamedTuple):
    """Links of each block, from ``first[i]`` to ``first[i + 1]``: the block at the other end, and their length."""

    first: Ints
    other: Ints
    length: Floats


class _Tree(NamedTuple):
    """A shortest-path tree and its heap. ``order``: the blocks in the order of their distance.

    Block j was reached by link ``through[j]`` from ``parent[j]``. Before a tree is grown every distance is infinite and
    every place in the heap is -1.
    """

    distance: Floats
    through: Ints
    parent: Ints
    order: Ints
    heap: Ints
    place: Ints


class Spread(NamedTuple):
    """A lower ``bound``, and the ``length`` of each link of the graph's ``adjacency`` where the search ended."""

    bound: float
    length: Floats


def lower_bound(graph: TrafficGraph, capacity: int, *, in_time: Callable[[], bool] = lambda: True) -> float:
    """Messages per time step that cross between chips of ``capacity`` cores however the blocks are placed.

    Once time is up the bound is that of the sweep that is going on, if it is not the first one.
    """
    if graph.blocks <= capacity or len(graph.adjacency.weight) == 0:
        return 0.0
    return spread(graph, capacity, in_time=in_time).bound


def spread(graph: TrafficGraph, capacity: int, *, in_time: Callable[[], bool] = lambda: True) -> Spread:
    """``lower_bound`` with the lengths, of a graph with links."""
    links = graph.adjacency
    weight, reverse = links.weight, _reverse(links)
    sweeps = int(np.clip(MOST_VISITS / (min(graph.blocks, 3 * capacity) * len(weight)), 2, TREE_SWEEPS))
    rng = np.random.default_rng(0)
    length, load, best = 1.0 / weight, np.zeros(len(weight)), 0.0
    batches = [batch for _ in range(sweeps) for batch in np.array_split(rng.permutation(graph.blocks), BATCHES)]
    for number, roots in enumerate(batches):
        if number >= BATCHES and not in_time():
            break
        carried, earned = _tree_loads(_Links(links.first, links.other, length), capacity, roots)
        if earned == 0:  # the batch has none, or lies in parts that fit a chip
            continue
        step = 2.0 / (number + 2.0)
        load = (1.0 - step) * load + step * (carried + carried[reverse]) / (weight * earned)
        best = max(best, 1.0 / float(load.max()))
        length = np.exp(LENGTH_GROWTH * np.sqrt(number + 1) * (load / load.max() - 1.0)) / weight
    return Spread(best, length)


def _reverse(links: Adjacency) -> Ints:
    """The place of the link j -> i for each link i -> j; links are sorted by (i, j)."""
    row = np.repeat(np.arange(len(links.first) - 1), np.diff(links.first))
    return np.asarray(np.lexsort((row, links.other)))


@compiled()
def _grow(links: _Links, capacity: int, root: int, tree: _Tree) -> int:
    """Dijkstra from ``root`` until another block would earn less than it costs; the number of blocks reached."""
    first, other, length = links
    distance, through, parent, order, heap, place = tree
    size, found = 1, 0
    heap[0], place[root], distance[root], through[root] = root, 0, 0.0, -1
    total = 0.0
    while size > 0:
        block = heap[0]
        if found > capacity and distance[block] * (found - capacity) >= total:
            break
        size -= 1
        if size > 0:
            heap[0] = heap[size]
            place[heap[0]] = 0
            _sink(heap, place, distance, 0, size)
        place[block] = -2
        order[found] = block
        found += 1
        total += distance[block]
        for k in range(first[block], first[block + 1]):
            target = other[k]
            if place[target] == -2:
                continue
            reached = distance[block] + length[k]
            if reached < distance[target]:
                if place[target] == -1:
                    heap[size], place[target] = target, size
                    size += 1
                distance[target], through[target], parent[target] = reached, k, block
                _rise(heap, place, distance, place[target])
    for i in range(size):
        place[heap[i]], distance[heap[i]] = -1, np.inf
    return found


@compiled()
def _rise(heap: Ints, place: Ints, distance: Floats, at: int) -> None:
    item = heap[at]
    while at > 0:
        above = (at - 1) // 2
        if distance[heap[above]] <= distance[item]:
            break
        heap[at] = heap[above]
        place[heap[at]] = at
        at = above
    heap[at] = item
    place[item] = at


@compiled()
def _sink(heap: Ints, place: Ints, distance: Floats, at: int, size: int) -> None:
    item = heap[at]
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and distance[heap[below + 1]] < distance[heap[below]]:
            below += 1
        if distance[heap[below]] >= distance[item]:
            break
        heap[at] = heap[below]
        place[heap[at]] = at
        at = below
    heap[at] = item
    place[item] = at


@compiled(parallel=True)
def _tree_loads(links: _Links, capacity: int, roots: Ints) -> tuple[Floats, int]:
    """What every link carries if the best tree from each root sends 1 to every block, and what these trees earn."""
    blocks = len(links.first) - 1
    loads, earned = np.zeros((PARTS, len(links.other))), np.zeros(PARTS, np.int64)
    for part in numba.prange(PARTS):
        earned[part] = _part_loads(links, capacity, roots[part::PARTS], loads[part], blocks)
    return loads.sum(axis=0), int(earned.sum())


@compiled()
def _part_loads(links: _Links, capacity: int, roots: Ints, load: Floats, blocks: int) -> int:
    """What the trees from ``roots`` earn; what they send is added to ``load``."""
    distance, below = np.full(blocks, np.inf), np.zeros(blocks)
    through, parent = np.zeros(blocks, np.int64), np.zeros(blocks, np.int64)
    order, heap, place = np.zeros(blocks, np.int64), np.zeros(blocks, np.int64), np.full(blocks, -1, np.int64)
    tree = _Tree(distance, through, parent, order, heap, place)
    earned = 0
    for root in roots:
        found = _grow(links, capacity, root, tree)
        reached = order[:found]
        if found > capacity:
            earned += found - capacity
            below[reached] = 1.0
            for block in reached[:0:-1]:
                load[through[block]] += below[block]
                below[parent[block]] += below[block]
        place[reached], distance[reached] = -1, np.inf
    return earned
