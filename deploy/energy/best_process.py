"""The process that needs least of several: an engine on several threads keeps the pace that its process began with."""

from __future__ import annotations

from operator import attrgetter

import msgspec

from deploy.device_report import Spread

from .measuring_process import Job, points_of
from .point import Point


def best_points(job: Job, processes: int) -> tuple[Point, ...]:
    """For each batch the point of that process whose median takes the least processor time.

    Its spreads reach from the least repeat of all processes to the most. Raises ``EngineError``.
    """
    runs = [points_of(job) for _ in range(processes)]
    return tuple(_best(points) for points in zip(*runs, strict=False))  # a slower process may leave out a batch


def _best(points: tuple[Point, ...]) -> Point:
    best = min(points, key=lambda point: point.cpu_seconds.median)
    return msgspec.structs.replace(
        best,
        cpu_seconds=_spread_of_all(best.cpu_seconds.median, [point.cpu_seconds for point in points]),
        wall_seconds=_spread_of_all(best.wall_seconds.median, [point.wall_seconds for point in points]),
    )


def _spread_of_all(median: float, spreads: list[Spread]) -> Spread:
    return Spread(
        median=median,
        low=min(map(attrgetter("low"), spreads)),
        high=max(map(attrgetter("high"), spreads)),
        repeats=sum(map(attrgetter("repeats"), spreads)),
    )
