"""The protocol of an engine: a model saved in a folder -> its own form of it -> a session that infers batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from convert.data.evaluate import Predictor
from deploy.arrays import Float32
from deploy.device_report import Precision


@dataclass(frozen=True)
class Session:
    """The model ready for batches of one size: ``load`` gives it one, ``infer`` computes, ``output`` is what came out.

    A batch has the shape (batch, *input), the output (batch, *output of the model).
    """

    load: Callable[[Float32], None]
    infer: Callable[[], object]
    output: Callable[[], Float32]


class Prepare(Protocol):
    def __call__(self, saved: Path, calibration: Float32, folder: Path, batches: Sequence[int]) -> None:
        """Writes into ``folder`` what ``open`` reads for each of ``batches``, from the SavedModel ``saved``."""


class Open(Protocol):
    def __call__(self, folder: Path, batch: int, threads: int) -> Session:
        """The session for ``batch`` on so many ``threads``, from what ``Prepare`` wrote."""


@dataclass(frozen=True)
class Engine:
    """One way to run a model: its name, the number format, the ``modules`` it imports and the ``distribution`` whose
    version counts; ``install`` is what brings them."""

    name: str
    precision: Precision
    modules: tuple[str, ...]
    distribution: str
    install: str
    prepare: Prepare
    open: Open

    @property
    def title(self) -> str:
        return f"{self.name} {self.precision}"

    @property
    def missing(self) -> str | None:
        """Why it cannot be used here: a package that is not installed; None if all are."""
        lacking = [module for module in self.modules if find_spec(module) is None]
        return f"{' and '.join(lacking)} not installed; {self.install} brings it" if lacking else None

    @property
    def version(self) -> str:
        return metadata.version(self.distribution)


def predictor_of(session: Session, batch: int) -> Predictor:
    """The predictor of a ``session`` for batches of ``batch``; those that are smaller are filled up."""

    def predictor(images: Float32) -> Float32:
        import numpy as np

        outputs = []
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            session.load(np.resize(part, (batch, *part.shape[1:])))
            session.infer()
            outputs.append(session.output()[: len(part)])
        return np.concatenate(outputs)

    return predictor
