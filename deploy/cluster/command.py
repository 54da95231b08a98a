"""The options of commands that can run on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rich_click as click

from deploy.runs.options import LIMITS

_SCHEDULER = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on the workers of the Dask scheduler there, as tcp://host:8786; they need ann2loihi, but none of your "
    "files.",
)
_WORKERS = click.option(
    "--workers",
    type=click.IntRange(*LIMITS["workers"]),
    help="Run on so many worker processes, which are started here and end with the command.",
)


def cluster_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --scheduler and --workers."""
    return _SCHEDULER(_WORKERS(function))
