"""``search``: data and a space of architectures in; a table, a page and the winner, trained and deployed, out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from convert.data.dataset import require_layout
from convert.errors import noting, tell
from convert.options import Options, Progress, silent
from convert.storage.atomic import require_folder_name, whole_file
from convert.storage.digests import digest
from convert.storage.recovery import NOTES
from convert.storage.unfinished import unfinished
from deploy.choice.score import Given
from deploy.cluster.opening import opened
from deploy.cluster.tasks import finished
from deploy.sweep.rows import read_table, require_any, require_arrow, require_one_source, write_table
from deploy.sweep.worker import packed
from partition.board_file import find_board
from partition.hardware import AUTO, Board
from partition.options import SearchOptions

from .candidate import Candidate, How, candidate_rows, images_of, setting_of
from .evolution import Scored, fittest, generation
from .page import page_of
from .plan import Plan
from .rows import TABLE, SearchRow, fitness
from .space import Architecture, Space
from .training import Pace, trained_together
from .winner import deployed
from .worker import Content, rows_sent

PAGE = "search.html"
SHARED = "shared_weights.npz"
IMAGES = 500
TUNED_AT, TRAINED_AT = 0.02, 0.05
"""Learning rates of a candidate, whose weights are inherited, and of the winner; chosen by hand."""

Scorer = Callable[[Sequence[Candidate]], Iterator[list[SearchRow]]]
"""From candidates to their rows, as they are done."""


@dataclass(frozen=True)
class Searched:
    """What a search has found: ``rows`` of this and of earlier commands, ``new`` candidates, and the ``winner``."""

    rows: tuple[SearchRow, ...]
    new: int
    winner: Architecture


@dataclass(frozen=True)
class _Asked:
    """All that a search was asked for, and the ``source`` by which its table is known."""

    folder: Path
    space: Space
    plan: Plan
    how: How
    given: Given
    source: str

    def candidate(self, architecture: Architecture, generation: int | None, what: str = "") -> Candidate:
        key = hashlib.sha256("\n".join((self.source, architecture.text, what)).encode()).hexdigest()[:24]
        return Candidate(key, generation, architecture)


def search(
    train: str | Path,
    folder: str | Path,
    space: Space | None = None,
    plan: Plan | None = None,
    options: Options | None = None,
    *,
    held_out: str | Path | None = None,
    images: int = IMAGES,
    board: str | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    wait: bool = False,
    progress: Progress = silent,
) -> Searched:
    """Breeds architectures of ``space`` on the classes in ``train``; writes search.parquet, search.html and the winner.

    Each is measured on ``images`` of ``held_out`` (None: of ``train``). What the table in ``folder`` has is not done
    again. The winner lies in winner.keras and winner.bundle, run on all images. Raises ``UserError``, for a table of
    other data or of another space, and if no candidate is possible.
    """
    require_arrow()
    space, plan, options = space or Space(), plan or Plan(), options or Options(timesteps=64)
    problems = [*space.problems(), *plan.problems(), *options.problems()]
    data = (Path(train), Path(train if held_out is None else held_out))
    for path in data:
        with noting(problems):
            require_layout(path)
    with noting(problems):
        require_folder_name(Path(folder))
    with noting(problems):
        on_board = AUTO if board in (None, AUTO) else find_board(board)
    tell(problems)
    asked = _asked(data, Path(folder), space, plan, replace(options, seed=plan.seed), images, on_board)
    with (
        unfinished(asked.folder / TABLE, asked.source, what="search", wait=wait) as kept,
        _scoring(asked, kept, scheduler, workers) as score,
    ):
        rows = read_table(asked.folder / TABLE, SearchRow)
        require_one_source(rows, asked.source, asked.folder, "search")
        _share(asked, progress)
        scored, new = _bred(asked, rows, score, progress)
        require_any(rows, "candidate")
        (winner,) = fittest(scored, 1)
        rows = _with_winner(asked, rows, winner, kept, progress)
        with whole_file(asked.folder / PAGE) as beside:
            beside.write_text(page_of(rows, data[1].name), encoding="utf-8")
    return Searched(tuple(rows), new, winner)


def _asked(
    data: tuple[Path, Path], folder: Path, space: Space, plan: Plan, options: Options, images: int, board: str | Board
) -> _Asked:
    """Raises ``UserError`` for data that do not fit, before anything takes time."""
    train, test = data
    setting = setting_of(train)
    images_of(test, setting)
    partition = SearchOptions(board, plan.chips)  # with the board itself: a worker has no files
    pace = Pace(plan.tune_batches, TUNED_AT)
    how = How(setting, options, pace, plan.chips)
    shared = (space, plan.shared_batches, replace(options, memory=None), pace, partition, images)
    parts = [digest(train), digest(test), *map(repr, shared)]
    source = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    given = Given(folder / SHARED, train, test, images, partition, silent)
    return _Asked(folder, space, plan, how, given, source)


@contextmanager
def _scoring(asked: _Asked, kept: Path, scheduler: str | None, workers: int | None) -> Iterator[Scorer]:
    """What scores candidates: this process, or the workers of a cluster, which is there while the block runs."""
    if scheduler is None and workers is None:
        yield lambda some: (candidate_rows(c, asked.how, asked.given, kept / c.key, asked.source) for c in some)
        return
    with opened(scheduler, workers, threads=1) as client:

        def score(some: Sequence[Candidate]) -> Iterator[list[SearchRow]]:
            content = Content(packed(asked.given, asked.source), asked.how)
            for _, rows in finished(client, rows_sent, content, content.packed.key, some, lambda each: each):
                yield rows

        yield score


def _share(asked: _Asked, progress: Progress) -> None:
    """Trains the super-network, if it is not there yet."""
    plan, dataset = asked.plan, images_of(asked.given.train, asked.how.setting)
    with progress("training the super-network", plan.shared_batches) as advance:
        trained_together(
            asked.space,
            asked.how.setting,
            dataset,
            plan.shared_batches,
            asked.given.model,
            seed=plan.seed,
            source=asked.source,
            advance=advance,
        )


def _bred(asked: _Asked, rows: list[SearchRow], score: Scorer, progress: Progress) -> tuple[list[Scored], int]:
    """Generation after generation, scored; how many are new. ``rows`` and the table grow by them."""
    plan, scored, new, number = asked.plan, list[Scored](), 0, 0
    with progress("searching", plan.candidates) as advance:
        while len(scored) < plan.candidates:
            size, random = min(plan.population, plan.candidates - len(scored)), Random(f"{plan.seed} {number}")
            bred = generation(asked.space, scored, size, plan.population, random)
            if not bred:
                NOTES.info("there are no more than %d architectures to choose from", len(scored))
                break
            candidates = [asked.candidate(architecture, number) for architecture in bred]
            done = {row.key for row in rows}
            left = [candidate for candidate in candidates if candidate.key not in done]
            advance(len(candidates) - len(left))
            for found in score(left) if left else ():
                rows += found
                write_table(asked.folder / TABLE, rows, SearchRow)
                advance(1)
            scored += [_scored(candidate, rows, plan.energy_weight) for candidate in candidates]
            new, number = new + len(left), number + 1
    return scored, new


def _scored(candidate: Candidate, rows: Sequence[SearchRow], weight: float) -> Scored:
    return Scored(candidate.architecture, fitness([row for row in rows if row.key == candidate.key], weight))


def _with_winner(
    asked: _Asked, rows: list[SearchRow], winner: Architecture, kept: Path, progress: Progress
) -> list[SearchRow]:
    """``rows`` and those of the ``winner``, the last ones; its model and its bundle are those in the folder then."""
    batches = asked.plan.winner_batches
    candidate = asked.candidate(winner, None, f"winner of {batches} batches")
    if rows[-1].key == candidate.key:
        return rows
    how = replace(asked.how, pace=Pace(batches, TRAINED_AT))
    found = deployed(candidate, how, asked.given, asked.folder, kept, asked.source, progress)
    rows = [*(row for row in rows if row.key != candidate.key), *found]
    write_table(asked.folder / TABLE, rows, SearchRow)
    return rows
