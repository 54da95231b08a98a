"""A process of its own for each engine and number of threads: its processor time is the engine's, and it may die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np

from .engines.engine import Engine
from .engines.registry import ENGINES
from .meters import rapl_meter
from .point import Point, measure_point

SAVED, CALIBRATION, INPUTS = "saved_model", "calibration.npy", "inputs.npy"
JOB, POINTS = "job.json", "points.jsonl"
LONGEST_CALL_S = 2.0
"""Chosen: batches that would take longer are left out."""
LONGEST_S = 1800.0
"""Chosen: an engine that takes longer for all of its points is given up."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a process measures: ``engine`` by its name on so many ``threads``, each of ``batches`` in this order.

    The model, the calibration inputs and the inputs lie in the folder ``common``, the engine's own files, which are
    made first if there are none, in ``folder``.
    """

    engine: str
    common: str
    folder: str
    threads: int
    batches: tuple[int, ...]
    seconds: float
    repeats: int
    powercap: str


class EngineError(Exception):
    """What the engine said when it gave up this model, one line."""


def points_of(job: Job) -> tuple[Point, ...]:
    """Runs ``job`` in a process and waits for it. Raises ``EngineError`` if it measured nothing."""
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    points = folder / POINTS
    points.unlink(missing_ok=True)
    (folder / JOB).write_bytes(msgspec.json.encode(job))
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-m", __name__, str(folder / JOB)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=LONGEST_S, check=False)
        said = done.stderr.decode(errors="replace")
        reason = _last_words(said, done.returncode)
    except subprocess.TimeoutExpired:
        reason = f"it took more than {LONGEST_S:g} s"
    measured = points.read_bytes() if points.exists() else b""
    if not measured:
        raise EngineError(reason)
    return tuple(msgspec.json.decode(line, type=Point) for line in measured.splitlines())


def work(job: Job) -> None:
    """Measures ``job`` in this process, a line for each point as soon as it is there."""
    engine, common, folder = ENGINES[job.engine], Path(job.common), Path(job.folder)
    if not (made := folder / "made").exists():
        engine.prepare(common / SAVED, np.load(common / CALIBRATION), folder, job.batches)
        made.touch()
    inputs, wall_s = np.load(common / INPUTS), 0.0
    for batch in job.batches:
        if wall_s * batch > LONGEST_CALL_S:
            break
        point = _point(engine, folder, inputs, batch, job)
        wall_s = point.wall_seconds.median
        with (folder / POINTS).open("ab") as file:
            file.write(msgspec.json.encode(point) + b"\n")


def _point(
    engine: Engine, folder: Path, inputs: np.ndarray[tuple[int, ...], np.dtype[np.float32]], batch: int, job: Job
) -> Point:
    session = engine.open(folder, batch, job.threads)
    session.load(np.resize(inputs, (batch, *inputs.shape[1:])))
    meter = rapl_meter(Path(job.powercap))
    return measure_point(session.infer, batch, seconds=job.seconds, repeats=job.repeats, meter=meter)


def _last_words(said: str, code: int) -> str:
    """Why a process ended: its last line, or the signal that killed it."""
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else f"its process ended with code {code}"


if __name__ == "__main__":
    work(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Job))
