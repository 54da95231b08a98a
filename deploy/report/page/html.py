"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deploy.report.content import EnergyReport
from deploy.report.plots.pareto_plot import front_plot
from deploy.report.read import RecordedRun
from deploy.report.words.si import counted, si
from deploy.report.words.text import cores_of
from deploy.report.words.verdict import how, verdict_of

from .energy_tables import front_table, published_table
from .origins import bibtex, given_table, parts_table
from .run_section import section_of
from .summary import comparison

if TYPE_CHECKING:
    from jinja2 import Environment


def environment() -> Environment:
    """The templates of this folder, with filters for quantities."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("deploy.report.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(si=si, how=how, counted=counted, cores_of=cores_of)
    return found


def html_report(report: EnergyReport, runs: Sequence[RecordedRun]) -> str:
    """The page for ``report``, which was built from ``runs``."""
    sections = [section_of(report, *pair) for pair in zip(report.runs, runs, strict=True)]
    return (
        environment()
        .get_template("report.html")
        .render(
            sections=sections,
            first=verdict_of(report, report.runs[0]),
            comparison=comparison(report) if len(sections) > 1 else None,
            fronts=[
                (front, front_plot(f"front {i}", front), front_table(front)) for i, front in enumerate(report.fronts, 1)
            ],
            published=published_table(report.published) if report.published else None,
            provenance=report.provenance,
            given=given_table(runs),
            parts=parts_table(report.provenance) if report.provenance else None,
            bibtex=bibtex(report),
        )
    )
