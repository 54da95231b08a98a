"""``convert_to_suit``: a model and what it may lose or cost in, a bundle that does that out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from convert.bundle import (
    at_work_in,
    is_part,
    load_report,
    require_free,
)
from convert.choice_report import ChoiceReport
from convert.data.metric_registry import METRICS
from convert.errors import UserError, noting, tell
from convert.opening import problems_before, require_data
from convert.options import FLAGS, Options, Progress, silent
from convert.provenance import command_line
from convert.report import ConversionReport
from convert.storage.atomic import whole_folder
from convert.storage.digests import digest
from convert.storage.recovery import NOTES
from convert.storage.unfinished import unfinished
from partition.options import SearchOptions

from .chosen import write_chosen
from .score import DEVICE, Given, Score, score
from .trials import Tried, next_trial
from .wanted import Wanted

IMAGES = 500
"""On so many every trial is measured: one standard error of an accuracy of 0.9 is 1.3 points, of a difference less."""


def convert_to_suit(
    model: str | Path,
    train: str | Path,
    bundle: str | Path,
    wanted: Wanted,
    options: Options | None = None,
    *,
    held_out: str | Path | None = None,
    images: int = IMAGES,
    force: bool = False,
    wait: bool = False,
    progress: Progress = silent,
) -> ConversionReport:
    """Tries conversions of ``model`` on exact integers and writes the one that is ``wanted`` to the folder ``bundle``.

    Each trial is measured on ``images`` of ``held_out``, labelled data that nothing is trained on (None: of ``train``).
    Without ``spiking_batches`` trials are calibrations, with them waves of few steps. A command that was killed goes on
    with the trial that it was at. Returns what conversion.json holds, with every trial. Raises ``UserError`` if none
    does what is wanted, and for everything that one of the commands refuses.
    """
    begin_s = time.monotonic()
    options, bundle, model, train = options or Options(), Path(bundle), Path(model), Path(train)
    test = train if held_out is None else Path(held_out)
    problems = [*problems_before(model, [train, test], options), *wanted.problems()]
    with noting(problems):
        require_free(bundle, force=force)
    tell(problems)
    if held_out is not None:
        require_data(model, train, test, options)  # before the first trial takes hours
    given = Given(model, train, test, images, SearchOptions(), progress)
    with (
        at_work_in(bundle, wait=wait),
        whole_folder(bundle, force=force, ours=is_part) as folder,
        unfinished(bundle, _signature(given, options), what="choice", wait=wait) as kept,
    ):
        tried, last = _tried(kept, given, options, wanted)
        choice = _choice(wanted, tried, last, given)
        write_chosen(folder, tried[choice.chosen].bundle, choice, _command(given, wanted, options), begin_s)
    return load_report(bundle)


def _tried(kept: Path, given: Given, options: Options, wanted: Wanted) -> tuple[list[Tried], Score]:
    """Every trial, and what the last one gave."""
    tried: list[Tried] = []
    last: Score | None = None
    while trial := next_trial(
        options, wanted, tried, None if last is None else last.metric, 0.0 if last is None else last.original
    ):
        bundle = kept / f"{_name([*(t.trial.what for t in tried), trial.what])}.bundle"
        last = score(trial, bundle, given)
        tried.append(Tried(trial, bundle, last.found))
        NOTES.info("%s", in_words(tried[-1], last))
    assert last is not None
    return tried, last


def _name(path: Sequence[str]) -> str:
    """Of the bundle of a trial: what it was made by, the trials before it included."""
    return hashlib.sha256("\n".join(path).encode()).hexdigest()[:12]


def in_words(tried: Tried, found: Score) -> str:
    """One line about the last point of a trial."""
    point, metric = tried.found.points[-1], METRICS[found.metric]
    return (
        f"{tried.trial.what}: {metric.title} {metric.text(point.value)} (original {metric.text(found.original)}) after "
        f"{point.timesteps} steps, about {1e3 * point.joules:.3g} mJ"
    )


def _choice(wanted: Wanted, tried: Sequence[Tried], last: Score, given: Given) -> ChoiceReport:
    trials = tuple(t.found for t in tried)
    found = wanted.chosen(trials, last.metric, last.original)
    if found is None:
        raise UserError(_none_suits(wanted, tried, last))
    chosen, point = found
    return ChoiceReport(
        accuracy_loss=wanted.accuracy_loss,
        joules=wanted.joules,
        metric=last.metric,
        original=last.original,
        images=last.images,
        data=given.test.name,
        device=DEVICE.name,
        trials=trials,
        chosen=chosen,
        timesteps=point.timesteps,
    )


def _none_suits(wanted: Wanted, tried: Sequence[Tried], last: Score) -> str:
    """What comes nearest, and the way out."""
    metric, trials = METRICS[last.metric], [t.found for t in tried]
    asked = [] if wanted.accuracy_loss is None else [f"loses at most {metric.of(wanted.accuracy_loss / 100)}"]
    asked += [] if wanted.joules is None else [f"needs at most {1e3 * wanted.joules:.3g} mJ"]
    by_loss = Wanted(joules=wanted.joules).chosen(trials, last.metric, last.original)
    _, nearest = by_loss or min(((k, p) for k, t in enumerate(trials) for p in t.points), key=lambda at: at[1].joules)
    trained = tried[-1].trial.options.spiking_batches
    way_out = "train on more batches" if trained else "train with --spiking-fine-tune BATCHES"
    return (
        f"none of {len(trials)} trials {' and '.join(asked)}: the nearest has {metric.title} "
        f"{metric.text(nearest.value)} (original {metric.text(last.original)}) for about {1e3 * nearest.joules:.3g} "
        f"mJ; {way_out}, or allow more"
    )


def _command(given: Given, wanted: Wanted, options: Options) -> str:
    """As it is written to do the same again."""
    further = [] if wanted.accuracy_loss is None else ["--accuracy-loss", f"{wanted.accuracy_loss:g}"]
    further += [] if wanted.joules is None else ["--joules", f"{wanted.joules:g}"]
    further += [] if given.test == given.train else ["--held-out", given.test.name]
    return command_line("convert-model", [given.model.name, "--data", given.train.name, *further], options, FLAGS)


def _signature(given: Given, options: Options) -> str:
    """On what the trials depend; what is wanted chooses among them, and those that are done are good for that, too."""
    parts = [digest(given.model), digest(given.train), digest(given.test), str(given.images), repr(options)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
