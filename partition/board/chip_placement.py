"""Where on the board each chip of a partition stands: few hops for heavy traffic, the host at its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.hardware import Board
from partition.place.local_search import ANNEALING, improve
from partition.traffic.unicast import TrafficGraph

from .routes import link_loads

STARTS = 8
"""Random arrangements of the chips that are improved beside the given one. Chosen by hand."""
HOP_ROUNDS = 4
"""At most so many times are blocks moved to nearer chips and chips placed again. A limit: no gain ends it."""
LEAST_HOP_GAIN = 1e-9
"""What is gained counts from this share on; what is below is rounding."""


InTime = Callable[[], bool]
"""Whether there is time left to improve a placement."""


def always() -> bool:
    """There is time left."""
    return True


@dataclass(frozen=True)
class Placement:
    """The chip of each block, numbered from 0 in the order of their first block, and each chip's place on a board."""

    graph: TrafficGraph
    board: Board
    chip: Ints
    places: Ints

    @property
    def chips(self) -> int:
        return len(self.places)

    @property
    def links(self) -> Floats:
        """Shape (chips, chips): messages per time step from chip to chip."""
        return self.graph.between_chips(self.chip, self.chips)

    @property
    def from_host(self) -> Floats:
        """Messages per time step from the host to each chip."""
        return np.asarray(np.bincount(self.chip, self.graph.from_host, self.chips), np.float64)

    @property
    def weighted_hops(self) -> float:
        """Messages per time step times the hops that each takes, those from the host included."""
        hops = distances(self.board)
        between = self.links * hops[np.ix_(self.places, self.places)]
        return float(between.sum() + self.from_host @ hops[self.board.host, self.places])

    @property
    def link_loads(self) -> Floats:
        """Messages per time step over each link of the board, those from the host included."""
        links, host = self.links, np.full(self.chips, self.board.host)
        start, end = np.nonzero(links)
        starts, ends = (np.concatenate(both) for both in ((self.places[start], host), (self.places[end], self.places)))
        return link_loads(self.board, starts, ends, np.concatenate((links[start, end], self.from_host)))

    @property
    def heaviest_link(self) -> float:
        """The most messages per time step over one link of the board, both ways, along rows first, then columns."""
        return float(self.link_loads.max())


def place_chips(graph: TrafficGraph, chip: Ints, board: Board, *, seed: int) -> Placement:
    """The chips of ``chip`` where on ``board`` the fewest weighted hops were found."""
    order = list(dict.fromkeys(chip.tolist()))
    number = np.zeros(max(order) + 1, np.int64)
    number[order] = np.arange(len(order))
    first = Placement(graph, board, number[chip], np.arange(len(order)))
    hops, links, from_host = distances(board), first.links, first.from_host
    rng = np.random.default_rng(seed)
    starts = [np.arange(board.chips)] + [rng.permutation(board.chips) for _ in range(STARTS)]
    used = len(order)
    found = [
        _exchange_places(links + links.T, from_host, hops, board.host, start[:used], start[used:]) for start in starts
    ]
    return min((replace(first, places=places) for places in found), key=lambda option: option.weighted_hops)


def reduce_hops(start: Placement, *, seed: int, in_time: InTime = always) -> Placement:
    """``start`` with fewer weighted hops: blocks move to nearer chips, and chips to other places, in turn."""
    best = start
    for _ in range(HOP_ROUNDS):
        if not in_time():
            break
        hops, board = distances(best.board), replace(best.board, chips=best.chips)
        between, to_host = hops[np.ix_(best.places, best.places)], hops[best.board.host, best.places]
        chip = improve(
            best.graph, board, best.chip, seed=seed, annealing=ANNEALING, distance=between, host_distance=to_host
        )
        found = place_chips(best.graph, chip, best.board, seed=seed)
        if found.weighted_hops >= best.weighted_hops * (1 - LEAST_HOP_GAIN):
            break
        best = found
    return best


def distances(board: Board) -> Floats:
    """Shape (chips, chips): the weighted hops between two places of ``board``, first along a row, then a column."""
    row, column = np.divmod(np.arange(board.chips), board.columns)
    east_west, north_south = board.hop_weights
    return np.asarray(
        east_west * np.abs(column[:, None] - column[None, :]) + north_south * np.abs(row[:, None] - row[None, :])
    )


def _exchange_places(both: Floats, from_host: Floats, hops: Floats, host: int, used: Ints, free: Ints) -> Ints:
    """``used``, the chips' places, after the best exchange of one with any other or with a ``free`` one, repeated.

    ``both`` are the messages between two chips in both directions, ``hops`` those between two places.
    """
    chips, places = len(used), np.concatenate((used, free))
    while True:
        between = hops[np.ix_(places[:chips], places)]
        # of each chip at every place, the others where they are
        cost = both @ between + from_host[:, None] * hops[host, places][None, :]
        now = np.diag(cost)
        gain = now[:, None] - cost
        gain[:, :chips] += gain[:, :chips].T - 2 * both * between[:, :chips]
        a, b = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[a, b] <= LEAST_HOP_GAIN * float(now.sum()):
            return places[:chips]
        places[[a, b]] = places[[b, a]]
