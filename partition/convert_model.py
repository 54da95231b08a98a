"""``convert-model`` as it is installed: its ``--check`` counts cores, which only the partition can."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from convert.cli import main as without_cores

if TYPE_CHECKING:
    from convert.check.report import Footprint
    from convert.network import Network


def _fit(network: Network) -> Footprint:
    from .fit import fewest_cores

    return fewest_cores(network)


main = copy(without_cores)
main.context_settings = {**without_cores.context_settings, "obj": _fit}
