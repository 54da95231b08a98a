"""One point of measurement: a batch inferred again and again, its processor time, wall time and energy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

import msgspec

from deploy.device_report import Spread

from .load import watch_others
from .meters import Meter

WARM_UP_S = 0.2
"""Chosen: by then caches are warm, and plans that an engine makes at its first calls are made."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One inference out of batches of ``batch``; joules are None without a meter."""

    batch: int
    cpu_seconds: Spread
    wall_seconds: Spread
    joules: float | None
    idle_watts: float | None
    busy_others: float | None


def measure_point(
    infer: Callable[[], object], batch: int, *, seconds: float, repeats: int, meter: Meter | None = None
) -> Point:
    """``repeats`` times about ``seconds`` of calls of ``infer``, which infers ``batch`` images on any threads of this
    process; the machine's idle power is read before."""
    idle_watts = idle_power(meter, repeats * seconds / 2) if meter else None
    list(_calls(infer, WARM_UP_S))
    others, joules = watch_others(), meter() if meter else 0.0
    cpu, wall, count = [], [], 0
    for _ in range(repeats):
        begin_cpu, begin = time.process_time(), time.perf_counter()
        calls = sum(1 for _ in _calls(infer, seconds))
        cpu.append((time.process_time() - begin_cpu) / (calls * batch))
        wall.append((time.perf_counter() - begin) / (calls * batch))
        count += calls * batch
    used = (meter() - joules) / count if meter else None
    return Point(
        batch=batch,
        cpu_seconds=spread_of(cpu),
        wall_seconds=spread_of(wall),
        joules=used,
        idle_watts=idle_watts,
        busy_others=others(),
    )


def spread_of(values: list[float]) -> Spread:
    return Spread(median=median(values), low=min(values), high=max(values), repeats=len(values))


def idle_power(meter: Meter, seconds: float) -> float:
    """Watts while this process sleeps."""
    before, start = meter(), time.perf_counter()
    time.sleep(seconds)
    return (meter() - before) / (time.perf_counter() - start)


def _calls(infer: Callable[[], object], seconds: float) -> Iterator[None]:
    """Calls ``infer`` for ``seconds``, at least twice."""
    begin, calls = time.perf_counter(), 0
    while calls < 2 or time.perf_counter() - begin < seconds:
        infer()
        calls += 1
        yield
