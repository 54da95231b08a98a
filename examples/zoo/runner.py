"""A recipe through the commands, each a process of its own that is timed; what was done once is not done again.

OUT/NAME keeps the files that were made, ``work.bundle``, the report, a log of each command, and what each took:
``took.json``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.models.attempt import Ended, run
from convert.bundle import load_report
from convert.errors import UserError
from deploy.report.content import EnergyReport, ReportedRun
from deploy.report.points import OperatingPoint
from deploy.runs.report import read_run

from .recipe import CommandName, Files, Given, Recipe
from .row import DEVICE, Command, Joules, Point, Row

LIMIT_S = 3 * 3600.0
"""Of one command."""

PROGRAMS: dict[CommandName, str] = {
    "convert-model": "deploy.convert_model",
    "train-model": "convert.train_model",
    "partition-model": "partition.cli",
    "deploy-model": "deploy.cli",
    "energy-report": "deploy.report.cli",
}

MAKE = "make"
"""Stands for what the recipe does before the commands: training, and data in a form that they read."""

RUN = "fast"
"""The run of deploy-model, by its target."""

Told = Callable[[str], None]


def perform(recipe: Recipe, given: Given, tell: Told = print) -> Row:
    """The row of ``recipe``, from what it is ``given``; ``tell`` is told each command. Raises ``UserError``."""
    recipe.require(given)
    folder = given.out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    took = _read(folder)

    def step(name: str, line: str, *arguments: str) -> None:
        if name in took:
            return
        tell(f"$ {line}")
        ended = run(arguments, folder / f"{name}.log", limit_s=LIMIT_S)
        if ended.code != 0:
            raise UserError(_failed(name, line, ended, folder / f"{name}.log"))
        took[name] = Command(
            line=line,
            seconds=round(ended.seconds, 1),
            cpu_s=round(ended.cpu_s, 1),
            memory_gib=round(ended.memory_gib, 2),
        )
        (folder / "took.json").write_bytes(msgspec.json.encode(took))

    made = f"python -m examples.zoo {recipe.name}{_named(given)}"
    paths = (given.out, given.model or "", given.data or "")
    step(MAKE, made, "-m", "examples.zoo.make", recipe.name, *map(str, paths))
    files = Files.load(folder / "files.json")
    for command, words in _commands(recipe, files, folder).items():
        shown = shlex.join([command, *(Path(word).name if "/" in word else word for word in words)])
        step(command, shown, "-c", f"from {PROGRAMS[command]} import main; main()", *words)
    return _row(recipe, files, folder, took)


def _commands(recipe: Recipe, files: Files, folder: Path) -> dict[CommandName, list[str]]:
    """What each command is given."""
    bundle = str(folder / "work.bundle")
    learns = ["--held-out", str(files.test)] if recipe.begins_with == "train-model" else []
    words: dict[CommandName, list[str]] = {
        recipe.begins_with: [str(files.model), "--data", str(files.train), *learns, "-o", bundle],
        "partition-model": [bundle],
        "deploy-model": [bundle, "--data", str(files.test), "--no-measure"],
        "energy-report": [bundle, "-o", str(folder / "report.html")],
    }
    return {command: [*given, *shlex.split(recipe.options.get(command, ""))] for command, given in words.items()}


def _named(given: Given) -> str:
    """The options that say what is given, folders left out."""
    options = (("--model", given.model), ("--data", given.data))
    return "".join(f" {option} {path.name}" for option, path in options if path is not None)


def _failed(name: str, line: str, ended: Ended, log: Path) -> list[str]:
    """The command's own sentences, or where to look."""
    said = [text.removeprefix("error: ") for text in ended.output.splitlines() if text.startswith("error: ")]
    if said:
        return [f"{name}: {sentence}" for sentence in said]
    what = f"was stopped after {LIMIT_S:.0f} s" if ended.code is None else f"ended with exit code {ended.code}"
    return [f"{line} {what}; {log} has what it said: put that right and give the command again, it goes on from there"]


def _read(folder: Path) -> dict[str, Command]:
    file = folder / "took.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Command]) if file.is_file() else {}


def _row(recipe: Recipe, files: Files, folder: Path, took: dict[str, Command]) -> Row:
    report = msgspec.json.decode((folder / "report.json").read_bytes(), type=EnergyReport)
    found, conversion = report.runs[0], load_report(folder / "work.bundle")
    knee = next(point for point in found.points if point.name == "knee")
    whole = next((point for point in found.points if point.name == "all steps"), knee)
    assert knee.metric is not None
    assert conversion.provenance is not None
    run = folder / "work.bundle" / "runs" / RUN
    timings = read_run(run).timings
    assert timings.machine is not None
    assert timings.finished is not None
    return Row(
        name=recipe.name,
        title=recipe.title,
        source=recipe.source,
        trained=recipe.trained,
        data=recipe.data,
        remark=recipe.remark(files, run) if recipe.remark else None,
        model=conversion.provenance.given["model"].sha256,
        metric=knee.metric,
        tested=found.images,
        ann=knee.ann,
        knee=_point(found, knee),
        all_steps=_point(found, whole),
        neurons=sum(layer.neurons for layer in conversion.layers if layer.on_chip),
        cores=found.partition.cores or 0,
        chips=found.partition.chips or 0,
        commands={name: took[name] for name in (MAKE, *_commands(recipe, files, folder))},
        date=timings.finished[:10],
        machine=timings.machine,
        versions=conversion.provenance.versions,
    )


def _point(run: ReportedRun, point: OperatingPoint) -> Point:
    row = min(run.metrics.by_timestep, key=lambda row: abs(row.timesteps - point.timesteps))
    cost = next(cost for cost in point.costs if cost.device == DEVICE)
    return Point(
        steps=round(point.timesteps),
        value=point.value or 0.0,
        spikes=row.spikes or 0.0,
        synops=row.synops or 0.0,
        messages=row.messages or 0.0,
        interchip_messages=row.interchip_messages or 0.0,
        host_messages=row.host_messages or 0.0,
        joules=Joules(low=cost.joules.low, nominal=cost.joules.nominal, high=cost.joules.high),
    )
