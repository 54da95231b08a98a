"""The model on this processor: every engine that is installed, one thread and all, batch 1 and the best batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec import UNSET

from convert.data.evaluate import Predictor
from convert.network import Shape
from convert.timings import logical_processors, processor_name
from convert.upstream.quiet import quiet
from deploy.arrays import Float32
from deploy.device_report import AbsentDevice, DeviceReport, Execution, Joules
from deploy.foreign import KerasModel

from .best_process import best_points
from .engines.engine import Engine, predictor_of
from .engines.registry import ENGINES
from .engines.saved_model import save_for_engines
from .load import LOADED_SHARE
from .measuring_process import CALIBRATION, INPUTS, SAVED, EngineError, Job
from .meters import POWERCAP
from .point import Point
from .power import CoreWatts, core_watts

BATCHES = (1, 8, 32)
REPEATS, REPEAT_S = 4, 0.1
PROCESSES_OF_ONE_THREAD, PROCESSES = 2, 4
"""Chosen: all points then take about a minute, most of it to start TensorFlow. Two threads that wait for each other
keep one of two paces as long as their process lives (docs/processors.md), the dear one in one of three."""
SCORED_BATCH = BATCHES[1]

Scorer = Callable[[Predictor], dict[str, float | None]]
"""Metrics of a predictor on the run's own images."""


@dataclass(frozen=True)
class Subject:
    """What is measured: a tf-keras ``model``, ``inputs`` and ``calibration`` inputs (n, *shape), which are described
    in ``calibrated_on``; ``score`` says how well its eight bits do."""

    model: KerasModel
    inputs: Float32
    calibration: Float32
    calibrated_on: str
    score: Scorer | None = None

    @property
    def shape(self) -> Shape:
        rows, columns, channels = self.inputs.shape[1:]
        return rows, columns, channels


@dataclass(frozen=True)
class Pace:
    """How long is measured: each of ``batches`` ``repeats`` times ``seconds``, in so many processes."""

    batches: tuple[int, ...] = BATCHES
    repeats: int = REPEATS
    seconds: float = REPEAT_S
    processes_of_one_thread: int = PROCESSES_OF_ONE_THREAD
    processes: int = PROCESSES

    def processes_for(self, threads: int) -> int:
        return self.processes_of_one_thread if threads == 1 else self.processes


def measure_cpu(
    subject: Subject,
    folder: Path,
    *,
    package_watts: float | None = None,
    pace: Pace | None = None,
    powercap: Path = POWERCAP,
) -> Iterator[DeviceReport | AbsentDevice]:
    """The rows of every engine; what engines write goes to ``folder``."""
    pace = pace or Pace()
    power = core_watts(package_watts)
    save_for_engines(subject.model, subject.shape, pace.batches, folder / SAVED)
    np.save(folder / CALIBRATION, subject.calibration)
    np.save(folder / INPUTS, subject.inputs[: max(pace.batches)])
    for engine in ENGINES.values():
        try:
            yield from _rows(engine, subject, folder, power, pace, powercap)
        except EngineError as error:
            yield AbsentDevice(
                name=f"this CPU, {engine.title}", reason=f"{engine.name} does not run this model: {error}"
            )


def _rows(
    engine: Engine, subject: Subject, folder: Path, power: CoreWatts, pace: Pace, powercap: Path
) -> Iterator[DeviceReport | AbsentDevice]:
    if engine.missing:
        yield AbsentDevice(name=f"this CPU, {engine.title}", reason=engine.missing)
        return
    metrics: dict[str, float | None] | None = None
    for threads in dict.fromkeys((1, logical_processors())):
        job = Job(
            engine=engine.name,
            common=str(folder),
            folder=str(folder / engine.name),
            threads=threads,
            batches=pace.batches,
            seconds=pace.seconds,
            repeats=pace.repeats,
            powercap=str(powercap),
        )
        processes = pace.processes_for(threads)
        points = best_points(job, processes)
        if metrics is None and subject.score is not None and engine.precision == "int8":
            metrics = subject.score(_predictor(engine, folder / engine.name, points))
        for point in _shown(points):
            execution = _execution(engine, subject, point, points, threads, processes, metrics)
            yield _row(execution, point, power)


