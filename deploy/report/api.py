"""``compare_energy``: the runs of bundles in, report.html and report.json out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from convert.bundle import RUNS, at_work_in
from convert.errors import UserError
from convert.storage.atomic import keep, whole_files
from convert.storage.digests import digest
from convert.storage.locks import locked
from convert.storage.recovery import recover, recover_in
from convert.storage.reports import as_json
from deploy.energy.devices import STATIC_WATTS_PER_CHIP, DeviceSet

from .content import EnergyReport


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
    """Writes the page ``output`` and the .json of the same name; returns what the latter holds.

    ``static_watts`` is the static power of one Loihi chip, ``device`` names the constants of Loihi.
    ``tolerance`` is what the knee may lack of the ANN's metric (None: 0.01, for pixel accuracy 0.005, for mse a
    twentieth of it). ``devices`` is a JSON file with further measurements of other devices.
    Raises ``UserError``, for a bundle that another command changes too, unless it is to ``wait`` for that one.
    """
    from deploy.energy.published import rows_with

    from .build import build_report
    from .html import html_report
    from .origin import ReportOptions, report_origin
    from .read import bundle_of, read_runs

    output = Path(output)
    if output.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{output}: the report is an HTML page; choose a name that ends in .html")
    files = [output, output.with_suffix(".json")]
    if folders := [path for path in files if path.is_dir()]:
        raise UserError([f"{path} is a folder; choose the name of a file" for path in folders])
    recover(*files)
    for path in files:
        keep(path, force=force)
    paths, further = [Path(bundle) for bundle in bundles], None if devices is None else Path(devices)
    published = rows_with(further)
    with ExitStack() as locks:
        for _, bundle in sorted({bundle_of(path).resolve(): bundle_of(path) for path in paths}.items()):
            locks.enter_context(at_work_in(bundle, shared=True, wait=wait))
            locks.enter_context(locked(bundle / RUNS, wait=True))  # a run is replaced in no time
            recover_in(bundle / RUNS)
        runs = read_runs(paths)
        report = build_report(runs, static_watts=static_watts, devices=device, tolerance=tolerance, published=published)
        options = ReportOptions(static_watts, device, tolerance, further)
        report = msgspec.structs.replace(report, provenance=report_origin(paths, runs, options))
        page = html_report(report, runs)
    with whole_files(files) as (html, json):
        html.write_text(page, encoding="utf-8")
        timings = msgspec.structs.replace(report.timings, parts={output.name: digest(html)})
        report = msgspec.structs.replace(report, timings=timings)
        json.write_bytes(as_json(report))
    return report
