"""A Dask cluster: one that is there already, or one that is started on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from convert.errors import UserError
from convert.storage.recovery import NOTES
from deploy.foreign import DaskClient

ANSWER_S = 10.0
"""How long a scheduler may take to answer."""
JOIN_S = 60.0
"""How long the first worker may take to join."""
LARGEST_CONTENT = "1GB"
"""Up to here Dask need not warn of what a task carries: a network is meant to be sent, once."""


@contextmanager
def opened(scheduler: str | None, workers: int | None, threads: int) -> Iterator[DaskClient]:
    """A client of the cluster at the address ``scheduler``, or of one of ``workers`` processes that share ``threads``.

    Raises ``UserError`` where Dask is not installed, nobody answers or no worker joins.
    """
    dask, distributed = _dask()
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGEST_CONTENT}):
        if scheduler is not None:
            with _client(distributed, scheduler) as client:
                _require_workers(client, scheduler)
                yield client
            return
        assert workers is not None, "an address or a number of workers"
        each = max(1, threads // workers)
        with (
            distributed.LocalCluster(
                n_workers=workers, threads_per_worker=each, memory_limit=None, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            yield client


def _dask() -> tuple[Any, Any]:
    try:
        import dask
        import distributed
    except ImportError as error:
        raise UserError(
            f"a cluster needs Dask, which is not installed ({error}); pip install 'ann2loihi[cluster]', or leave out "
            "--scheduler and --workers"
        ) from error
    return dask, distributed


@contextmanager
def _client(distributed: Any, scheduler: str) -> Iterator[DaskClient]:
    try:
        client = distributed.Client(scheduler, timeout=ANSWER_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(
            f"no Dask scheduler answers at {scheduler} ({str(error).splitlines()[0][:100] or type(error).__name__}); "
            "start one with 'dask scheduler' and give the address that it prints, or use --workers N"
        ) from error
    with client:
        if client.dashboard_link:
            NOTES.info("workers at work: %s", client.dashboard_link)
        yield client


def _require_workers(client: DaskClient, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=JOIN_S)
    except TimeoutError as error:
        raise UserError(
            f"the scheduler at {scheduler} has no workers after {JOIN_S:g} s; start some: 'dask worker {scheduler}'"
        ) from error
