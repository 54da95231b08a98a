"""A network on its way from the trained model to the bundle, and what the stages have found out about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.calibration.activity import RateScales
from convert.calibration.firing_rates import FiringRates
from convert.calibration.sample import Sample
from convert.frontends.original import Original
from convert.network import Network
from convert.report import AgreementReport

from .options import Options, Progress


@dataclass(frozen=True)
class Goal:
    """What the network is to do.

    ``original`` is what has been lowered; ``teacher`` is what calibration and training aim at: the same, or the model
    as it was before its max pooling was replaced. ``rates`` are the scales that ``teacher`` asks for. The folder
    ``kept`` has what was done before the command was killed. Outputs that are ``decoded`` on the host are numbers,
    whatever the task is.
    """

    original: Original
    teacher: Original
    rates: RateScales
    sample: Sample
    options: Options
    progress: Progress
    kept: Path | None = None
    decoded: bool = False


@dataclass(frozen=True)
class Draft:
    """``network`` between two stages.

    ``rate_network`` computes what the original does, in Hz; ``silent`` are the populations that were left out;
    ``gains`` (channels,), the step of ``arrival`` and the ``firing`` rates are by population.
    """

    network: Network
    goal: Goal
    rate_network: Network | None = None
    agreement: AgreementReport | None = None
    silent: tuple[str, ...] = ()
    gains: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    arrival: Mapping[str, int] = field(default_factory=dict)
    firing: FiringRates = field(default_factory=FiringRates)


Stage = Callable[[Draft], Draft]
"""A pure function: the draft that it is given stays as it was."""
