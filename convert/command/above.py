"""What ``convert-model`` needs of the packages above this one, and how it asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from convert.options import Options, Progress

if TYPE_CHECKING:
    from convert.check.model import Fit
    from convert.report import ConversionReport


@dataclass(frozen=True)
class Asked:
    """What a network is to be chosen by, points of 100 that it may lose and joules that it may need, from what and
    where to: as ``convert`` is given it, and labelled data ``held_out`` that nothing is trained on."""

    model: Path
    data: Path
    bundle: Path
    accuracy_loss: float | None
    joules: float | None
    held_out: Path | None
    force: bool
    wait: bool


Choose = Callable[[Asked, Options, Progress], "ConversionReport"]
"""Tries conversions and writes the one that does what was asked: ``deploy.choice``."""


class Above(NamedTuple):
    """What the command needs of the packages above this one, handed to it where it is installed."""

    fit: Fit
    choose: Choose
