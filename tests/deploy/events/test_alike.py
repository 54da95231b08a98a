"""Which of very many lists are the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from deploy.events import alike
from deploy.events.alike import first_alike


def lists(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    pointer = np.append(0, np.cumsum(rng.integers(0, 4, 500)))
    return pointer, rng.integers(0, 3, pointer[-1]), rng.integers(0, 2, pointer[-1])


@pytest.mark.parametrize("seed", range(5))
def test_as_if_compared_one_by_one(seed: int) -> None:
    pointer, cores, synops = lists(seed)
    entries = [tuple(zip(cores[a:b], synops[a:b], strict=True)) for a, b in pairwise(pointer)]
    found = first_alike(pointer, cores, synops)
    assert [entries[i] for i in found] == entries
    assert len(set(found.tolist())) == len(set(entries)) < len(entries)


def test_the_order_of_entries_and_what_lies_in_which_column_count() -> None:
    pointer = np.array([0, 2, 4, 6])
    assert first_alike(pointer, np.array([0, 1, 1, 0, 0, 1]), np.array([5, 5, 5, 5, 5, 5])).tolist() == [0, 1, 0]
    assert first_alike(pointer, np.array([1, 2, 2, 1, 1, 2]), np.array([2, 1, 1, 2, 2, 2])).tolist() == [0, 1, 2]


def test_a_checksum_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "_spread", np.zeros_like)
    pointer, cores, synops = lists(0)
    np.testing.assert_array_equal(first_alike(pointer, cores, synops), np.arange(len(pointer) - 1))
