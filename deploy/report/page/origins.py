"""Where the page's numbers come from: the commands, the user's files, the machines and dates; and how to cite it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from convert.provenance import Given, Provenance
from deploy.report.content import EnergyReport
from deploy.report.read import RecordedRun

from .table import Cell, PageTable, row, table, text

SOURCES = (
    (
        "article",
        "davies2018loihi",
        {
            "author": "Davies, Mike and others",
            "title": "Loihi: A Neuromorphic Manycore Processor with On-Chip Learning",
            "journal": "IEEE Micro",
            "volume": "38",
            "number": "1",
            "year": "2018",
            "doi": "10.1109/MM.2018.112130359",
        },
    ),
    (
        "article",
        "boyle2025sanafe",
        {
            "author": "Boyle, James A. and others",
            "title": "{SANA-FE}: Simulating Advanced Neuromorphic Architectures for Fast Exploration",
            "journal": "IEEE Transactions on Computer-Aided Design of Integrated Circuits and Systems",
            "volume": "44",
            "pages": "3165",
            "year": "2025",
            "doi": "10.1109/TCAD.2025.3537971",
        },
    ),
    (
        "inproceedings",
        "frady2020springs",
        {
            "author": "Frady, E. Paxon and others",
            "title": "Neuromorphic Nearest Neighbor Search Using {Intel's} {Pohoiki} {Springs}",
            "booktitle": "NICE",
            "year": "2020",
            "eprint": "2004.12691",
            "archiveprefix": "arXiv",
        },
    ),
)
"""What the constants of Loihi come from (deploy/energy/constants.py)."""


@dataclass(frozen=True)
class Step:
    """One command on the way: what it is, when it ended and on which processor, as far as files tell."""

    command: str
    finished: str
    machine: str


def steps_of(run: RecordedRun) -> list[Step]:
    """The commands that made ``run``, first to last."""
    return list(_steps(run))


def _steps(run: RecordedRun) -> Iterator[Step]:
    converted, partition = run.conversion, run.partition
    for provenance, timings in (
        (converted.provenance, converted.timings),
        (partition.report.provenance, partition.report.timings) if partition else (None, None),
        (run.result.provenance, run.result.timings),
    ):
        if provenance is not None:
            machine = timings.machine if timings else None
            where = f"{machine.processor}, {machine.logical_processors} logical processors" if machine else ""
            yield Step(provenance.command, (timings.finished if timings else None) or "", where)


def given_table(runs: Sequence[RecordedRun]) -> PageTable:
    """The user's files by run, with their digests."""
    rows = [
        row(run.label, f"{what}: {given.name}", Cell(given.sha256, css="sha"))
        for run in runs
        for what, given in _given(run).items()
    ]
    return table("Models and data", ("run", *text("file", "SHA-256")), rows)


def _given(run: RecordedRun) -> Mapping[str, Given]:
    made: dict[str, Given] = {}
    for stage, provenance in (("training", run.conversion.provenance), ("test", run.result.provenance)):
        for what, given in (provenance.given if provenance else {}).items():
            made[f"{stage} {what}" if what == "data" else what] = given
    return made


def parts_table(provenance: Provenance) -> PageTable:
    rows = [row(name, Cell(sha256, css="sha")) for name, sha256 in provenance.made_from.items()]
    return table("Files that this page is made from", (*text("file"), *text("SHA-256")), rows)


def bibtex(report: EnergyReport) -> str:
    """Entries for this program, by its version and code, and for what its constants come from."""
    provenance = report.provenance
    version = provenance.versions.get("ann2loihi", "") if provenance else ""
    code = (provenance.code_sha256 or "")[:12] if provenance else ""
    ours = {"title": "{ann2loihi}: trained {Keras} networks on {Intel's} {Loihi}", "version": version}
    if code:
        ours["note"] = f"energy report, code SHA-256 {code}"
    return "\n\n".join(_entry(*entry) for entry in (("software", "ann2loihi", ours), *SOURCES))


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join((f"@{kind}{{{key},", *lines, "}"))
