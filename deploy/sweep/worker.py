"""What a worker does of a sweep: it unpacks model and data once, and scores trials on them."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from convert.options import silent
from convert.provenance import code_versions
from deploy.choice.score import Given
from deploy.cluster.worker import require_same_versions
from partition.options import SearchOptions

from .group import Group, scored
from .rows import SweepRow

_ALONE = Lock()
"""A conversion takes the whole process: TensorFlow and its seeds are shared by threads."""


@dataclass(frozen=True)
class Packed:
    """Model, data and data to measure on, paths in ``archive``; how to search and measure."""

    archive: bytes
    model: str
    train: str
    test: str
    images: int
    search: SearchOptions
    source: str
    versions: dict[str, str]

    @property
    def key(self) -> str:
        return hashlib.sha256(self.archive + repr((self.images, self.search, self.versions)).encode()).hexdigest()


def packed(given: Given, source: str) -> Packed:
    """The contents of the user's files, each under a folder of its own, so that names may be the same."""
    paths = (given.model, given.train, given.test)
    places = {path: f"{place}/{path.name}" for place, path in zip(("model", "train", "test"), paths, strict=True)}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for path, place in places.items():
            archive.add(path, place)
    return Packed(
        file.getvalue(),
        places[given.model],
        places[given.train],
        places[given.test],
        given.images,
        given.search,
        source,
        code_versions(),
    )


@contextmanager
def unpacked(content: Packed) -> Iterator[tuple[Path, Given]]:
    """A folder for the files of ``content`` and what is made of them, and what is to be done with them.

    One at a time in a process. Raises ``UserError`` for a worker of other versions.
    """
    require_same_versions(content.versions)
    with _ALONE, tempfile.TemporaryDirectory(prefix="ann2loihi-") as name:
        folder = Path(name)
        with tarfile.open(fileobj=io.BytesIO(content.archive)) as archive:
            archive.extractall(folder, filter="data")
        yield (
            folder,
            Given(
                folder / content.model,
                folder / content.train,
                folder / content.test,
                content.images,
                content.search,
                silent,
                threads=1,
            ),
        )


def score_sent(content: Packed, group: Group) -> list[SweepRow]:
    """The rows of all trials of ``group``. Raises ``UserError`` for a worker of other versions."""
    with unpacked(content) as (folder, given):
        return [row for rows in scored(group, folder, given, content.source) for row in rows]
