"""What ``energy-report`` prints, as plain text."""

from __future__ import annotations

import io

from rich.console import Console

from deploy.report.content import EnergyReport
from deploy.report.words.terminal import renderables


def printed(report: EnergyReport, width: int = 80) -> str:
    """The lines for a terminal of ``width`` columns, without the blanks at their ends."""
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False)
    for part in renderables(report):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"
