"""``compare_energy``: the runs of bundles in; report.html, report.csv and report.json out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from convert.bundle import RUNS, at_work_in
from convert.errors import UserError, noting, tell
from convert.storage.atomic import keep, whole_files
from convert.storage.digests import digest
from convert.storage.locks import locked
from convert.storage.recovery import recover, recover_in
from convert.storage.reports import as_json
from deploy.energy.devices import STATIC_WATTS_PER_CHIP, DeviceSet

from .content import EnergyReport

SUFFIXES = (".csv", ".json")
"""Of the files beside the page; the last one says that all are there."""


def compare_energy(
    bundles: Sequence[str | Path],
    output: str | Path = "report.html",
    *,
    static_watts: float = STATIC_WATTS_PER_CHIP,
    device: DeviceSet = "all",
    tolerance: float | None = None,
    devices: str | Path | None = None,
    force: bool = False,
    wait: bool = False,
) -> EnergyReport:
    """Writes the page ``output`` and the .csv and .json of the same name; returns what the last one holds.

    ``static_watts`` is the static power of one Loihi chip, ``device`` names the constants of Loihi.
    ``tolerance`` is what the knee may lack of the ANN's metric (None: 0.01, for pixel accuracy 0.005, for mse a
    twentieth of it). ``devices`` is a JSON file with further measurements of other devices.
    Raises ``UserError``, for a bundle that another command changes too, unless it is to ``wait`` for that one.
    """
    from deploy.energy.published import rows_with
    from deploy.report.page.html import html_report

    from .build import build_report
    from .origin import ReportOptions, report_origin
    from .read import read_runs

    paths, further = [Path(bundle) for bundle in bundles], None if devices is None else Path(devices)
    problems: list[str] = []
    with noting(problems):
        files = _files(Path(output), force=force)
    with noting(problems):
        published = rows_with(further)
    with _quiet_runs(paths, wait=wait):
        with noting(problems):
            runs = read_runs(paths)
        tell(problems)
        report = build_report(runs, static_watts=static_watts, devices=device, tolerance=tolerance, published=published)
        options = ReportOptions(static_watts, device, tolerance, further)
        report = msgspec.structs.replace(report, provenance=report_origin(paths, runs, options))
        page = html_report(report, runs)
    return _write(files, page, report)


def _files(page: Path, *, force: bool) -> list[Path]:
    """The page and the files beside it. Raises ``UserError`` for names that cannot be or are taken already."""
    if page.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{page}: the report is an HTML page; choose a name that ends in .html")
    files = [page, *(page.with_suffix(suffix) for suffix in SUFFIXES)]
    if folders := [path for path in files if path.is_dir()]:
        raise UserError([f"{path} is a folder; choose the name of a file" for path in folders])
    recover(*files)
    for path in files:
        keep(path, force=force)
    return files


@contextmanager
def _quiet_runs(paths: Sequence[Path], *, wait: bool) -> Iterator[None]:
    """No command changes the bundles of ``paths`` in the block; what a killed one left there is put right."""
    from .read import bundle_of

    with ExitStack() as locks:
        for _, bundle in sorted({bundle_of(path).resolve(): bundle_of(path) for path in paths}.items()):
            locks.enter_context(at_work_in(bundle, shared=True, wait=wait))
            locks.enter_context(locked(bundle / RUNS, wait=True))  # a run is replaced in no time
            recover_in(bundle / RUNS)
        yield


def _write(files: Sequence[Path], page: str, report: EnergyReport) -> EnergyReport:
    """Writes all files or none; the report that is returned, and written, has the others' digests."""
    from .rows_csv import csv_of

    with whole_files(files) as (html, csv, json):
        html.write_text(page, encoding="utf-8")
        csv.write_text(csv_of(report), encoding="utf-8", newline="")
        parts = {path.name: digest(beside) for path, beside in zip(files, (html, csv), strict=False)}
        report = msgspec.structs.replace(report, timings=msgspec.structs.replace(report.timings, parts=parts))
        json.write_bytes(as_json(report))
    return report
