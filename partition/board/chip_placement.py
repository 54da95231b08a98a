"""Where on the board each chip of a partition stands: few hops for heavy traffic, the host at its place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.hardware import Board
from partition.place.local_search import improve
from partition.traffic.unicast import TrafficGraph

from .routes import link_loads

STARTS = 8
"""Random arrangements that are improved beside the given one."""
ROUNDS = 4
"""Rounds of blocks moved to nearer chips and chips arranged again."""
ANNEALING = 400
"""Random exchanges per block in each of these rounds."""


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
        far = distances(self.board)
        between = self.links * far[np.ix_(self.places, self.places)]
        return float(between.sum() + self.from_host @ far[self.board.host, self.places])

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


def stand(graph: TrafficGraph, chip: Ints, board: Board, *, seed: int) -> Placement:
    """The chips of ``chip`` at the places of ``board`` with the fewest weighted hops that were found."""
    order = list(dict.fromkeys(chip.tolist()))
    number = np.zeros(max(order) + 1, np.int64)
    number[order] = np.arange(len(order))
    first = Placement(graph, board, number[chip], np.arange(len(order)))
    far, links, from_host = distances(board), first.links, first.from_host
    rng = np.random.default_rng(seed)
    starts = [np.arange(board.chips)] + [rng.permutation(board.chips) for _ in range(STARTS)]
    found = [_improved(links + links.T, from_host, far, board.host, start, len(order)) for start in starts]
    return min((replace(first, places=places) for places in found), key=lambda option: option.weighted_hops)


def closer(start: Placement, *, seed: int) -> Placement:
    """``start`` with fewer weighted hops: blocks move to nearer chips, and chips to other places, in turn."""
    best = start
    for _ in range(ROUNDS):
        far, board = distances(best.board), replace(best.board, chips=best.chips)
        near, outside = far[np.ix_(best.places, best.places)], far[best.board.host, best.places]
        chip = improve(best.graph, board, best.chip, seed=seed, annealing=ANNEALING, far=near, from_host=outside)
        found = stand(best.graph, chip, best.board, seed=seed)
        if found.weighted_hops >= best.weighted_hops * (1 - 1e-9):
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


def _improved(both: Floats, from_host: Floats, far: Floats, host: int, start: Ints, chips: int) -> Ints:
    """``start`` after the best exchange of a chip's place with any other, perhaps an empty one, again and again."""
    places = start.copy()
    while True:
        near = far[np.ix_(places[:chips], places)]
        # of each chip at every place, the others where they are
        cost = both @ near + from_host[:, None] * far[host, places][None, :]
        now = np.diag(cost)
        gain = now[:, None] - cost
        gain[:, :chips] += gain[:, :chips].T - 2 * both * near[:, :chips]
        a, b = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[a, b] <= 1e-9 * float(now.sum()):
            return places[:chips]
        places[[a, b]] = places[[b, a]]
