"""A spiking network trained from scratch on N-MNIST."""

from __future__ import annotations

from pathlib import Path

from ..events import NMNIST, TEST, TRAIN
from ..recipe import Files, Given, Recipe, there

NAME = "nmnist"


def architecture(path: Path) -> Path:
    """Three convolutions of stride 2, read out on the host; weights by seed 0."""
    from benchmarks.events.networks import nmnist

    path = path.with_suffix(".keras")
    nmnist(path, 0)
    return path


def prepare(given: Given) -> Files:
    from benchmarks.events.from_scratch import data_of

    assert given.data is not None
    train, test = data_of(NAME, there(given.data, TRAIN, TEST, what=NMNIST), given.out)
    return Files(architecture(given.out / NAME), train, test)


RECIPE = Recipe(
    name="nmnist_scratch",
    title="N-MNIST, trained from scratch",
    source="benchmarks/events/networks.py, trained by train-model",
    trained="N-MNIST, 800 recordings, 60 epochs",
    data="N-MNIST, 60 test recordings",
    architecture=architecture,
    prepare=prepare,
    takes_data=NMNIST,
    begins_with="train-model",
    options={"train-model": "--steps 20 --event-dt 0.015 --leak 0.1 --epochs 60 --shift 2 --drop 0.1"},
)
