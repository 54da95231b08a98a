"""Chips exchange places on the board until its heaviest link is as light as it gets."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.numba_jit import compiled

from .chip_placement import InTime, Placement, always, distances
from .routes import link_numbers, routes

SAME = 1e-9
"""Loads that differ by less than this share of the heaviest are equal."""


class _Flows(NamedTuple):
    """Messages per time step from sender to receiver, all pairs of chips that exchange any."""

    sender: Ints
    receiver: Ints
    messages: Floats


class _Mesh(NamedTuple):
    """A board: the routes between places as ``routes`` gives them, their weighted hops, the number of its links."""

    routes: Ints
    hops: Floats
    links: int


def link_cost(placement: Placement) -> tuple[float, float]:
    """What is to be least: the load of the heaviest link, to nine digits, then the weighted hops."""
    return float(f"{placement.heaviest_link:.9g}"), placement.weighted_hops


def swap_chips(start: Placement, *, seed: int = 0, starts: int = 0, in_time: InTime = always) -> Placement:
    """``start`` with its chips where the heaviest link is the lightest that was found by exchanges of places.

    They begin at the places of ``start`` and at ``starts`` random ones.
    """
    board, rng = start.board, np.random.default_rng(seed)
    given = np.concatenate((start.places, np.setdiff1d(np.arange(board.chips), start.places)))
    place = np.arange(board.chips)
    mesh = _Mesh(routes(board, *np.meshgrid(place, place, indexing="ij")), distances(board), link_numbers(board))
    flows, found = _flows(start), [start]
    for order in [given] + [rng.permutation(board.chips) for _ in range(starts)]:
        if order is not given and not in_time():
            break
        places = np.append(order, board.host)
        _exchange(flows, mesh, places, start.chips)
        found.append(replace(start, places=places[: start.chips]))
    return min(found, key=link_cost)


def _flows(start: Placement) -> _Flows:
    """The messages between chips; the host sends as one more chip, which stands at its place and is never moved."""
    links = start.links
    sender, receiver = np.nonzero(links)
    return _Flows(
        np.concatenate((sender, np.full(start.chips, start.board.chips))),
        np.concatenate((receiver, np.arange(start.chips))),
        np.concatenate((links[links > 0], start.from_host)),
    )


@compiled()
def _link_cost(flows: _Flows, mesh: _Mesh, places: Ints) -> tuple[float, float]:
    """The load of the heaviest link and the weighted hops, with the chips at ``places``."""
    sender, receiver, messages = flows
    change = np.zeros(mesh.links + 1)
    hops = 0.0
    for k in range(len(messages)):
        a, b = places[sender[k]], places[receiver[k]]
        hops += messages[k] * mesh.hops[a, b]
        for part in range(2):
            change[mesh.routes[part, 0, a, b]] += messages[k]
            change[mesh.routes[part, 1, a, b]] -= messages[k]
    load, heaviest = 0.0, 0.0
    for link in range(mesh.links):
        load += change[link]
        heaviest = max(heaviest, load)
    return heaviest, hops


@compiled()
def _exchange(flows: _Flows, mesh: _Mesh, places: Ints, chips: int) -> None:
    """Best exchange of each chip's place with any other, perhaps an empty one, until none gains anything."""
    heaviest, hops = _link_cost(flows, mesh, places)
    improved = True
    while improved:
        improved = False
        for a in range(chips):
            partner = -1
            for b in range(len(mesh.hops)):
                places[a], places[b] = places[b], places[a]
                load, new_hops = _link_cost(flows, mesh, places)
                places[a], places[b] = places[b], places[a]
                if load < heaviest * (1 - SAME) or (load <= heaviest * (1 + SAME) and new_hops < hops * (1 - SAME)):
                    heaviest, hops, partner = min(load, heaviest), new_hops, b
            if partner >= 0:
                improved = True
                places[a], places[partner] = places[partner], places[a]
