"""What is tried, one network after the other: each trial follows from what those before it gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from convert.choice_report import TriedNetwork
from convert.data.metric_registry import METRICS, MetricName
from convert.options import Options
from partition.hardware import Board

from .wanted import Wanted

RATES_HZ = ((700.0, 900.0), (250.0, 400.0))
"""Beside those of the options: higher ones let the image through sooner, lower ones take fewer spikes."""

STEPS = (8, 16, 24)
"""For which images are shown. With more nothing more is gained: docs/few-spikes.md."""

PENALTIES = (0.003, 0.01, 0.03)
"""For a million synaptic operations, each tried from the network before it."""


@dataclass(frozen=True)
class Trial:
    """A conversion by ``options``; ``what`` tells it from the others in a few words.

    ``board`` and ``window``, the share of the steps that is read out, are as for all trials where they are None.
    """

    what: str
    options: Options
    board: str | Board | None = None
    window: float | None = None


@dataclass(frozen=True)
class Tried:
    """A trial, where its bundle lies, and what it gave."""

    trial: Trial
    bundle: Path
    found: TriedNetwork


def next_trial(
    base: Options, wanted: Wanted, tried: Sequence[Tried], metric: MetricName | None, original: float
) -> Trial | None:
    """What to try after ``tried``, None if it is enough: with batches to train on waves of few steps, without them
    calibrations. ``metric`` and ``original`` are those of the trials, if there are any."""
    if not base.spiking_batches:
        return _calibration(base, len(tried))
    if not tried:
        return _shown(base, base.steps or STEPS[0])
    assert metric is not None
    return _trained_next(base, wanted, tried, metric, original)


def _calibration(base: Options, number: int) -> Trial | None:
    rates = (base.rates_hz, *(other for other in RATES_HZ if other != base.rates_hz))
    if number == len(rates):
        return None
    low, high = rates[number]
    return Trial(f"rates {low:g} to {high:g} Hz", replace(base, rates_hz=rates[number]))


def _trained_next(
    base: Options, wanted: Wanted, tried: Sequence[Tried], metric: MetricName, original: float
) -> Trial | None:
    """More steps until the network is near enough, then penalties while it stays so; without a loss to keep to, more
    steps while that helps and is cheap enough, penalties until it is."""
    last = tried[-1]
    point, options = last.found.points[-1], last.trial.options
    assert options.steps is not None
    more = next((steps for steps in STEPS if steps > options.steps), None)
    if wanted.accuracy_loss is not None:
        if not wanted.near(point, metric, original):
            return None if options.spike_penalty or more is None else _from(base, last, more, 0.0)
        return _with_penalty(base, last)
    if not wanted.cheap(point):
        return _with_penalty(base, last)
    improved = len(tried) == 1 or _better(metric, point.value, tried[-2].found.points[-1].value)
    return None if options.spike_penalty or more is None or not improved else _from(base, last, more, 0.0)


def _better(metric: MetricName, value: float, other: float) -> bool:
    return value > other if METRICS[metric].higher_is_better else value < other


def _with_penalty(base: Options, last: Tried) -> Trial | None:
    """The next penalty, from the ``last`` network on."""
    options = last.trial.options
    penalty = next((p for p in PENALTIES if p > options.spike_penalty), None)
    assert options.steps is not None
    return None if penalty is None else _from(base, last, options.steps, penalty)


def _shown(base: Options, steps: int) -> Trial:
    return Trial(f"{steps} steps, {base.spiking_batches:,} batches", replace(base, steps=steps))


def _from(base: Options, last: Tried, steps: int, penalty: float) -> Trial:
    """Trained on from the ``last`` network, for half as many batches."""
    batches = max(1, base.spiking_batches // 2)
    options = replace(
        base,
        steps=steps,
        spiking_batches=batches,
        spike_penalty=penalty,
        start_from=str(last.bundle),
    )
    with_penalty = f", penalty {penalty:g}" if penalty else ""
    return Trial(f"{steps} steps{with_penalty}, {batches:,} batches more", options)
