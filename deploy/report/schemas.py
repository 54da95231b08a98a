"""The JSON schemas of what the commands write, and of what a check prints: ``make docs``."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from convert.check.report import CheckReport
from convert.report import ConversionReport
from deploy.runs.report import RunReport
from partition.report import PartitionReport

from .content import EnergyReport

REPORTS: dict[str, type[msgspec.Struct]] = {
    "check": CheckReport,
    "conversion": ConversionReport,
    "partition": PartitionReport,
    "run": RunReport,
    "report": EnergyReport,
}
"""By the name of the file; 'check' is printed."""


def schema(name: str) -> bytes:
    """The schema of NAME.json, indented."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(REPORTS[name])), indent=2) + b"\n"


def main(folder: Path) -> None:
    """Writes NAME.schema.json for every report."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in REPORTS:
        (folder / f"{name}.schema.json").write_bytes(schema(name))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
