"""``verify_files``: whether bundles, reports, a model and data belong together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from convert.bundle import REPORT, at_work_in
from convert.errors import UserError

from .belonging import Verification, check_exports, verify

EXPORTED = ".nir"
BESIDE = (".html", ".htm", ".csv")
"""Of the files that lie beside a report.json."""


def verify_files(
    paths: Sequence[str | Path],
    *,
    model: str | Path | None = None,
    data: Sequence[str | Path] = (),
    wait: bool = False,
) -> Verification:
    """Compares every file of the bundles and reports at ``paths`` with what is said of it where it was used.

    Of a report the page, its .csv or its .json may be named; .nir files are those that were exported. Raises
    ``UserError`` with a sentence for each file that is missing, changed or made from another one, and for a bundle that
    another command changes, unless it is to ``wait``.
    """
    exports = [Path(path) for path in paths if Path(path).suffix.lower() == EXPORTED and not Path(path).is_dir()]
    given = [Path(path) for path in paths if Path(path) not in exports]
    reports = [_json_of(path) for path in given if path.suffix.lower() in (".json", *BESIDE) and not path.is_dir()]
    bundles = {path.resolve(): path for path in given if path.suffix.lower() not in (".json", *BESIDE) or path.is_dir()}
    with ExitStack() as locks:
        for _, bundle in sorted(bundles.items()):
            locks.enter_context(at_work_in(bundle, shared=True, wait=wait))
        if strangers := [path for path in bundles.values() if not (path / REPORT).is_file()]:
            raise UserError(
                [f"{path} is neither a bundle nor a report.json; name what convert-model wrote" for path in strangers]
            )
        found = verify(list(bundles.values()), reports, None if model is None else Path(model), [Path(d) for d in data])
        check_exports(found, exports, list(bundles.values()))
    if found.problems:
        raise UserError(found.problems)
    return found


def _json_of(path: Path) -> Path:
    return path.with_suffix(".json")
