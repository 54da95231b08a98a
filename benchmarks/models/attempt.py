"""One model through ``convert-model`` in a process of its own, with a limit of time and memory: what came of it."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from .recipe import LIMIT_S, Recipe

LIMIT_BYTES = 10 * 2**30
COMMON = ("--calibration-images", "4", "--force")

Outcome = Literal["accepted", "refused", "traceback", "died", "timeout", "not made"]


@dataclass(frozen=True)
class Attempt:
    """``outcome`` of ``convert-model`` on model ``name``; ``said``: its sentences or last words."""

    name: str
    source: str
    outcome: Outcome
    said: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    parameters: int = 0
    input: tuple[int, ...] = ()
    populations: int = 0
    neurons: int = 0
    carried_sums: int = 0
    max_abs_error: float = 0.0
    tolerance: float = 0.0
    seconds: float = 0.0
    cpu_s: float = 0.0
    memory_gib: float = 0.0

    def as_line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


@dataclass(frozen=True)
class Ended:
    """A process that has ended: its exit code (None: at the limit of time), what it said and used."""

    code: int | None
    output: str
    seconds: float
    cpu_s: float
    memory_gib: float


def attempt(recipe: Recipe, folder: Path) -> Attempt:
    """Makes the model in ``folder``, if it is not there, and converts it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "data.npz").is_file():
        make = ("-m", "benchmarks.models.make", recipe.name, str(folder))
        made = run(make, folder / "make.log", legacy=recipe.legacy)
        if made.code != 0:
            return Attempt(recipe.name, recipe.source, "not made", tuple(made.output.splitlines()[-3:]))
    info = json.loads((folder / "info.json").read_text())
    options = (*(("--max-pooling", "average") if info["max_pooling"] else ()), *recipe.options)
    files = (str(folder / "model.keras"), "--data", str(folder / "data.npz"), "-o", str(folder / "bundle"))
    start = "from convert.cli import main; main()"
    ended = run(("-c", start, *files, *COMMON, *options), folder / "convert.log", limit_s=recipe.limit_s)
    found = Attempt(
        recipe.name,
        recipe.source,
        _outcome(ended),
        options=options,
        parameters=info["parameters"],
        input=tuple(info["input"]),
        seconds=round(ended.seconds, 1),
        cpu_s=round(ended.cpu_s, 1),
        memory_gib=round(ended.memory_gib, 2),
    )
    if found.outcome == "accepted":
        return replace(found, **_converted(folder / "bundle" / "conversion.json"))
    return replace(found, said=_sentences(ended.output) if found.outcome == "refused" else _last(ended.output))


def _outcome(ended: Ended) -> Outcome:
    if ended.code is None:
        return "timeout"
    if "Traceback (most recent call last)" in ended.output:
        return "traceback"
    return {0: "accepted", 2: "refused"}.get(ended.code, "died")  # type: ignore[return-value]


def _converted(report: Path) -> dict[str, int | float]:
    found = json.loads(report.read_text())
    return {
        "populations": len(found["layers"]),
        "neurons": sum(layer["neurons"] for layer in found["layers"]),
        "carried_sums": len(found["carried_sums"]),
        "max_abs_error": found["agreement"]["max_abs_error"],
        "tolerance": found["agreement"]["tolerance"],
    }


def _sentences(output: str) -> tuple[str, ...]:
    return tuple(line.removeprefix("error: ") for line in output.splitlines() if line.startswith("error: "))


def _last(output: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in output.splitlines() if line.strip())[-3:]


def run(arguments: Sequence[str], log: Path, *, legacy: bool = False, limit_s: float = LIMIT_S) -> Ended:
    """``python arguments`` within the limits; what it says goes to ``log``."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "10000", "SM_FRAMEWORK": "tf.keras"}
    environment.pop("TF_USE_LEGACY_KERAS", None)
    if legacy:
        environment["TF_USE_LEGACY_KERAS"] = "1"
    started = time.monotonic()
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            preexec_fn=_limited,
            start_new_session=True,
        )
        code, used = _wait(process.pid, started + limit_s)
    process.returncode = code
    return Ended(
        code,
        log.read_text(errors="replace"),
        time.monotonic() - started,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 2**20,
    )


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))


def _wait(pid: int, deadline: float) -> tuple[int | None, resource.struct_rusage]:
    """The exit code of process ``pid``, None if the limit of time ended it, and what it used."""
    while True:
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), used
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            return None, os.wait4(pid, 0)[2]
        time.sleep(0.1)
