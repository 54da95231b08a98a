"""One candidate: its weights inherited, trained briefly, converted, partitioned and run on exact integers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from convert.data.dataset import Dataset, open_data
from convert.errors import UserError
from convert.frontends.keras.save import save_model
from convert.options import Options
from convert.upstream.types import Model
from deploy.choice.score import Given
from deploy.choice.trials import Trial
from deploy.sweep.group import Group, scored
from deploy.sweep.rows import SweepRow, rows_of
from partition.hardware import AUTO, LOIHI

from .model import RELU, STEM, Setting, build
from .rows import SearchRow, search_rows
from .shared_weights import inherit, load
from .space import Architecture
from .training import Pace, prepared, train

MODEL = "model.keras"
LOOKED_AT = 256
"""Images that tell what the largest pixel is."""


@dataclass(frozen=True)
class Candidate:
    """An architecture of a ``generation``, None for the winner; ``key`` tells what its score depends on."""

    key: str
    generation: int | None
    architecture: Architecture


@dataclass(frozen=True)
class How:
    """What candidates are scored by: trained by ``pace``, converted by ``options``, on ``chips`` at most."""

    setting: Setting
    options: Options
    pace: Pace
    chips: int | None


def setting_of(data: Path) -> Setting:
    """What models for the images in ``data`` take and give. Raises ``UserError`` unless these are of classes."""
    found = open_data(data, input_shape=(None, None, None), task="classification")
    if len(found.class_names) < 2:
        raise UserError(f"{data} has images of one class; give some of two or more")
    images = [found.image(i) for i in range(min(len(found), LOOKED_AT))]
    rows, columns, channels = images[0].shape
    largest = max(float(abs(image).max()) for image in images)
    return Setting((rows, columns, channels), largest or 1.0, len(found.class_names))


def images_of(data: Path, setting: Setting) -> Dataset:
    """The images in ``data`` as models of ``setting`` take them. Raises ``UserError`` for what does not fit."""
    return open_data(data, input_shape=setting.shape, target_shape=(setting.classes,), task="classification")


def candidate_rows(candidate: Candidate, how: How, given: Given, folder: Path, source: str) -> list[SearchRow]:
    """The rows of ``candidate``, which inherits from the super-network in the file ``given.model``.

    What is not done yet lies in ``folder`` meanwhile. One that is not possible is a row with its problem; one that
    needs more chips than it may is not even converted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, trial = folder / MODEL, trial_of(candidate, how, given)
    model = inheriting(candidate.architecture, how, given)
    dataset = images_of(given.train, how.setting)
    rows: list[SweepRow]
    try:
        _require_chips(model, how.chips)
        train(model, dataset, how.pace, seed=how.options.seed)
        save_model(model, file)
    except UserError as error:
        rows = rows_of(candidate.key, source, trial, None, "; ".join(error.problems))
    else:
        group = Group(((candidate.key, trial),))
        rows = [row for some in scored(group, folder, replace(given, model=file), source) for row in some]
    shutil.rmtree(folder)
    return in_search(rows, candidate, how, model)


def trial_of(candidate: Candidate, how: How, given: Given) -> Trial:
    """``candidate`` as a sweep tries it."""
    board = given.search.board
    return Trial(candidate.architecture.text, how.options, None if board == AUTO else board)


def in_search(rows: list[SweepRow], candidate: Candidate, how: How, model: Model) -> list[SearchRow]:
    """``rows`` of ``candidate`` with what a search tells of it."""
    return search_rows(
        rows,
        generation=candidate.generation,
        parameters=int(model.count_params()),
        trained_batches=how.pace.batches,
    )


def inheriting(architecture: Architecture, how: How, given: Given) -> Model:
    """The model of ``architecture`` with its part of the super-network's weights."""
    prepared(how.options.seed)
    model = build(architecture, how.setting)
    inherit(model, load(given.model).weights)
    return model


def _require_chips(model: Model, chips: int | None) -> None:
    """Raises ``UserError`` if ``model`` has more neurons than so many chips hold; those of the stem are the host's."""
    shapes = [
        layer.output.shape[1:] for layer in model.layers if layer.name.endswith(RELU) and layer.name != STEM + RELU
    ]
    neurons, each = sum(map(prod, shapes)), LOIHI.cores * LOIHI.compartments
    if chips is not None and neurons > chips * each:
        raise UserError(f"{neurons:,} neurons need {-(-neurons // each)} chips, the most to use are {chips}")
