"""``sweep``: a model, data and trials in; a table and a page of what each of them reaches and costs out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from convert.errors import noting, tell
from convert.opening import problems_before
from convert.options import Options, Progress, silent
from convert.storage.atomic import require_folder_name, whole_file
from convert.storage.digests import digest
from convert.storage.recovery import NOTES
from convert.storage.unfinished import unfinished
from deploy.choice.api import IMAGES
from deploy.choice.score import Given
from deploy.choice.trials import Trial
from deploy.cluster.opening import opened
from deploy.cluster.tasks import finished
from partition.options import SearchOptions

from .group import Group, groups_of, key_of, scored
from .page import page_of
from .rows import TABLE, SweepRow, read_table, require_any, require_arrow, require_one_source, write_table
from .worker import packed, score_sent

PAGE = "sweep.html"


@dataclass(frozen=True)
class Swept:
    """What a sweep has found: ``rows`` of this and of earlier commands on the same model and data, ``new`` trials."""

    folder: Path
    rows: tuple[SweepRow, ...]
    new: int


def sweep(
    model: str | Path,
    train: str | Path,
    folder: str | Path,
    trials: Sequence[Trial],
    *,
    held_out: str | Path | None = None,
    images: int = IMAGES,
    search: SearchOptions | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    wait: bool = False,
    progress: Progress = silent,
) -> Swept:
    """Converts, partitions and runs ``model`` by every trial on exact integers; writes sweep.parquet and sweep.html.

    Each is measured on ``images`` of ``held_out`` (None: of ``train``). Trials that the table in ``folder`` has are not
    done again; the table grows trial by trial. Raises ``UserError``, for a table of another model or data, and if no
    trial is possible.
    """
    require_arrow()
    folder, test = Path(folder), Path(train if held_out is None else held_out)
    problems = problems_before(Path(model), [Path(train), test], Options())
    with noting(problems):
        require_folder_name(folder)
    tell(problems)
    given = Given(Path(model), Path(train), test, images, search or SearchOptions(), silent)
    source = _source(given)
    table = folder / TABLE
    with unfinished(table, source, what="sweep", wait=wait) as kept:
        rows = read_table(table, SweepRow)
        require_one_source(rows, source, folder, "sweep")
        done = {row.key for row in rows}
        keyed = [(key_of(source, trial), trial) for trial in trials]
        left = [(key, trial) for key, trial in keyed if key not in done]
        if len(left) < len(keyed):
            NOTES.info("%d of %d trials are in %s already", len(keyed) - len(left), len(keyed), table)
        with progress("sweeping", len(left)) as advance:
            for found in _found(groups_of(left), kept, given, source, scheduler, workers):
                rows += found
                write_table(table, rows, SweepRow)
                advance(len({row.key for row in found}))
        require_any(rows, "trial")
        with whole_file(folder / PAGE) as beside:
            beside.write_text(page_of(rows, given.model.name, test.name), encoding="utf-8")
    return Swept(folder, tuple(rows), len(left))


def _found(
    groups: Sequence[Group], kept: Path, given: Given, source: str, scheduler: str | None, workers: int | None
) -> Iterator[list[SweepRow]]:
    """The rows of trials as they are done, here or on a cluster."""
    if not groups:
        return
    if scheduler is None and workers is None:
        for group in groups:
            yield from scored(group, kept, given, source)
        return
    with opened(scheduler, workers, threads=1) as client:
        content = packed(given, source)
        for _, rows in finished(client, score_sent, content, content.key, groups, lambda group: group):
            yield rows


def _source(given: Given) -> str:
    """The model and the data by their contents, and how many images are measured."""
    parts = [digest(given.model), digest(given.train), digest(given.test), str(given.images), repr(given.search)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
