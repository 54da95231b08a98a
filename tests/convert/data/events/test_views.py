"""Two views of one recording."""

from __future__ import annotations

import numpy as np

from convert.data.events.views import both_views, location_view, merged, time_view


def test_an_event_is_seen_at_its_time_and_at_its_place() -> None:
    counts = np.zeros((2, 5, 3, 2), np.uint8)
    counts[1, 4, 2, 1] = 3  # step 4, place 2, channel 1
    assert np.argwhere(time_view(counts)).tolist() == [[1, 4, 2 * 2 + 1]]
    assert np.argwhere(location_view(counts)).tolist() == [[1, 2, 4 * 2 + 1]]
    both = both_views(counts)
    assert both.shape == (2, 5, 3 * 2 + 5 * 2)
    assert np.argwhere(both).tolist() == [[1, 2, 6 + 4 * 2 + 1], [1, 4, 2 * 2 + 1]]


def test_longer_steps_hold_what_their_parts_hold() -> None:
    counts = np.random.default_rng(0).integers(0, 3, (2, 11, 4, 2)).astype(np.uint8)
    found = merged(counts, 5)
    expected = (counts[:, 0:10:2] + counts[:, 1:10:2]) > 0
    np.testing.assert_array_equal(found, expected)
