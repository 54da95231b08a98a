"""Digests recomputed: what no longer belongs together, one sentence for each file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from convert.bundle import REPORT, WRITTEN_LATER, is_part
from convert.errors import UserError
from convert.provenance import Given
from convert.storage.digests import digest

from .records import Record, record_of_export, record_of_report, records_of


@dataclass
class Verification:
    """The files that were looked at, and what is wrong with them."""

    files: set[Path] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    spoiled: set[Path] = field(default_factory=set)
    """Files with a problem of their own, which is not told again where something was made from them."""
    given: dict[str, dict[str, Given]] = field(default_factory=dict)
    """What the user gave for a file, by the file's name."""

    def digest(self, path: Path) -> str | None:
        """The digest of ``path`` now; None if it is missing, or neither a file nor a folder."""
        if not path.is_file() and not path.is_dir():
            return None
        self.files.add(path)
        return digest(path)


def verify(
    bundles: Sequence[Path], reports: Sequence[Path] = (), model: Path | None = None, data: Sequence[Path] = ()
) -> Verification:
    """Whether ``bundles``, the report.json files ``reports``, the ``model`` and the ``data`` belong together."""
    found = Verification()
    for bundle in bundles:
        for record in records_of(bundle):
            _check(found, record, bundle)
    by_name = {bundle.resolve().name: bundle for bundle in bundles}
    for path in reports:
        _check_report(found, record_of_report(path), path, by_name)
    if model is not None:
        _check_given(found, "model", model)
    for path in data:
        _check_given(found, "data", path)
    return found


def _check(found: Verification, record: Record | UserError, bundle: Path) -> None:
    if isinstance(record, UserError):
        found.problems += record.problems
        return
    found.files.add(bundle / record.name)
    found.given[str(bundle / record.name)] = record.given
    for part, sha256 in record.parts.items():
        _check_part(found, bundle / record.name_of_part(part), sha256, bundle / record.name, record.again)
    if record.name == REPORT:
        _check_unnamed(found, record, bundle)
    sources = {name: bundle / name for name in record.made_from}
    _check_sources(found, bundle / record.name, record, sources)


def _check_part(found: Verification, path: Path, sha256: str, writer: Path, again: str) -> None:
    now = found.digest(path)
    if now == sha256:
        return
    found.spoiled.add(path)
    if now is None:
        found.problems.append(f"{path} is missing, which was written with {writer.name}; {again}")
    else:
        found.problems.append(
            f"{path} has been changed since it was written with {writer.name} "
            f"(SHA-256 {now[:12]}... instead of {sha256[:12]}...); {again}"
        )


def _check_unnamed(found: Verification, record: Record, bundle: Path) -> None:
    """Files that commands would read although they were not written with conversion.json."""
    for path in sorted(bundle.iterdir()):
        known = path.name in record.parts or path.name in WRITTEN_LATER or path.name.startswith(".")
        if is_part(path) and not known:
            found.problems.append(f"{path} was not written with {record.name}; remove it, or {record.again}")


def _check_sources(found: Verification, path: Path, record: Record, sources: Mapping[str, Path]) -> None:
    """One sentence for all files that ``path`` was made from and that are others now."""
    others = []
    for name, source in sources.items():
        if source not in found.spoiled and found.digest(source) != record.made_from[name]:
            others.append(name if source.exists() else f"{name}, which is missing")
    if others:
        found.problems.append(f"{path} was made from another {' and another '.join(others)}; {record.again}")


def _check_report(found: Verification, record: Record | UserError, path: Path, bundles: Mapping[str, Path]) -> None:
    if isinstance(record, UserError):
        found.problems += record.problems
        return
    found.files.add(path)
    for part, sha256 in record.parts.items():
        _check_part(found, path.parent / part, sha256, path, record.again)
    named = {name: tuple(name.split("/", 1)) for name in record.made_from}
    absent = sorted({bundle for bundle, _ in named.values()} - bundles.keys())
    if absent:
        found.problems.append(f"{path} was made from {', '.join(absent)} too; name that bundle beside it")
    sources = {name: bundles[bundle] / file for name, (bundle, file) in named.items() if bundle in bundles}
    _check_sources(found, path, record, sources)


def check_exports(found: Verification, exports: Sequence[Path], bundles: Sequence[Path]) -> None:
    """Whether files that export-model wrote are as it wrote them, from one of ``bundles`` as it is now."""
    for path in exports:
        record = record_of_export(path)
        if isinstance(record, UserError):
            found.problems += record.problems
            continue
        found.files.add(path)
        if not bundles:
            found.problems.append(f"{path} was made from a bundle; name that bundle beside it")
            continue
        alike = [bundle for bundle in bundles if found.digest(bundle / REPORT) == record.made_from.get(REPORT)]
        bundle = (alike or list(bundles))[0]
        _check_sources(found, path, record, {name: bundle / name for name in record.made_from})


def _check_given(found: Verification, what: str, path: Path) -> None:
    """Whether ``path`` is what the user gave as ``what`` for any of the files."""
    if not path.exists():
        found.problems.append(f"{path}: no such file or folder; name the {what} to compare with")
        return
    known = {name: given[what] for name, given in found.given.items() if what in given}
    now = found.digest(path)
    if not any(given.sha256 == now for given in known.values()):
        told = ", ".join(f"{name} from {given.name}" for name, given in known.items()) or "nothing tells of any"
        found.problems.append(
            f"{path} is not the {what} that was used ({told}; SHA-256 {str(now)[:12]}...); name the right {what}, or "
            "make the bundle again"
        )
