"""Which of all runs, steps and early exits give the most accuracy for the joules: the Pareto front."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from convert.data.metric_registry import METRICS, MetricName, chosen_by
from convert.report import ConversionReport
from deploy.runs.report import StepRow

from .content import ReportedRun
from .points import Front, FrontPoint
from .read import RecordedRun


def fronts_of(runs: Sequence[RecordedRun], reported: Sequence[ReportedRun]) -> tuple[Front, ...]:
    """A front for all runs of equally many images of the same data, by the same metric.

    Every readout of a run that counted by step is a point, and every threshold of stopping images once settled; of
    images that followed each other the end alone.
    """
    groups: dict[tuple[tuple[str, str], int, MetricName], list[FrontPoint]] = {}
    for run, summary in zip(runs, reported, strict=True):
        metric = _metric_of(summary)
        if metric is not None:
            key = (_data_of(run), summary.images, metric)
            groups.setdefault(key, []).extend(_points(summary, metric, recipe_of(run.conversion)))
    return tuple(
        Front(data=data[0], images=images, metric=metric, device=_device(reported), points=marked(points, metric))
        for (data, images, metric), points in groups.items()
        if len(points) > 1
    )


def recipe_of(conversion: ConversionReport) -> str:
    """How the network was trained for its spikes: 'stbp, 8 steps', 'tandem', 'calibration', 'as in u.bundle, 8 steps'
    with its weights, or 'as given' elsewhere."""
    if conversion.assumed:
        return "as given"
    steps = "" if conversion.steps is None else f", {conversion.steps} steps"
    if conversion.recipe is None and conversion.start_from is not None:
        return f"as in {conversion.start_from}{steps}"
    name = conversion.recipe or ("percentile loss" if conversion.fine_tune_epochs else "calibration")
    return f"{name}{steps}"


def _data_of(run: RecordedRun) -> tuple[str, str]:
    """The name of the run's data and its digest, '' where that is not known: names are often the same."""
    provenance = run.result.provenance
    given = provenance.given.get("data") if provenance else None
    return run.result.data or "data", given.sha256 if given else ""


def _metric_of(run: ReportedRun) -> MetricName | None:
    rows = run.metrics.by_timestep
    return chosen_by([key for key in METRICS if rows and rows[-1].value(key) is not None])


def _device(reported: Sequence[ReportedRun]) -> str:
    return next((at.costs[0].device for run in reported for at in run.points if at.costs), "")


def _points(run: ReportedRun, metric: MetricName, recipe: str) -> Iterator[FrontPoint]:
    def point(timesteps: float, value: float, joules: float, *, early: bool = False) -> FrontPoint:
        return FrontPoint(run=run.run, recipe=recipe, early_exit=early, timesteps=timesteps, value=value, joules=joules)

    def of_rows(rows: Sequence[StepRow], *, early: bool) -> Iterator[FrontPoint]:
        for row in rows:
            value, joules = row.value(metric), next(iter(row.joules.values()), None)
            if value is not None and joules is not None:
                yield point(row.timesteps, value, joules, early=early)

    counted = list(of_rows(run.metrics.by_timestep, early=False))
    yield from counted
    if run.early is not None and run.early.metric == metric:
        yield from of_rows(run.early.curve, early=True)
    if not counted:
        for at in run.points:
            if at.name == "all steps" and at.metric == metric and at.value is not None and at.costs:
                yield point(at.timesteps, at.value, at.costs[0].joules.nominal)


def marked(points: Sequence[FrontPoint], metric: MetricName) -> tuple[FrontPoint, ...]:
    """``points`` from the fewest joules to the most; on the front is what is better than all that needs less."""
    better = METRICS[metric].higher_is_better
    marked, best = [], None
    for point in sorted(points, key=lambda p: (p.joules, -p.value if better else p.value)):
        on_front = best is None or (point.value > best if better else point.value < best)
        best = point.value if on_front else best
        marked.append(msgspec.structs.replace(point, on_front=on_front))
    return tuple(marked)