def _predictor(engine: Engine, folder: Path, points: tuple[Point, ...]) -> Predictor:
    """The engine's form of the model, for a batch that was measured."""
    batch = max(point.batch for point in points if point.batch <= SCORED_BATCH)
    with quiet():
        return predictor_of(engine.open(folder, batch, logical_processors()), batch)


def _shown(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The smallest batch, and the one that takes the least processor time for an image."""
    best = min(points, key=lambda point: point.cpu_seconds.median)
    return (points[0],) if best is points[0] else (points[0], best)


def _execution(
    engine: Engine,
    subject: Subject,
    point: Point,
    points: tuple[Point, ...],
    threads: int,
    processes: int,
    metrics: dict[str, float | None] | None,
) -> Execution:
    others = point.busy_others
    return Execution(
        engine=engine.name,
        version=engine.version,
        precision=engine.precision,
        threads=threads,
        processes=processes,
        cpu_seconds=point.cpu_seconds,
        wall_seconds=point.wall_seconds,
        batches_tried=tuple(p.batch for p in points),
        busy_others=others,
        loaded=others is not None and others > LOADED_SHARE,
        metrics=UNSET if metrics is None else metrics,
        calibrated_on=UNSET if engine.precision != "int8" else subject.calibrated_on,
    )


def _row(run: Execution, point: Point, power: CoreWatts) -> DeviceReport:
    threads = "1 thread" if run.threads == 1 else f"{run.threads} threads"
    measured = point.joules is not None and point.idle_watts is not None
    return DeviceReport(
        name=f"this CPU, {run.engine} {run.precision}, batch {point.batch}, {threads}",
        measured=measured,
        joules_per_inference=_measured_joules(point)
        if measured
        else Joules(total=power.watts * run.cpu_seconds.median),
        seconds_per_inference=run.wall_seconds.median,
        source="RAPL, processor packages" if measured else f"CPU time here x {power.watts:.3g} W",
        assumptions=tuple(_assumptions(run, power, measured=measured)),
        time_measured=True,
        batch=point.batch,
        execution=run,
    )


def _measured_joules(point: Point) -> Joules:
    """Of whole packages; static is the idle power times the time."""
    total, idle = point.joules or 0.0, point.idle_watts or 0.0
    static = min(total, idle * point.wall_seconds.median)
    return Joules(total=total, static=static, dynamic=total - static)


def _assumptions(run: Execution, power: CoreWatts, *, measured: bool) -> Iterator[str]:
    cpu, batches = run.cpu_seconds, ", ".join(map(str, run.batches_tried))
    yield (
        f"{processor_name()}, {logical_processors()} logical processors; {run.engine} {run.version}; data in memory; "
        f"{cpu.median * 1e3:.3g} CPU-ms for one inference, median of the process that needed least of {run.processes}; "
        f"their {cpu.repeats} repeats from {cpu.low * 1e3:.3g} to {cpu.high * 1e3:.3g}; batches tried: {batches}"
    )
    if measured:
        yield "static is the power read while idle times the time; memory is not part of it, other processes are"
    else:
        yield f"energy: {power.watts:.3g} W times the CPU time of all threads; RAPL cannot be read here"
        yield f"power: {power.origin}"
    if run.busy_others is None:
        yield "how busy other processes were is not known"
    else:
        yield f"other processes took {100 * run.busy_others:.0f} % of all processors' time meanwhile" + (
            ": loaded, the times are not those of an idle machine" if run.loaded else ""
        )
    if isinstance(run.calibrated_on, str):
        yield f"eight bits chosen on {run.calibrated_on}"
