"""``convert-model`` as it is installed: ``--check`` counts cores and ``--accuracy-loss`` runs networks, as only the
packages above ``convert`` can."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from convert.cli import main as alone
from convert.command.above import Above, Asked

if TYPE_CHECKING:
    from convert.check.report import Footprint
    from convert.network import Network
    from convert.options import Options, Progress
    from convert.report import ConversionReport


def _fit(network: Network) -> Footprint:
    from partition.fit import foreseen_cores

    return foreseen_cores(network)


def _choose(asked: Asked, options: Options, progress: Progress) -> ConversionReport:
    from deploy.choice.api import convert_to_suit
    from deploy.choice.wanted import Wanted

    return convert_to_suit(
        asked.model,
        asked.data,
        asked.bundle,
        Wanted(asked.accuracy_loss, asked.joules),
        options,
        held_out=asked.held_out,
        force=asked.force,
        wait=asked.wait,
        progress=progress,
    )


main = copy(alone)
main.context_settings = {**alone.context_settings, "obj": Above(_fit, _choose)}
