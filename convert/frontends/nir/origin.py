"""Where a file that ``export-model`` wrote comes from, and whether its nodes are still those that it wrote."""

from __future__ import annotations

from pathlib import Path

from convert.errors import UserError
from convert.provenance import Provenance

from .own import DAMAGED_TEXT, kept_in
from .reading import read_graph

AGAIN = "run export-model again"


def origin_of(path: Path) -> Provenance:
    """What the file says it was made from. Raises ``UserError`` for a changed file and for one of another writer."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; name what export-model wrote")
    try:
        found = kept_in(read_graph(path))
    except DAMAGED_TEXT as error:
        raise UserError(f"{path}: its metadata is damaged ({type(error).__name__}: {error}); {AGAIN}") from error
    if isinstance(found, str):
        raise UserError(f"{path}: {found or 'export-model did not write it'}; {AGAIN}")
    return found.provenance
