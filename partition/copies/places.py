"""Where in an area a rectangle of a given size holds most of what is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from partition.geometry.blocks import Ints
from partition.geometry.tile import Range
from partition.numba_jit import compiled

from .demand import Bools

Size = tuple[int, int]
Area = tuple[Range, Range]


def places(left: Bools, area: Bools, sizes: Sequence[Size]) -> Iterator[Area]:
    """Rectangles of these sizes, or of half of their rows or columns and so on, the one with the most pixels of
    ``left`` first, of these the smallest; what lies beyond the last of these pixels is cut off."""
    (top, bottom), (first, last) = (_extent(np.asarray(left.any(axis=1 - axis))) for axis in (0, 1))
    box, tried = np.array([top, bottom, first, last]), np.array(sizes, np.int64).reshape(-1, 2)
    found = _best(_integral(left), _integral(~area), box, tried)
    pixels, height, width, y, x = found.T
    for i in np.lexsort((x, y, height, height * width, -pixels)).tolist():
        y0, x0 = int(y[i]), int(x[i])
        yield (y0, min(y0 + int(height[i]), bottom)), (x0, min(x0 + int(width[i]), last))


def _extent(some: Bools) -> Range:
    """From the first that is set to behind the last."""
    where = np.flatnonzero(some)
    return int(where[0]), int(where[-1]) + 1


def _integral(values: Bools) -> Ints:
    """Shape (rows + 1, columns + 1): how many are set in all rows and columns before each."""
    total = np.zeros((values.shape[0] + 1, values.shape[1] + 1), np.int64)
    total[1:, 1:] = values.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
    return total


@compiled()
def _best(wanted: Ints, outside: Ints, box: Ints, sizes: Ints) -> Ints:
    """Rows of (pixels wanted, height, width, first row, first column): for each size, halved or not, where it holds
    the most pixels and none outside; sizes without any are left out.

    ``wanted`` and ``outside`` are integrals; ``box`` is (first row, row behind the last, first column, column behind).
    """
    tried = {(0, 0)}
    for i in range(len(sizes)):
        height, width = min(sizes[i, 0], box[1] - box[0]), min(sizes[i, 1], box[3] - box[2])
        tried.add((height, width))
        h, w = height, width
        while h > 1:
            h = (h + 1) // 2
            tried.add((h, width))
        while w > 1:
            w = (w + 1) // 2
            tried.add((height, w))
    found = np.zeros((len(tried), 5), np.int64)
    number = 0
    for height, width in tried:
        most = 0
        for y0 in range(box[0], box[1] if height else box[0]):
            y1 = min(y0 + height, box[1])
            for x0 in range(box[2], box[3]):
                x1 = min(x0 + width, box[3])
                pixels = wanted[y1, x1] - wanted[y0, x1] - wanted[y1, x0] + wanted[y0, x0]
                if pixels <= most:
                    continue
                if outside[y1, x1] - outside[y0, x1] - outside[y1, x0] + outside[y0, x0] == 0:
                    most = pixels
                    found[number] = (pixels, height, width, y0, x0)
        if most:
            number += 1
    return found[:number]
