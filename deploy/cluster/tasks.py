"""Parts of a piece of work on the workers of a cluster: they go out a few ahead, and come back as they are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from convert.errors import UserError
from deploy.foreign import DaskClient, DaskFuture

AHEAD = 3
"""Parts on their way for each thread of the workers: one at work, one that waits for it, one being sent."""
RETRIES = 2
"""How often a part that failed is tried again, elsewhere if there is another worker."""
KEPT = "what is done is kept: give the same command again to go on"

Content = TypeVar("Content")
Part = TypeVar("Part")
Sent = TypeVar("Sent")
Result = TypeVar("Result")


def finished(
    client: DaskClient,
    work: Callable[[Content, Sent], Result],
    content: Content,
    key: str,
    parts: Iterable[Part],
    sent: Callable[[Part], Sent],
) -> Iterator[tuple[Part, Result]]:
    """Each of ``parts`` with the result of ``work(content, sent(part))``, as they are done.

    ``content``, whose name is ``key``, is what all parts need; no more parts are on their way than keep the workers
    busy, which may come and go. Raises ``UserError`` if parts end their workers, or the scheduler goes.
    """
    from distributed import as_completed

    left, away = iter(parts), {}
    # A task's argument and not scattered: the scheduler can make it again when the workers that held it are lost.
    shared = client.submit(held, content, key=f"content-{key}", pure=True)

    def submitted(part: Part) -> DaskFuture:
        future = client.submit(work, shared, sent(part), retries=RETRIES, pure=False)
        away[future.key] = part
        return future

    with in_words():
        done = as_completed([submitted(part) for part in islice(left, most_away(client))], loop=client.loop)
        for future in done:
            result = future.result()
            yield away.pop(future.key), result
            for part in islice(left, max(0, most_away(client) - len(away))):
                done.add(submitted(part))


def held(content: Content) -> Content:
    """``content``, as a task's result: Dask hands it from worker to worker."""
    return content


def most_away(client: DaskClient) -> int:
    """How many parts may be on their way, by the workers that are there now."""
    threads: dict[str, int] = client.nthreads()
    return AHEAD * max(1, sum(threads.values()))


@contextmanager
def in_words() -> Iterator[None]:
    """Turns what the cluster does to the work into a sentence."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    try:
        yield
    except KilledWorker as error:
        raise UserError(
            "a part of the work has ended several workers one after the other, most likely for want of memory; give "
            f"workers more, or fewer threads each; {KEPT}"
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise UserError(f"the scheduler is gone; start it again; {KEPT}") from error
    except (ModuleNotFoundError, AttributeError) as error:
        if not any(f"'{name}" in str(error) for name in ("deploy", "convert", "partition")):
            raise
        raise UserError(f"a worker has no ann2loihi as it is here ({error}); install the same there; {KEPT}") from error
