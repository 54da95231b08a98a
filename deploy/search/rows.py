"""The table of a search: that of a sweep, and of each trial, which is an architecture, what a search tells of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from deploy.sweep.rows import SweepRow

TABLE = "search.parquet"


class SearchRow(SweepRow, frozen=True, kw_only=True):
    """A candidate, ``trial`` in words, read out after ``timesteps``, or the ``problem`` of one that is not possible.

    ``generation`` counts from 0 and is None for the winner, trained longer; ``parameters`` are those of the Keras
    model, trained on ``trained_batches`` after it has inherited its weights.
    """

    generation: int | None
    parameters: int
    trained_batches: int


def search_rows(
    rows: Sequence[SweepRow], *, generation: int | None, parameters: int, trained_batches: int
) -> list[SearchRow]:
    """``rows`` of a sweep with what a search adds."""
    return [
        SearchRow(
            **msgspec.structs.asdict(row),
            generation=generation,
            parameters=parameters,
            trained_batches=trained_batches,
        )
        for row in rows
    ]


def fitness(rows: Sequence[SearchRow], weight: float) -> float | None:
    """How fit the candidate of ``rows`` is: its accuracy times joules to the power of -``weight``, at its best readout.

    None if it is not possible. Source: AutoSNN (Na et al. 2022), of spikes there, with a weight of 0.08.
    """
    found = [row.value * row.joules**-weight for row in rows if row.value is not None and row.joules]
    return max(found, default=None)
