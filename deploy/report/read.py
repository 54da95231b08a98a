"""The runs of a bundle, read from its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import UNSET

from convert.bundle import REPORT, load_report
from convert.errors import UserError
from convert.report import ConversionReport
from deploy.runs.report import RUN, RunReport, read_run
from partition.result import FILE, Partition, read_partition

from .content import PlacementSummary


@dataclass(frozen=True)
class RecordedRun:
    """One run with the conversion and the partition it belongs to; ``folder`` holds its outputs.npz."""

    label: str
    folder: Path
    bundle: Path
    result: RunReport = field(repr=False)
    conversion: ConversionReport = field(repr=False)
    partition: Partition | None = field(repr=False)
    placement: PlacementSummary | None = field(repr=False)

    @property
    def picture(self) -> str | None:
        """partition.svg, if it is there."""
        path = self.bundle / "partition.svg"
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def read_runs(paths: Sequence[Path]) -> tuple[RecordedRun, ...]:
    """Every run of the bundles at ``paths``; a path may be one run's folder, too. All problems at once.

    Of a bundle's runs that one is first which says most: one that counts by step before others, then more images.
    """
    runs: list[RecordedRun] = []
    problems: list[str] = []
    for path in paths:
        try:
            runs.extend(_runs_at(path))
        except UserError as error:
            problems.extend(error.problems)
    if problems:
        raise UserError(problems)
    return tuple({run.folder.resolve(): run for run in runs}.values())


def bundle_of(path: Path) -> Path:
    """The bundle at ``path``, or the one that the run at ``path`` lies in."""
    return path.resolve().parent.parent if (path / RUN).is_file() else path


def placement_of(partition: Partition) -> PlacementSummary:
    """What report.json says of a partition that was read from a file."""
    found = msgspec.convert(msgspec.to_builtins(partition.report), PlacementSummary)
    return msgspec.structs.replace(found, copied_cores=len(partition.copies) or UNSET)


def _runs_at(path: Path) -> list[RecordedRun]:
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; give a bundle that convert-model wrote")
    if (path / RUN).is_file():
        return [_read(path, path.resolve().parent.parent)]
    if not (path / REPORT).is_file():
        raise UserError(f"{path} is not a bundle: it has no {REPORT}; give a folder that convert-model wrote")
    found = sorted(file.parent for file in path.glob(f"runs/*/{RUN}"))
    if not found:
        raise UserError(f"{path} has no runs; run 'deploy-model {path} --data TEST' first")
    return sorted((_read(folder, path) for folder in found), key=_says_less)


def _says_less(run: RecordedRun) -> tuple[bool, bool, int]:
    counted = run.result.synops is not None
    by_step = any(isinstance(row.layer_synops, dict) for row in run.result.metrics.by_timestep)
    return not counted, not by_step, -run.result.images


def _read(folder: Path, bundle: Path) -> RecordedRun:
    file = bundle / FILE
    partition = read_partition(file) if file.exists() else None
    return RecordedRun(
        label=f"{bundle.resolve().name}/{folder.resolve().name}",
        folder=folder,
        bundle=bundle,
        result=read_run(folder),
        conversion=load_report(bundle),
        partition=partition,
        placement=None if partition is None else placement_of(partition),
    )
