"""What a report was made from: the files of its runs and of their bundles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from convert.bundle import PARTITION, PARTITION_PICTURE, REPORT
from convert.provenance import Provenance, command_line, digests, provenance
from deploy.energy.devices import STATIC_WATTS_PER_CHIP, DeviceSet
from deploy.runs.folder import OUTPUTS
from deploy.runs.report import RUN

from .read import RecordedRun

OF_BUNDLE, OF_RUN = (REPORT, PARTITION, PARTITION_PICTURE), (RUN, OUTPUTS)
"""What a report is made from."""


@dataclass(frozen=True)
class ReportOptions:
    """How runs are compared; ``tolerance`` is a share, where the command has points of 100."""

    static_watts: float = STATIC_WATTS_PER_CHIP
    device: DeviceSet = "all"
    tolerance: float | None = None
    devices: Path | None = None


def report_origin(paths: Sequence[Path], runs: Sequence[RecordedRun], options: ReportOptions) -> Provenance:
    """The command for ``paths``, and the digests of the files of ``runs`` as BUNDLE/FILE and BUNDLE/runs/NAME/FILE."""
    made_from: dict[str, str] = {}
    for run in runs:
        bundle, name = run.label.split("/")
        made_from |= {f"{bundle}/{file}": found for file, found in digests(run.bundle, OF_BUNDLE).items()}
        made_from |= {f"{bundle}/runs/{name}/{file}": found for file, found in digests(run.folder, OF_RUN).items()}
    points = None if options.tolerance is None else 100 * options.tolerance
    bundles = [path.resolve().name for path in paths]
    further = options.devices
    named = replace(options, tolerance=points, devices=None if further is None else Path(further.name))
    command = command_line("energy-report", bundles, named, {})
    return provenance(command, given={} if further is None else {"devices": further}, made_from=made_from)
