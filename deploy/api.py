"""``run``: a partitioned bundle and test data in; accuracy, spikes and events out, resumable image by image.

``run_images``: a network, its partition and an array of images in; outputs and events out, no files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from convert.bundle import DECODER, NETWORK, PARTITION, RATE_NETWORK, REPORT, at_work_in, load_network, load_report
from convert.data.dataset import Dataset, open_data, require_layout
from convert.data.evaluate import BATCH as ORIGINALS
from convert.data.evaluate import Predictor, crops_of
from convert.data.events.binning import Binning
from convert.data.events.opening import open_events, require_recordings
from convert.errors import UserError, noting, tell
from convert.network import Network, TimeCourse, require_timesteps
from convert.network.extent import extent_of
from convert.options import Progress, silent
from convert.provenance import BUNDLE, Provenance, command_line, digests, provenance
from convert.report import ConversionReport
from convert.storage.recovery import NOTES
from convert.storage.unfinished import unfinished
from convert.timings import now, this_machine
from deploy.arrays import Float32
from deploy.cluster.images import run_missing_on
from deploy.cluster.opening import opened
from deploy.device_report import MeasuredEntry
from deploy.emulator.program import TOGETHER
from deploy.energy.host_decoder import host_decoder
from deploy.energy.measure import measure_original
from deploy.events.counts import LayerCounts
from deploy.runs.board import board_measured
from deploy.runs.checkpoint import RunCheckpoint, signature
from deploy.runs.folder import write_folder
from deploy.runs.foreseen import Load, require_room, run_of
from deploy.runs.images import chosen_images, images_at_a_time, require_inputs, run_missing
from deploy.runs.opening import network_to_run, partition_of, run_folder
from deploy.runs.options import FLAGS, RunOptions
from deploy.runs.original import BundledOriginal, original_metrics, original_of, require_measurable, require_one_size
from deploy.runs.report import RunReport, RunTimings
from deploy.runs.results import gathered, run_report
from deploy.runs.windows import readout_lag, readout_steps, steps_between, windows_at
from deploy.targets.names import TargetName
from deploy.targets.registry import Job, Window, prepare
from partition.result import Partition

if TYPE_CHECKING:
    from convert.frontends.keras.decoder import Decoder


def run(
    bundle: str | Path,
    data_path: str | Path,
    options: RunOptions | None = None,
    *,
    force: bool = False,
    wait: bool = False,
    progress: Progress | None = None,
) -> RunReport:
    """Runs the bundle on the data and writes BUNDLE/runs/NAME/; returns what run.json holds.

    A run that is killed goes on where it stopped when it is started again on the same data with the same options.
    Raises ``UserError``, for a bundle that another command changes too, unless it is to ``wait`` for that one.
    """
    options, bundle = options or RunOptions(), Path(bundle)
    problems = options.problems()
    with noting(problems):
        folder = run_folder(bundle, options, force=force)
    with at_work_in(bundle, shared=True, wait=wait):
        with noting(problems):
            stored = load_network(bundle)
            with noting(problems):
                network = network_to_run(stored, options)
            with noting(problems):
                partition = partition_of(bundle, stored)
            with noting(problems):
                (require_recordings if stored.input.time_course is TimeCourse.EVENTS else require_layout)(
                    Path(data_path)
                )
        tell(problems)
        original = original_of(bundle)
        data = _data_for(network, load_report(bundle), data_path, options, original.decoder)
        dataset = chosen_images(data, skip=options.skip, images=options.images, in_a_row=options.event_stream)
        require_one_size(dataset)
        if options.measure:
            require_measurable(original)
        signed = signature(bundle, dataset, options.signed())
        with unfinished(folder, signed, what="run", wait=wait) as kept:
            checkpoint = RunCheckpoint(kept)
            steps = readout_steps(network.timesteps, options.every or steps_between(dataset.task, network.timesteps))
            if options.continuous and network.period is not None:
                steps = [step for step in steps if step > readout_lag(network)]
            windows = windows_at(network, steps, options.window)
            threads = _threads(network, options, dataset, len(windows), original)
            job = Job(network, partition, windows, threads, options.continuous, original.predictor, original.decoder)
            given = _Given(job, original, dataset, _origin(bundle, Path(data_path), options))
            return _run(given, checkpoint, folder, options, progress or silent)


def _origin(bundle: Path, data_path: Path, options: RunOptions) -> Provenance:
    """The command, the data by its contents, and the files of ``bundle`` on which runs depend."""
    return provenance(
        command_line("deploy-model", [BUNDLE, "--data", data_path.name], options, FLAGS),
        given={"data": data_path},
        made_from=digests(bundle, (REPORT, NETWORK, RATE_NETWORK, DECODER, PARTITION)),
    )


def _data_for(
    network: Network, converted: ConversionReport, path: str | Path, options: RunOptions, decoder: Decoder | None
) -> Dataset:
    """The images or recordings and labels at ``path``; marks of anomalies, or no labels, are taken as they come."""
    readout = network.readouts[0]
    output_shape = readout.output_shape if decoder is None else decoder.output_shape
    if network.input.time_course is TimeCourse.EVENTS:
        binning = Binning(
            options.event_dt_s or converted.event_dt_s or network.dt_s,
            min(network.timesteps, network.input_end_step or network.timesteps),
            options.event_start_s or converted.event_start_s,
            options.count_events,
        )
        if options.event_stream and binning.steps < network.timesteps:
            raise UserError(
                f"--event-stream: this network listens for {binning.steps} of its {network.timesteps} steps, and a "
                f"stream has no pauses; use --timesteps {binning.steps}"
            )
        shape, stream = network.input.shape, options.event_stream
        found = open_events(Path(path), shape, binning, output_shape[-1], output_shape, stream=stream)
        NOTES.info("%s", found)
        return found.dataset
    if options.event_dt_s or options.event_start_s or options.count_events or options.event_stream:
        raise UserError(
            "this network takes images, no events; leave out --event-dt, --event-start, --count-events and "
            "--event-stream"
        )
    return open_data(
        path,
        input_shape=network.input.shape,
        target_shape=output_shape,
        task="regression" if converted.task == "anomaly" else converted.task,
        activation=readout.activation if decoder is None else decoder.activation,
        grid=converted.output_grid,
    )


def _threads(network: Network, options: RunOptions, dataset: Dataset, windows: int, original: BundledOriginal) -> int:
    """On how many threads there is room for the run, which is foreseen for targets that build no simulator.

    Raises ``UserError`` if there is none.
    """
    measured = options.measure and original.source is not None
    if options.target not in ("fast", "keras"):
        return options.threads
    load = Load(
        steps=network.timesteps,
        windows=windows,
        images=len(dataset),
        crops=len(crops_of(dataset, 0, network.input.shape).inputs),
        at_a_time=images_at_a_time(dataset.task, options.threads),
        threads=options.threads,
        batch=ORIGINALS if dataset.task != "segmentation" else 1,
        measured=32 if measured else 0,
        tensorflow=measured
        or original.decoder is not None
        or (original.rate_network is None and original.source is not None),
        recorded=network.timesteps if network.input.time_course is TimeCourse.EVENTS else 0,
        following=TOGETHER if options.continuous and network.period is not None else 0,
    )
    extent = extent_of(network)
    fitting = require_room(extent, load, options.memory)
    NOTES.info("foreseen: %s", run_of(extent, fitting))
    if fitting.threads < options.threads:
        NOTES.info("%d of %d threads, for all of them would take more memory", fitting.threads, options.threads)
    return fitting.threads


@dataclass(frozen=True)
class _Given:
    """What is run, on what, and beside what."""

    job: Job
    original: BundledOriginal
    dataset: Dataset
    origin: Provenance


def _run(given: _Given, checkpoint: RunCheckpoint, folder: Path, options: RunOptions, progress: Progress) -> RunReport:
    """The images that are missing in ``checkpoint``; then all of them to ``folder``."""
    job, original, dataset = given.job, given.original, given.dataset
    with _running(options, job) as run_missing_images:  # first, for it may be refused
        ann = original_metrics(original, dataset, job.network.input.shape, checkpoint)  # then, for it reads all images
        devices = _measured(given, options, progress)
        start_s = time.perf_counter()
        new = run_missing_images(dataset, checkpoint, f"running on {options.target}", progress)
        seconds = time.perf_counter() - start_s
    results = gathered(dataset.task, (checkpoint.read(i) for i in range(len(dataset))))
    report = msgspec.structs.replace(
        run_report(job, options.target, results, ann, options.early),
        provenance=given.origin,
        timings=RunTimings(
            machine=this_machine(),
            finished=now(),
            seconds_per_image=seconds / new if new else None,
            devices_measured=(*devices, *board_measured(results, job.partition.board.name)),
        ),
        data=dataset.name,
        labelled=dataset.labelled,
        simulated=dataset.simulated,
        decoder=host_decoder(original.decoder),
        output_grid=dataset.grid,
    )
    return write_folder(folder, report, dataset, checkpoint)


RunMissing = Callable[[Dataset, RunCheckpoint, str, Progress], int]
"""Runs the images that a checkpoint has not yet, and returns how many."""


@contextmanager
def _running(options: RunOptions, job: Job) -> Iterator[RunMissing]:
    """What runs images: the target, prepared, or the workers of a cluster, which is there while the block runs."""
    if options.on_cluster:
        with opened(options.scheduler, options.workers, job.threads) as client:
            yield partial(run_missing_on, client, options.target, job)
    else:
        yield partial(run_missing, job, prepare(options.target, job))


def _measured(given: _Given, options: RunOptions, progress: Progress) -> tuple[MeasuredEntry, ...]:
    if not options.measure:
        return ()
    shape, watts = given.job.network.input.shape, options.package_watts
    return measure_original(given.original, given.dataset, shape, package_watts=watts, progress=progress)


@dataclass(frozen=True)
class ImagesRun:
    """What ``run_images`` gives: ``outputs`` after each of ``windows``, shape (windows, images, *output shape).

    ``layers`` has the events of each population for each image; empty for a target without spikes.
    """

    windows: tuple[Window, ...]
    outputs: Float32
    layers: tuple[dict[str, LayerCounts], ...]


def run_images(
    network: Network,
    partition: Partition,
    images: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
    *,
    target: TargetName = "fast",
    steps: Sequence[int] = (),
    window: float | None = None,
    threads: int = os.cpu_count() or 1,
    continuous: bool = False,
    original: Predictor | None = None,
    decoder: Decoder | None = None,
) -> ImagesRun:
    """Runs ``images``, shape (images, *network.input.shape), and reads out after ``steps`` (none: after all).

    Events have shape (recordings, steps, *network.input.shape). ``window`` is the share of the steps, the last ones,
    whose rates are averaged (None: a third of them, of events all). ``decoder`` (``read_decoder`` of
    ``convert.frontends.keras.decoder``) is what the host makes of the output. Raises ``UserError``.
    """
    require_timesteps(network)
    require_inputs(network, images)
    windows = windows_at(network, steps or (network.timesteps,), window)
    runner = prepare(target, Job(network, partition, windows, threads, continuous, original, decoder))
    runs = list(runner(np.asarray(images, np.float32)))
    return ImagesRun(tuple(windows), np.stack([r.outputs for r in runs], axis=1), tuple(r.layers for r in runs))
