"""The images of a run: which of the data, and how they go through a target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from convert.data.dataset import Dataset
from convert.data.evaluate import Crops, crops_of, merit_of, target_of
from convert.data.events.binning import MOST_IN_A_STEP
from convert.data.labels import Label
from convert.data.metrics import Merit
from convert.errors import UserError
from convert.network import Network, TimeCourse
from convert.options import Progress
from convert.report import Task
from deploy.arrays import Float32, Float64, Int64
from deploy.events.counts import LayerCounts
from deploy.nengo_loihi.board_power import BoardPower
from deploy.targets.registry import InputRun, Job, Runner

from .checkpoint import ImageResult, Judged, RunCheckpoint
from .early_exit import settled
from .windows import last_arrival_step

INPUTS_PER_THREAD = 8
"""Small images that a target is given at once for each thread: enough that no thread waits for the last ones."""

INPUTS_BY_CORE = 64
"""Inputs on which what keeps the busiest cores busy is counted, which takes a quarter more time; chosen by hand."""

NOT_COUNTED: Int64 = np.zeros(0, np.int64)

Part = TypeVar("Part")


def chosen_images(dataset: Dataset, *, skip: int, images: int | None, in_a_row: bool = False) -> Dataset:
    """So many images after the first ``skip``: the next ones ``in_a_row``, or evenly drawn in their order, so that a
    few show every class."""
    left = np.arange(skip, len(dataset))
    if len(left) == 0:
        raise UserError(f"the data has {len(dataset)} images and --skip leaves out {skip}; skip fewer")
    count = min(images or len(left), len(left))
    return dataset.subset(left[:count] if in_a_row else left[np.arange(count) * len(left) // count])


def images_at_a_time(task: Task, threads: int) -> int:
    """How many images a target is given at once."""
    return INPUTS_PER_THREAD * threads if task != "segmentation" else 1


def run_missing(
    job: Job, runner: Runner, dataset: Dataset, checkpoint: RunCheckpoint, title: str, progress: Progress
) -> int:
    """Runs the images that ``checkpoint`` has not yet; returns how many. Continuous runs start over."""
    todo = pieces_left(job, dataset, checkpoint)
    count = sum(len(piece.images) for piece in todo)
    if not todo:
        return 0
    with progress(title, count) as advance:
        for piece in todo:
            for i, result in zip(piece.images, results_of(job, runner, dataset, piece), strict=True):
                checkpoint.write(i, result)
                advance(1)
    return count


@dataclass(frozen=True)
class Piece:
    """Images that a target is given at once; ``by_core`` counts what keeps the busiest cores busy."""

    images: Sequence[int]
    by_core: bool


def pieces_left(job: Job, dataset: Dataset, checkpoint: RunCheckpoint) -> list[Piece]:
    """The images that ``checkpoint`` has not yet, in pieces; of a continuous run all."""
    todo = [i for i in range(len(dataset)) if job.continuous or not checkpoint.has(i)]
    if not todo:
        return []
    at_a_time = images_at_a_time(dataset.task, job.threads)
    crops_of_one = len(crops_of(dataset, 0, job.network.input.shape).inputs)
    loaded = set(range(len(dataset)) if job.continuous else counted_by_core(len(dataset), crops_of_one))
    return [
        Piece(chosen, by_core)
        for by_core in (True, False)
        for chosen in _pieces([i for i in todo if (i in loaded) == by_core], at_a_time)
    ]


def results_of(job: Job, runner: Runner, dataset: Dataset, piece: Piece) -> Iterator[ImageResult]:
    """What ``runner`` makes of the images of ``piece``, in their order."""
    crops = [crops_of(dataset, i, job.network.input.shape) for i in piece.images]
    runs = runner(np.concatenate([c.inputs for c in crops]), by_core=piece.by_core)
    for i, image in zip(piece.images, crops, strict=True):
        own = islice(runs, len(image.inputs))
        yield judged(job, dataset.task, target_of(dataset, i), joined(image, own))


def counted_by_core(images: int, crops: int) -> list[int]:
    """The images whose busiest cores are counted: pairs, evenly drawn, of about ``INPUTS_BY_CORE`` inputs in all.

    Pairs, because early exit is measured on every second image.
    """
    pairs = max(1, INPUTS_BY_CORE // (2 * crops))
    stride = max(1, images // (2 * pairs))
    return [i for i in range(images) if i // 2 % stride == 0 and i // 2 // stride < pairs]


@dataclass(frozen=True)
class Joined:
    """The runs of the crops of one image as one: ``outputs`` of the readouts, made when they are asked for."""

    outputs: Iterator[Float32]
    layers: dict[str, LayerCounts]
    crops: int
    until: Int64
    busiest: Int64
    board: Float64


def joined(image: Crops, runs: Iterable[InputRun]) -> Joined:
    """The runs of the crops of one image; what they counted by neuron is let go one after the other."""
    kept = [
        (run.outputs, run.layers, None if run.until is None else list(run.until.values()), run.busiest, run.power)
        for run in runs
    ]
    outputs, by_crop, counted, loads, powers = zip(*kept, strict=True)
    layers = {name: summed([layers[name] for layers in by_crop]) for name in by_crop[0]}
    until = np.sum([c for c in counted if c is not None], axis=0).swapaxes(0, 1) if counted[0] else NOT_COUNTED
    busiest = NOT_COUNTED if loads[0] is None else np.sum(loads, axis=0)
    readouts = range(len(outputs[0]))
    each = (image.join(np.stack([crop[k] for crop in outputs])) for k in readouts)
    return Joined(each, layers, len(kept), until, busiest, _on_board(powers))


def _on_board(powers: Sequence[BoardPower | None]) -> Float64:
    """What a board has measured of the crops of an image, ``BOARD``, summed; empty if it did not, of one of them."""
    known = [power for power in powers if power is not None]
    if not known or len(known) < len(powers):
        return np.zeros(0)
    watts = np.array([(1.0, p.watts, p.static_watts, p.dynamic_watts) for p in known])
    return np.asarray((watts * np.array([[p.seconds] for p in known])).sum(axis=0))


def judged(job: Job, task: Task, label: Label, run: Joined) -> ImageResult:
    """How good and how settled the outputs of ``run`` are, of which but the last one is kept."""
    merits: list[Merit] = []
    last = np.zeros(0, np.float32)

    def seen() -> Iterator[Float32]:
        nonlocal last
        for last in run.outputs:
            merits.append(merit_of(task, last, label))
            yield last

    steady = settled(task, job.activation, seen(), job.windows, last_arrival_step(job.network))
    found = Judged(np.stack([m.pooled for m in merits]), np.stack([m.own for m in merits]), steady)
    return ImageResult(last, run.layers, run.crops, found, run.until, run.busiest, run.board)


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
    if network.input.time_course is TimeCourse.EVENTS:
        _require_recordings(network, images)
        return
    if images.ndim != 4 or images.shape[1:] != network.input.shape or len(images) == 0:
        raise UserError(
            f"images of shape {images.shape}: the network takes (images, {', '.join(map(str, network.input.shape))}); "
            "cut or resize them to that"
        )


def _require_recordings(network: Network, given: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    """Raises ``UserError`` if ``given`` are no events in steps."""
    if given.ndim != 5 or given.shape[2:] != network.input.shape or 0 in given.shape[:2]:
        raise UserError(
            f"events of shape {given.shape}: the network takes (recordings, steps, "
            f"{', '.join(map(str, network.input.shape))}); put them into steps"
        )
    end = network.input_end_step
    if end is not None and given.shape[1] > end:
        raise UserError(
            f"events in {given.shape[1]} steps: the network takes those of {end}; leave out what comes later"
        )
    counts = np.asarray(given, np.float64)
    if not ((counts >= 0) & (counts <= MOST_IN_A_STEP) & (counts == np.floor(counts))).all():
        raise UserError("events are whole numbers from 0 to 255, how many there are in a step; count them")


def _pieces(items: Sequence[Part], size: int) -> Iterator[Sequence[Part]]:
    return (items[start : start + size] for start in range(0, len(items), size))
