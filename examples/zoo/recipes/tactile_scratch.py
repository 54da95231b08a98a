"""A spiking network trained from scratch on recordings of a touch sensor, in two views."""

from __future__ import annotations

from pathlib import Path

from ..events import TOUCH, TOUCH_TEST, TOUCH_TRAIN
from ..recipe import Files, Given, Recipe, there

NAME = "tactile"


def architecture(path: Path) -> Path:
    """A branch over time and one over location, two layers each; weights by seed 0."""
    from benchmarks.events.networks import tactile

    path = path.with_suffix(".keras")
    tactile(path, 0)
    return path


def prepare(given: Given) -> Files:
    from benchmarks.events.from_scratch import data_of

    assert given.data is not None
    train, test = data_of(NAME, there(given.data, TOUCH_TRAIN, TOUCH_TEST, what=TOUCH), given.out)
    return Files(architecture(given.out / NAME), train, test)


RECIPE = Recipe(
    name="tactile_scratch",
    title="Touch, trained from scratch",
    source="benchmarks/events/networks.py (two views: Kang et al. 2022), trained by train-model",
    trained="Ev-Objects, 576 recordings, 60 epochs",
    data="Ev-Objects, 72 test recordings of 36 objects",
    architecture=architecture,
    prepare=prepare,
    takes_data=TOUCH,
    begins_with="train-model",
    options={"train-model": "--steps 50 --leak 0.1 --epochs 60"},
)
