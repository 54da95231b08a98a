"""Where rectangles of given sizes hold most of an area: against trying every place."""

from __future__ import annotations

import numpy as np
import pytest

from partition.copies.places import places


def halved(size: int) -> set[int]:
    """The size, half of it, and so on down to one."""
    found = {size}
    while size > 1:
        size = (size + 1) // 2
        found.add(size)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_first_place_holds_most_of_all_and_none_reaches_outside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    area = rng.random((9, 7)) < 0.8
    left = area & (rng.random(area.shape) < 0.5)
    sizes = [(int(rng.integers(1, 10)), int(rng.integers(1, 8))) for _ in range(3)]
    found = list(places(left, area, sizes))
    counts = []
    for (y0, y1), (x0, x1) in found:
        assert area[y0:y1, x0:x1].all()
        counts.append(int(left[y0:y1, x0:x1].sum()))
    assert counts == sorted(counts, reverse=True)
    assert min(counts) > 0
    rows, columns = (np.flatnonzero(left.any(axis=1 - axis)) for axis in (0, 1))
    most = 0
    for height, width in sizes:
        h, w = min(height, int(np.ptp(rows)) + 1), min(width, int(np.ptp(columns)) + 1)
        for a, b in {(a, w) for a in halved(h)} | {(h, b) for b in halved(w)}:
            for y in range(rows[0], rows[-1] + 1):
                for x in range(columns[0], columns[-1] + 1):
                    window = slice(y, min(y + a, rows[-1] + 1)), slice(x, min(x + b, columns[-1] + 1))
                    if area[window].all():
                        most = max(most, int(left[window].sum()))
    assert counts[0] == most
