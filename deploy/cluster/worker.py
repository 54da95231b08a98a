"""What a worker does: it prepares a network once, and runs pieces of images on it."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np

from convert.data.dataset import Dataset
from convert.data.evaluate import target_of
from convert.data.labels import Label
from convert.data.validation import Image, ImageSource
from convert.errors import UserError
from convert.provenance import code_versions
from convert.report import OutputGrid, Task
from deploy.runs.checkpoint import ImageResult
from deploy.runs.images import Piece, results_of
from deploy.targets.names import TargetName
from deploy.targets.registry import Job, Runner, prepare


@dataclass(frozen=True)
class Content:
    """All that a worker needs of the client's bundle: a ``job``, and which ``versions`` it was made with.

    ``key`` is its digest.
    """

    target: TargetName
    job: Job
    versions: dict[str, str]
    key: str


@dataclass(frozen=True)
class SentImages:
    """Some images of a dataset, with their labels where the output has pixels; ``by_core`` as in ``Piece``."""

    task: Task
    grid: OutputGrid | None
    images: Sequence[Image]
    labels: Sequence[Label]
    by_core: bool

    @property
    def dataset(self) -> Dataset:
        source = ImageSource(self.task, len(self.images), self.images.__getitem__, self.labels.__getitem__)
        return Dataset(source, np.arange(len(self.images)), grid=self.grid)


@dataclass(frozen=True)
class _Prepared:
    job: Job
    runner: Runner
    alone: AbstractContextManager[object]
    """Held while the runner is at work, if it can do one piece at a time only."""


_PREPARED: dict[str, _Prepared] = {}
"""Of the network that this process was given last."""
_PREPARING = Lock()


def content_of(target: TargetName, job: Job) -> Content:
    """What is sent for ``job``; each of a worker's threads runs one piece, and no other helps it."""
    sent = replace(job, threads=1, original=None)
    versions = code_versions()
    key = hashlib.sha256(pickle.dumps((target, sent, versions))).hexdigest()
    return Content(target, sent, versions, key)


def sent_images(dataset: Dataset, piece: Piece) -> SentImages:
    """The images of ``piece`` as they are sent."""
    images = [dataset.image(i) for i in piece.images]
    labels = [target_of(dataset, i) for i in piece.images]
    return SentImages(dataset.task, dataset.grid, images, labels, piece.by_core)


def run_sent(content: Content, sent: SentImages) -> list[ImageResult]:
    """The results of the images that were ``sent``, in order. Raises ``UserError`` for a worker of other versions."""
    prepared = _prepared(content)
    piece = Piece(range(len(sent.images)), sent.by_core)
    with prepared.alone:
        return list(results_of(prepared.job, prepared.runner, sent.dataset, piece))


def _prepared(content: Content) -> _Prepared:
    with _PREPARING:
        if content.key not in _PREPARED:
            require_same_versions(content.versions)
            _PREPARED.clear()
            alone = nullcontext() if content.target == "fast" else Lock()
            _PREPARED[content.key] = _Prepared(content.job, prepare(content.target, content.job), alone)
        return _PREPARED[content.key]


def require_same_versions(wanted: dict[str, str]) -> None:
    """Raises ``UserError`` unless this process has the versions of the client."""
    own = code_versions()
    if other := [f"{name} {own.get(name)} instead of {v}" for name, v in wanted.items() if own.get(name) != v]:
        raise UserError(
            f"a worker has {', '.join(other)}, and its results might differ; install the same there as here"
        )
