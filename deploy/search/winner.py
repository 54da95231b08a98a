"""The winner: trained longer, converted, partitioned and run on all images, and kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from convert.bundle import is_part
from convert.frontends.keras.save import save_model
from convert.options import Progress
from convert.storage.atomic import whole_file, whole_folder
from convert.upstream.tensorflow import load_keras3
from deploy.choice.score import Given, score
from deploy.sweep.rows import rows_of

from .candidate import Candidate, How, images_of, in_search, inheriting, trial_of
from .rows import SearchRow
from .training import train

MODEL, BUNDLE = "winner.keras", "winner.bundle"


def deployed(
    candidate: Candidate, how: How, given: Given, folder: Path, kept: Path, source: str, progress: Progress
) -> list[SearchRow]:
    """The rows of ``candidate``, trained by ``how.pace``; its model and its bundle, with a run, lie in ``folder`` then.

    What is done already lies in ``kept`` meanwhile. Raises ``UserError`` where it does not convert.
    """
    file, bundle = kept / f"{candidate.key}.keras", kept / f"{candidate.key}.bundle"
    if not file.exists():
        _train(candidate, how, given, file, progress)
    test = images_of(given.test, how.setting)
    trial = trial_of(candidate, how, given)
    found = score(trial, bundle, replace(given, model=file, images=len(test), progress=progress))
    model = load_keras3().saving.load_model(file)
    with whole_file(folder / MODEL) as beside:
        shutil.copyfile(file, beside)
    with whole_folder(folder / BUNDLE, force=True, ours=is_part) as beside:
        shutil.copytree(bundle, beside, dirs_exist_ok=True)
    return in_search(rows_of(candidate.key, source, trial, found), candidate, how, model)


def _train(candidate: Candidate, how: How, given: Given, file: Path, progress: Progress) -> None:
    model = inheriting(candidate.architecture, how, given)
    with progress("training the winner", how.pace.batches) as advance:
        train(model, images_of(given.train, how.setting), how.pace, seed=how.options.seed, advance=advance)
    new = file.with_name(f"new.{file.name}")
    save_model(model, new)
    new.rename(file)
