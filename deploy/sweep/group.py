"""Trials that share a conversion: it is made once, and partitioned and run for each of them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from convert.bundle import PARTITION, PARTITION_PICTURE, RUNS
from convert.errors import UserError
from convert.options import Options
from deploy.choice.score import Given, score
from deploy.choice.trials import Trial

from .rows import SweepRow, rows_of

NOT_SHARED = (PARTITION, PARTITION_PICTURE, RUNS)


@dataclass(frozen=True)
class Group:
    """Trials of one conversion, each with its key."""

    trials: tuple[tuple[str, Trial], ...]


def groups_of(trials: Iterable[tuple[str, Trial]]) -> list[Group]:
    """Those with the same options for the conversion together, in the order in which they come."""
    found: dict[Options, list[tuple[str, Trial]]] = {}
    for key, trial in trials:
        found.setdefault(trial.options, []).append((key, trial))
    return [Group(tuple(some)) for some in found.values()]


def key_of(source: str, trial: Trial) -> str:
    """What a trial depends on."""
    parts = (source, repr(replace(trial.options, memory=None)), str(trial.board), str(trial.window))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def scored(group: Group, folder: Path, given: Given, source: str) -> Iterator[list[SweepRow]]:
    """The rows of each trial of ``group``, one after the other; their bundles lie in ``folder`` meanwhile.

    A trial that is not possible gives its problem; one that was killed goes on where it stopped.
    """
    first = folder / f"{hashlib.sha256(repr(group.trials[0][1].options).encode()).hexdigest()[:12]}.bundle"
    for number, (key, trial) in enumerate(group.trials):
        bundle = first if number == 0 else folder / f"{key}.bundle"
        try:
            if bundle != first and not bundle.exists() and first.exists():
                _copied(first, bundle)
            found = score(trial, bundle, given)
        except UserError as error:
            yield rows_of(key, source, trial, None, "; ".join(error.problems))
            continue
        finally:
            if bundle != first:
                shutil.rmtree(bundle, ignore_errors=True)
        yield rows_of(key, source, trial, found)
    shutil.rmtree(first, ignore_errors=True)


def _copied(bundle: Path, to: Path) -> None:
    """A copy of the conversion in ``bundle``, without what was made of it."""
    beside = to.with_name(f".{to.name}.copied")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(bundle, beside, ignore=shutil.ignore_patterns(*NOT_SHARED))
    beside.rename(to)
