"""Chips exchange places on the board until its heaviest link is as light as it gets."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np

from partition.geometry.blocks import Floats, Ints

from .chip_placement import Placement, distances
from .routes import link_numbers, routes

SAME = 1e-9
"""Loads that differ by less than this share of the heaviest are equal."""


def burden(placement: Placement) -> tuple[float, float]:
    """What is to be least: the load of the heaviest link, to nine digits, then the weighted hops."""
    return float(f"{placement.heaviest_link:.9g}"), placement.weighted_hops


def arranged(start: Placement, *, seed: int = 0, starts: int = 0) -> Placement:
    """``start`` with its chips where the heaviest link is the lightest that was found by exchanges of places.

    They begin at the places of ``start`` and at ``starts`` random ones.
    """
    board, rng = start.board, np.random.default_rng(seed)
    free = np.setdiff1d(np.arange(board.chips), start.places)
    given = np.concatenate((start.places, free))
    links = start.links
    sender, receiver = np.nonzero(links)
    # the host sends as one more chip, which stands at its place and is never moved
    sender = np.concatenate((sender, np.full(start.chips, board.chips)))
    receiver = np.concatenate((receiver, np.arange(start.chips)))
    messages = np.concatenate((links[links > 0], start.from_host))
    place = np.arange(board.chips)
    ways = routes(board, *np.meshgrid(place, place, indexing="ij"))
    found = [start]
    for order in [given] + [rng.permutation(board.chips) for _ in range(starts)]:
        places = np.append(order, board.host)
        _exchange(sender, receiver, messages, ways, distances(board), places, start.chips, link_numbers(board))
        found.append(replace(start, places=places[: start.chips]))
    return min(found, key=burden)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _burden(
    sender: Ints, receiver: Ints, messages: Floats, ways: Ints, far: Floats, places: Ints, links: int
) -> tuple[float, float]:
    """The load of the heaviest link and the weighted hops, with the chips at ``places``."""
    change = np.zeros(links + 1)
    hops = 0.0
    for k in range(len(messages)):
        a, b = places[sender[k]], places[receiver[k]]
        hops += messages[k] * far[a, b]
        for part in range(2):
            change[ways[part, 0, a, b]] += messages[k]
            change[ways[part, 1, a, b]] -= messages[k]
    load, heaviest = 0.0, 0.0
    for link in range(links):
        load += change[link]
        heaviest = max(heaviest, load)
    return heaviest, hops


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _exchange(
    sender: Ints, receiver: Ints, messages: Floats, ways: Ints, far: Floats, places: Ints, chips: int, links: int
) -> None:
    """Best exchange of each chip's place with any other, perhaps an empty one, until none gains anything."""
    heaviest, hops = _burden(sender, receiver, messages, ways, far, places, links)
    improved = True
    while improved:
        improved = False
        for a in range(chips):
            partner = -1
            for b in range(len(far)):
                places[a], places[b] = places[b], places[a]
                load, way = _burden(sender, receiver, messages, ways, far, places, links)
                places[a], places[b] = places[b], places[a]
                if load < heaviest * (1 - SAME) or (load <= heaviest * (1 + SAME) and way < hops * (1 - SAME)):
                    heaviest, hops, partner = min(load, heaviest), way, b
            if partner >= 0:
                improved = True
                places[a], places[partner] = places[partner], places[a]
