"""A table of the page as data: the template writes it once, for eyes, phones, paper and screen readers alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "text"]
Mark = Literal["", "knee", "loaded", "front"]


@dataclass(frozen=True)
class Column:
    """``title`` stands over the cells, on a phone before each; ``text`` is flush left and may wrap."""

    title: str
    kind: Kind = "number"


@dataclass(frozen=True)
class Cell:
    """Text, with what it leads to and how it is shown."""

    text: str
    href: str | None = None
    css: str = ""


@dataclass(frozen=True)
class Row:
    """The first cell names the row; ``mark`` is why it stands out."""

    cells: tuple[Cell, ...]
    mark: Mark = ""


@dataclass(frozen=True)
class PageTable:
    """A caption, which may be hidden, columns and rows."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


Columns = Iterable[Column | str]
"""One that is only a title is of numbers."""


def table(caption: str, columns: Columns, rows: Iterable[Row]) -> PageTable:
    """A table of ``rows``."""
    made = tuple(Column(c) if isinstance(c, str) else c for c in columns)
    found = tuple(rows)
    assert all(len(row.cells) == len(made) for row in found), caption
    return PageTable(caption, made, found)


def row(*cells: Cell | str, mark: Mark = "") -> Row:
    """A row of ``cells``; one that is only text is shown as it is."""
    return Row(tuple(Cell(c) if isinstance(c, str) else c for c in cells), mark)


def text(*titles: str) -> Sequence[Column]:
    """Columns of text."""
    return [Column(title, "text") for title in titles]
