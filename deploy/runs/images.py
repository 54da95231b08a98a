"""The images of a run: which of the data, and how they go through a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np

from convert.data.dataset import Dataset
from convert.data.evaluate import Crops, crops_of
from convert.errors import UserError
from convert.network import Network
from convert.options import Progress
from deploy.events.counts import LayerCounts
from deploy.targets.registry import InputRun, Job, Runner

from .checkpoint import ImageResult, RunCheckpoint

INPUTS_PER_THREAD = 8
"""Small images that a target is given at once for each thread: enough that no thread waits for the last ones."""

Part = TypeVar("Part")


def chosen_images(dataset: Dataset, *, skip: int, images: int | None) -> Dataset:
    """So many images after the first ``skip``, evenly drawn in their order, so that a few show every class."""
    left = np.arange(skip, len(dataset))
    if len(left) == 0:
        raise UserError(f"the data has {len(dataset)} images and --skip leaves out {skip}; skip fewer")
    count = min(images or len(left), len(left))
    return dataset.subset(left[np.arange(count) * len(left) // count])


def run_missing(
    job: Job, runner: Runner, dataset: Dataset, checkpoint: RunCheckpoint, title: str, progress: Progress
) -> int:
    """Runs the images that ``checkpoint`` has not yet; returns how many. Continuous runs start over."""
    todo = [i for i in range(len(dataset)) if job.continuous or not checkpoint.has(i)]
    if not todo:
        return 0
    at_a_time = INPUTS_PER_THREAD * job.threads if dataset.task != "segmentation" else 1
    with progress(title, len(todo)) as advance:
        for chosen in _pieces(todo, at_a_time):
            crops = [crops_of(dataset, i, job.network.input.shape) for i in chosen]
            runs = runner(np.concatenate([c.inputs for c in crops]))
            for i, image in zip(chosen, crops, strict=True):
                checkpoint.write(i, joined(image, list(islice(runs, len(image.inputs)))))
                advance(1)
    return len(todo)


def joined(image: Crops, runs: Sequence[InputRun]) -> ImageResult:
    """The runs of the crops of one image as one result."""
    by_crop = np.stack([run.outputs for run in runs], axis=1)
    outputs = np.stack([image.join(crops) for crops in by_crop])
    layers = {name: summed([run.layers[name] for run in runs]) for name in runs[0].layers}
    counted = [list(run.until.values()) for run in runs if run.until is not None]
    until = np.sum(counted, axis=0).swapaxes(0, 1) if counted else np.zeros(0, np.int64)
    loads = [run.busiest for run in runs if run.busiest is not None]
    busiest = np.sum(loads, axis=0) if loads else np.zeros(0, np.int64)
    return ImageResult(outputs, layers, len(runs), until, busiest)


def summed(counts: Sequence[LayerCounts]) -> LayerCounts:
    """The events of several inputs; None where one did not count them."""

    def total(of: Callable[[LayerCounts], int | None]) -> int | None:
        values = [value for c in counts if (value := of(c)) is not None]
        return sum(values) if len(values) == len(counts) else None

    return LayerCounts(
        spikes=sum(c.spikes for c in counts),
        synops=total(lambda c: c.synops),
        neuron_updates=total(lambda c: c.neuron_updates),
        messages=total(lambda c: c.messages),
        interchip_messages=total(lambda c: c.interchip_messages),
        conv_synops=total(lambda c: c.conv_synops),
        overflows=total(lambda c: c.overflows),
    )


def require_inputs(network: Network, images: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    """Raises ``UserError`` if ``images`` are not a batch of the network's inputs."""
    if images.ndim != 4 or images.shape[1:] != network.input.shape or len(images) == 0:
        raise UserError(
            f"images of shape {images.shape}: the network takes (images, {', '.join(map(str, network.input.shape))}); "
            "cut or resize them to that"
        )


def _pieces(items: Sequence[Part], size: int) -> Iterator[Sequence[Part]]:
    return (items[start : start + size] for start in range(0, len(items), size))
