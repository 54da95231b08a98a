"""The table of a sweep: one Parquet file, a row for each number of steps after which a trial may be read out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, get_args, get_type_hints

import msgspec

from convert.errors import UserError
from convert.storage.atomic import whole_file
from deploy.choice.score import Score
from deploy.choice.trials import Trial
from deploy.foreign import Arrow, ArrowType
from partition.hardware import Board

TABLE = "sweep.parquet"
Kind = TypeVar("Kind", bound="SweepRow")


class SweepRow(msgspec.Struct, frozen=True, kw_only=True):
    """A trial read out after ``timesteps``; of one that is not possible only the ``problem``, the rest None.

    ``key`` tells what the trial depends on, ``source`` the model and the data. Joules are estimated, with nominal
    constants and with all of them at their lowest and highest; events are counted, means over images.
    """

    key: str
    source: str
    trial: str
    rates_low_hz: float
    rates_high_hz: float
    percentile: float
    converted_timesteps: int
    steps: int | None
    recipe: str
    fine_tune_epochs: int
    spiking_batches: int
    seed: int
    board: str | None
    window: float | None
    timesteps: int | None = None
    images: int | None = None
    metric: str | None = None
    value: float | None = None
    original: float | None = None
    chips: int | None = None
    joules: float | None = None
    joules_low: float | None = None
    joules_high: float | None = None
    synops: float | None = None
    spikes: float | None = None
    problem: str | None = None


def rows_of(key: str, source: str, trial: Trial, found: Score | None, problem: str | None = None) -> list[SweepRow]:
    """The rows of a trial: its points, or why there are none."""
    base = _row(key, source, trial)
    if found is None:
        return [msgspec.structs.replace(base, problem=problem or "no point")]
    if not found.found.points:
        return [msgspec.structs.replace(base, problem="its metric is not defined on these images")]
    return [
        msgspec.structs.replace(
            base,
            images=found.images,
            metric=found.metric,
            original=found.original,
            chips=found.found.chips,
            **msgspec.structs.asdict(point),
        )
        for point in found.found.points
    ]


def _row(key: str, source: str, trial: Trial) -> SweepRow:
    options = trial.options
    return SweepRow(
        key=key,
        source=source,
        trial=trial.what,
        rates_low_hz=options.rates_hz[0],
        rates_high_hz=options.rates_hz[1],
        percentile=options.percentile,
        converted_timesteps=options.timesteps,
        steps=options.steps,
        recipe=options.trained_by if options.spiking_batches else "calibration",
        fine_tune_epochs=options.fine_tune_epochs,
        spiking_batches=options.spiking_batches,
        seed=options.seed,
        board=trial.board.name if isinstance(trial.board, Board) else trial.board,
        window=trial.window,
    )


def write_table(path: Path, rows: Sequence[SweepRow], of: type[SweepRow]) -> None:
    """Writes the table of rows ``of`` one kind, whole or not at all."""
    arrow, parquet = _arrow()
    columns = {name: [getattr(row, name) for row in rows] for name in of.__struct_fields__}
    schema = arrow.schema([(name, _kind(arrow, kind)) for name, kind in get_type_hints(of).items()])
    with whole_file(path) as beside:
        parquet.write_table(arrow.table(columns, schema=schema), beside)


def read_table(path: Path, of: type[Kind]) -> list[Kind]:
    """The rows ``of`` one kind in the table, none if there is no table. Raises ``UserError`` if it is another one."""
    if not path.exists():
        return []
    arrow, parquet = _arrow()
    try:
        return msgspec.convert(parquet.read_table(path).to_pylist(), list[of])  # type: ignore[valid-type]
    except (arrow.ArrowException, msgspec.ValidationError, OSError) as error:
        told = str(error).splitlines()[0][:120]
        raise UserError(
            f"{path} cannot be read as the table that belongs there ({told}); choose another folder with -o"
        ) from error


def require_one_source(rows: Sequence[SweepRow], source: str, folder: Path, what: str) -> None:
    """Raises ``UserError`` if there are ``rows`` of another ``source``; ``what`` has written them, into ``folder``."""
    if any(row.source != source for row in rows):
        raise UserError(
            f"{folder} has a {what} of another model, of other data or another number of images; choose another folder "
            "with -o"
        )


def require_any(rows: Sequence[SweepRow], what: str) -> None:
    """Raises ``UserError`` if none of ``rows`` has a value, with every problem."""
    if all(row.value is None for row in rows):
        raise UserError([f"no {what} is possible: {problem}" for problem in problems_of(rows)])


def problems_of(rows: Sequence[SweepRow]) -> list[str]:
    """Every problem once."""
    return list(dict.fromkeys(row.problem for row in rows if row.problem is not None))


def require_arrow() -> None:
    """Raises ``UserError`` where tables cannot be written: before anything takes time."""
    _arrow()


def _kind(arrow: Arrow, annotation: object) -> ArrowType:
    """The type of a column, the same whether its rows have values or none."""
    (kind,) = {str, int, float} & {annotation, *get_args(annotation)}
    return getattr(arrow, {str: "string", int: "int64", float: "float64"}[kind])()


def _arrow() -> tuple[Arrow, Arrow]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UserError(
            f"the table of a sweep is written by pyarrow, which is not installed ({error}); "
            "pip install 'ann2loihi[cluster]'"
        ) from error
    return pyarrow, pyarrow.parquet
