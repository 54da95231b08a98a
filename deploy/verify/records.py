"""What each file of a bundle, a run or a report says it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from convert.bundle import PARTITION, REPORT, RUNS, load_report
from convert.errors import UserError
from convert.provenance import Given, Provenance
from convert.storage.reports import read_report
from deploy.report.content import EnergyReport
from deploy.runs.report import RUN, read_run
from partition.result import read_partition


@dataclass(frozen=True)
class Record:
    """What the file ``name`` tells: ``parts`` were written with it into ``folder``, ``made_from`` lay in ``sources``.

    ``name`` and the keys of ``made_from`` are relative to ``sources``, those of ``parts`` to ``folder``; ``again`` is
    what writes them anew.
    """

    name: str
    sources: Path
    folder: Path
    parts: dict[str, str]
    made_from: dict[str, str]
    given: dict[str, Given]
    again: str

    def name_of_part(self, part: str) -> str:
        """The name of ``part``, relative to ``sources``."""
        return (Path(self.name).parent / part).as_posix()


def records_of(bundle: Path) -> Iterator[Record | UserError]:
    """What conversion.json, partition.json and every run.json in ``bundle`` tell, or why one of them tells nothing."""
    yield _told(REPORT, bundle, lambda: load_report(bundle).provenance, "convert the model again")
    if (bundle / PARTITION).exists():
        again = "run partition-model again"
        yield _told(PARTITION, bundle, lambda: read_partition(bundle / PARTITION).report.provenance, again)
    for path in sorted(bundle.glob(f"{RUNS}/*/{RUN}")):
        name = path.relative_to(bundle).as_posix()
        yield _told(name, bundle, partial(_provenance_of_run, path.parent), "run deploy-model again")


def record_of_report(path: Path) -> Record | UserError:
    """What the report.json at ``path`` tells; its sources are bundles in any folder."""
    again = "run energy-report again"
    try:
        report = read_report(path, EnergyReport, again)
    except UserError as error:
        return error
    if report.provenance is None:
        return _silent(str(path), again)
    made_from = report.provenance.made_from
    return Record(path.name, path.parent, path.parent, report.timings.parts, made_from, {}, again)


def record_of_export(path: Path) -> Record | UserError:
    """What the .nir file at ``path`` tells, which export-model wrote; its sources are those of a bundle."""
    from convert.frontends.nir.origin import AGAIN, origin_of

    try:
        made_from = origin_of(path).made_from
    except UserError as error:
        return error
    return Record(path.name, path.parent, path.parent, {}, made_from, {}, AGAIN)


def _told(name: str, bundle: Path, read: Callable[[], Provenance | None], again: str) -> Record | UserError:
    try:
        told = read()
    except UserError as error:
        return error
    if told is None:
        return _silent(str(bundle / name), again)
    return Record(name, bundle, (bundle / name).parent, told.parts, told.made_from, told.given, again)


def _silent(name: str, again: str) -> UserError:
    return UserError(f"{name} does not say what it belongs to, as files of version 0.1.0; {again}")


def _provenance_of_run(folder: Path) -> Provenance | None:
    return read_run(folder).provenance
