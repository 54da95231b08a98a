"""``run``: a partitioned bundle and test data in; accuracy, spikes and events out, resumable image by image.

``run_images``: a network, its partition and an array of images in; outputs and events out, no files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from convert.bundle import load_report
from convert.data.dataset import open_data
from convert.data.evaluate import Predictor, labels_of, score
from convert.network import Network, require_timesteps
from convert.options import Progress, silent
from deploy.arrays import Float32
from deploy.energy.measure import measure_original
from deploy.events.counts import LayerCounts
from deploy.runs.checkpoint import RunCheckpoint, signature
from deploy.runs.folder import write_folder
from deploy.runs.images import chosen_images, require_inputs, run_missing
from deploy.runs.opening import network_to_run, partition_of, require_consistent, run_folder
from deploy.runs.options import WINDOW, RunOptions
from deploy.runs.original import original_of, original_outputs
from deploy.runs.report import RunReport
from deploy.runs.results import Results, run_report
from deploy.runs.windows import readout_steps, steps_between, windows_at
from deploy.targets.names import TargetName
from deploy.targets.registry import Job, Window, prepare
from partition.result import Partition


def run(
    bundle: str | Path,
    data_path: str | Path,
    options: RunOptions | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> RunReport:
    """Runs the bundle on the data and writes BUNDLE/runs/NAME/; returns what run.json holds.

    A run that is killed goes on where it stopped when it is started again with the same options. Raises ``UserError``.
    """
    options, bundle = options or RunOptions(), Path(bundle)
    require_consistent(options)
    conversion = load_report(bundle)
    folder = run_folder(bundle, options, force=force)
    network = network_to_run(bundle, options)
    partition, shape = partition_of(bundle, network), network.input.shape
    data = open_data(
        data_path,
        task=conversion.task,
        input_shape=shape,
        target_shape=network.readouts[0].output_shape,
        grid=conversion.output_grid,
    )
    dataset = chosen_images(data, skip=options.skip, images=options.images)
    steps = readout_steps(network.timesteps, options.every or steps_between(dataset.task, network.timesteps))
    windows, original = windows_at(network, steps, options.window), original_of(bundle)
    job = Job(network, partition, windows, options.threads, options.continuous, original.predictor)
    runner = prepare(options.target, job)
    labels = labels_of(dataset, range(len(dataset)))
    ann = original_outputs(original, dataset, shape)  # first, for it reads all images once and refuses other sizes
    devices = measure_original(original, dataset, shape) if options.measure else ()
    signed = signature(bundle, data_path, dataset.indices, options.signed())
    checkpoint = RunCheckpoint(folder.with_name(f".{folder.name}.unfinished"), signed)
    start_s = time.perf_counter()
    new = run_missing(job, runner, dataset, checkpoint, f"running on {options.target}", progress or silent)
    seconds = time.perf_counter() - start_s
    images = [checkpoint.read(i) for i in range(len(dataset))]
    results = Results(images, np.stack([r.outputs for r in images], axis=1), dataset.task, labels)
    ann_metrics = None if ann is None else score(dataset.task, ann, labels)
    report = msgspec.structs.replace(
        run_report(job, options.target, results, ann_metrics, options.early),
        seconds_per_image=seconds / new if new else None,
        devices_measured=devices,
        data=Path(data_path).name,
        output_grid=conversion.output_grid,
    )
    write_folder(folder, report, dataset, labels, results.outputs[-1], ann)
    checkpoint.remove()
    return report


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
    window: float = WINDOW,
    threads: int = os.cpu_count() or 1,
    continuous: bool = False,
    original: Predictor | None = None,
) -> ImagesRun:
    """Runs ``images``, shape (images, *network.input.shape), and reads out after ``steps`` (none: after all).

    ``window`` is the share of the steps, the last ones, whose rates are averaged. Raises ``UserError``.
    """
    require_timesteps(network)
    require_inputs(network, images)
    windows = windows_at(network, steps or (network.timesteps,), window)
    runner = prepare(target, Job(network, partition, windows, threads, continuous, original))
    runs = list(runner(np.asarray(images, np.float32)))
    return ImagesRun(tuple(windows), np.stack([r.outputs for r in runs], axis=1), tuple(r.layers for r in runs))
