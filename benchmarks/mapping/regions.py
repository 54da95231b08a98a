"""Placement by where blocks lie in the image: rectangles, halved again and again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from partition.geometry.blocks import Floats, Ints

from .instance import Instance

AXES = ("rows and columns in turn", "rows", "columns", "the longer side")


def by_region(instance: Instance, axes: str) -> Ints:
    """Recursive coordinate bisection into as many parts as are allowed, each with its share of the vertices.

    ``axes``, one of ``AXES``, says along which axis a rectangle is cut.
    """
    part = np.zeros(instance.graph.vertices, np.int64)
    _cut(centres(instance), np.arange(len(part)), part, 0, instance.facts.limits.parts, axes, 0)
    return part


def centres(instance: Instance) -> Floats:
    """The row and column of each vertex' centre, from 0 to 1, shape (vertices, 2); layers without pixels at 0.5."""
    layers = ((layer.shape, part) for layer in instance.facts.layers for part in layer.slices)
    return np.array([[sum(part[axis]) / 2 / shape[axis] for axis in (0, 1)] for shape, part in layers])


def _cut(at: Floats, own: Ints, part: Ints, first: int, parts: int, axes: str, depth: int) -> None:
    """Gives the vertices ``own`` to the parts from ``first`` on, in proportion."""
    if parts == 1:
        part[own] = first
        return
    axis = _axis(at[own], axes, depth)
    order = own[np.lexsort((own, at[own, 1 - axis], at[own, axis]))]
    left = parts // 2
    middle = len(own) * left // parts
    for vertices, begin, share in _halves(order, middle, first, left, parts):
        _cut(at, vertices, part, begin, share, axes, depth + 1)


def _axis(at: Floats, axes: str, depth: int) -> int:
    spread = np.ptp(at, axis=0)
    return {"rows": 0, "columns": 1, "the longer side": int(spread[1] > spread[0])}.get(axes, depth % 2)


def _halves(order: Ints, middle: int, first: int, left: int, parts: int) -> Sequence[tuple[Ints, int, int]]:
    return (order[:middle], first, left), (order[middle:], first + left, parts - left)
