"""One trial through all commands: converted, partitioned and run on exact integers, each only if it is not done yet."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from convert.api import convert
from convert.bundle import RUNS, load_network, load_peak_rates, load_rates
from convert.choice_report import TriedNetwork, TriedPoint
from convert.data.metric_registry import METRICS, MetricName, chosen_by
from convert.errors import UserError
from convert.options import Progress
from deploy.api import run
from deploy.energy.counts import counts_of, counts_until
from deploy.energy.devices import DAVIES_2018, STATIC_WATTS_PER_CHIP
from deploy.energy.estimate import cost_of, on_board
from deploy.report.read import RecordedRun, read_runs
from deploy.runs.options import RunOptions
from deploy.runs.report import RunReport, StepRow
from partition.files import origin_in, write_partition
from partition.options import SearchOptions
from partition.result import FILE, Partition
from partition.search import partition

from .trials import Trial

DEVICE = DAVIES_2018
RUN_NAME = "trial"


@dataclass(frozen=True)
class Given:
    """The model and the data of all trials: ``train`` to convert with, so many ``images`` of ``test`` to measure on."""

    model: Path
    train: Path
    test: Path
    images: int
    search: SearchOptions
    progress: Progress
    threads: int = os.cpu_count() or 1


@dataclass(frozen=True)
class Score:
    """What a trial gave, by which ``metric``, and what the ``original`` has on the same ``images``."""

    found: TriedNetwork
    metric: MetricName
    original: float
    images: int


def score(trial: Trial, bundle: Path, given: Given) -> Score:
    """The trial's score; its bundle lies in ``bundle`` then. Raises ``UserError``."""
    if not bundle.exists():
        convert(given.model, given.train, bundle, trial.options, progress=given.progress)
    if not (bundle / FILE).exists():
        _partition(bundle, given.search if trial.board is None else replace(given.search, board=trial.board))
    if not (bundle / RUNS / RUN_NAME).exists():
        options = RunOptions(
            images=given.images,
            measure=False,
            name=RUN_NAME,
            threads=given.threads,
            window=trial.window,
            continuous=trial.options.follow,
            memory=trial.options.memory,
        )
        run(bundle, given.test, options, progress=given.progress)
    (recorded,) = read_runs([bundle / RUNS / RUN_NAME])
    return _of(recorded, trial)


def _partition(bundle: Path, search: SearchOptions) -> None:
    found = partition(
        load_network(bundle),
        load_rates(bundle),
        peak_rates_hz=load_peak_rates(bundle),
        board=search.board,
        chips=search.chips,
        objective=search.objective,
        seed=search.seed,
        seconds=search.seconds,
    )
    write_partition(bundle, found, load_network(bundle), origin_in(bundle, search))


def _of(recorded: RecordedRun, trial: Trial) -> Score:
    result, placement = recorded.result, recorded.partition
    assert placement is not None
    rows = result.metrics.by_timestep
    metric = chosen_by([name for name in METRICS if rows and rows[-1].value(name) is not None])
    original = None if metric is None else (result.metrics.ann or {}).get(metric)
    if metric is None or original is None:
        raise UserError(
            f"{result.data} has nothing to measure accuracy by, and no network can be chosen; give labelled data with "
            "--held-out"
        )
    chosen = rows[-1:] if trial.options.steps is not None else rows  # a wave has no outputs before its end
    points = tuple(p for row in chosen if (p := _point(result, row, metric, placement)) is not None)
    found = TriedNetwork(what=trial.what, chips=placement.report.chips, points=points)
    return Score(found, metric, original, result.images)


def _point(result: RunReport, row: StepRow, metric: MetricName, placement: Partition) -> TriedPoint | None:
    """None where the metric is not defined."""
    value = row.value(metric)
    counts = counts_of(result, placement) if row.timesteps == result.timesteps else counts_until(result, row, placement)
    if value is None or counts is None:
        return None
    device = on_board(DEVICE, counts.chips, STATIC_WATTS_PER_CHIP)
    low, joules, high = (cost_of(device.values(which), counts).total for which in ("low", "nominal", "high"))
    return TriedPoint(
        timesteps=int(row.timesteps),
        value=value,
        joules=joules,
        joules_low=low,
        joules_high=high,
        synops=counts.synops,
        spikes=counts.spikes,
    )
