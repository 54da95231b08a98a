"""The runs of a bundle, read from its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convert.errors import UserError

NEEDED = ("target", "images", "timesteps", "metrics")
"""Keys without which a run.json cannot be reported."""


@dataclass(frozen=True)
class Run:
    """One run with the conversion and the partition it belongs to; ``folder`` holds its outputs.npz."""

    label: str
    folder: Path
    bundle: Path
    result: dict[str, Any] = field(repr=False)
    conversion: dict[str, Any] = field(repr=False)
    partition: dict[str, Any] = field(repr=False)

    @property
    def picture(self) -> str | None:
        """partition.svg, if it is there."""
        path = self.bundle / "partition.svg"
        return path.read_text() if path.is_file() else None


def read_runs(paths: Sequence[Path]) -> tuple[Run, ...]:
    """Every run of the bundles at ``paths`` by name; a path may be one run's folder, too. All problems at once."""
    runs: list[Run] = []
    problems: list[str] = []
    for path in paths:
        try:
            runs.extend(_runs_at(path))
        except UserError as error:
            problems.extend(error.problems)
    if problems:
        raise UserError(problems)
    return tuple({run.folder.resolve(): run for run in runs}.values())


def _runs_at(path: Path) -> list[Run]:
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; give a bundle that convert-model wrote")
    if (path / "run.json").is_file():
        return [_read(path, path.resolve().parent.parent)]
    if not (path / "conversion.json").is_file():
        raise UserError(f"{path} is not a bundle: it has no conversion.json; give a folder that convert-model wrote")
    found = sorted(file.parent for file in path.glob("runs/*/run.json"))
    if not found:
        raise UserError(f"{path} has no runs; run 'deploy-model {path} --data TEST' first")
    return [_read(folder, path) for folder in found]


def _read(folder: Path, bundle: Path) -> Run:
    result = _json(folder / "run.json", "deploy-model")
    missing = [key for key in NEEDED if key not in result]
    if missing:
        raise UserError(f"{folder / 'run.json'} has no {', '.join(missing)}; run deploy-model again")
    return Run(
        label=f"{bundle.resolve().name}/{folder.resolve().name}",
        folder=folder,
        bundle=bundle,
        result=result,
        conversion=_json(bundle / "conversion.json", "convert-model"),
        partition=_json(bundle / "partition.json", "partition-model") if (bundle / "partition.json").exists() else {},
    )


def _json(path: Path, command: str) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path} ({error}); run {command} again") from error
    if not isinstance(data, dict):
        raise UserError(f"{path} does not hold a JSON object; run {command} again")
    return data
