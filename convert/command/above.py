"""What ``convert-model`` needs of the packages above this one, and how it asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from convert.options import Options, Progress

if TYPE_CHECKING:
    from convert.check.model import Fit
    from convert.report import ConversionReport


class Asked(NamedTuple):
    """What a network is to be chosen by: points of 100 that it may lose, joules that it may need, and the images."""

    accuracy_loss: float | None
    joules: float | None
    held_out: Path | None


class Choose(Protocol):
    """Tries conversions and writes the one that does what was asked: ``deploy.choice``."""

    def __call__(
        self,
        model: Path,
        data: Path,
        bundle: Path,
        asked: Asked,
        options: Options,
        force: bool,
        wait: bool,
        progress: Progress,
    ) -> ConversionReport: ...


class Above(NamedTuple):
    """What the command needs of the packages above this one, handed to it where it is installed."""

    fit: Fit
    choose: Choose
