"""``run``: a partitioned bundle and test data in; accuracy, spikes and events out, resumable image by image."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from convert.bundle import load_network, load_report, source_of
from convert.data.dataset import Dataset, open_data
from convert.data.evaluate import crops_of, keras_predictor, predict, score
from convert.errors import UserError
from convert.network import Network, require_timesteps
from convert.options import Progress, silent
from convert.storage.atomic import whole_folder, write_json
from deploy.runs.checkpoint import ImageResult, Parts, signature, summed
from deploy.runs.readout import EVERY, WINDOW, checkpoints_of, outputs_of, windows_at
from deploy.runs.results import summary
from deploy.targets.registry import InputRun, Job, Run, prepare
from partition.result import Partition, read_partition

SHOWN = 4
"""Images kept in outputs.npz beside every output, for the report's overlays."""


@dataclass(frozen=True)
class RunOptions:
    """How to run; ``images`` None means all, ``skip`` leaves out the first ones.

    ``window`` is the share of the steps whose rates are read out, ``every`` the steps between checkpoints, ``early``
    the threshold of ``deploy.early`` (None: chosen on every other image, and reported on those left).
    """

    target: str = "fast"
    images: int | None = None
    skip: int = 0
    timesteps: int | None = None
    threads: int = os.cpu_count() or 1
    continuous: bool = False
    name: str | None = None
    measure: bool = True
    window: float = WINDOW
    every: int | None = None
    early: float | None = None


def run(
    bundle: str | Path,
    data_path: str | Path,
    options: RunOptions | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs the bundle on the data and writes BUNDLE/runs/NAME/; returns what run.json holds.

    A run that is killed goes on where it stopped when it is started again with the same options. Raises ``UserError``.
    """
    options, bundle = options or RunOptions(), Path(bundle)
    if options.continuous and options.early is not None:
        raise UserError("--early and --continuous: an image that stops early changes the next; leave out one of them")
    task = load_report(bundle).task
    folder = _folder(bundle, options, force)
    network = load_network(bundle)
    if options.timesteps:
        network = network.with_(timesteps=options.timesteps)
    require_timesteps(network)
    partition = _partition_of(bundle, network)
    shapes = {"input_shape": network.input.shape, "target_shape": _output_shape(network)}
    dataset = _chosen(open_data(data_path, task=task, **shapes), options)
    every = options.every or max(1, min(EVERY[dataset.task], network.timesteps // 8))
    windows = windows_at(network, checkpoints_of(network.timesteps, every), options.window)
    job = Job(network, partition, windows, options.threads, options.continuous)
    runner = prepare(options.target, job)
    ann, measured = _keras(bundle, dataset, network, options)  # first, for it reads all images and labels once
    ann_metrics = score(dataset, list(ann), range(len(dataset)))
    same = {k: v for k, v in asdict(options).items() if k not in ("threads", "measure", "name", "early")}
    parts = Parts(folder.with_name(f".{folder.name}.unfinished"), signature(bundle, data_path, dataset.indices, same))
    start_s = time.perf_counter()
    new = _run_images(job, runner, f"running on {options.target}", dataset, parts, progress or silent)
    seconds = time.perf_counter() - start_s
    results = [parts.read(i) for i in range(len(dataset))]
    outputs = np.stack([r.outputs for r in results], axis=1)  # (checkpoints, images, ...)
    content = summary(job, options.target, dataset, results, outputs, ann_metrics, options.early)
    content["seconds_per_image"] = seconds / new if new else None
    content["devices_measured"] = measured
    content["data"] = str(Path(data_path).name)
    _write(folder, content, dataset, outputs[-1], ann)
    parts.remove()
    return content


def _folder(bundle: Path, options: RunOptions, force: bool) -> Path:
    """Where the run goes."""
    name = options.name or options.target
    if Path(name).name != name or name.startswith("."):
        raise UserError(f"--name {name}: the name becomes that of a folder; leave out slashes and leading dots")
    folder = bundle / "runs" / name
    if folder.exists() and not force:
        raise UserError(f"{folder} exists already and is kept; give another --name or add --force to replace it")
    return folder


def _partition_of(bundle: Path, network: Network) -> Partition:
    from deploy.nengo_loihi.build import check_partition

    path = bundle / "partition.json"
    if not path.is_file():
        raise UserError(f"{bundle} has no partition.json; run 'partition-model {bundle}' first")
    partition = read_partition(path)
    check_partition(network, partition)
    return partition


def _output_shape(network: Network) -> tuple[int, ...]:
    """The shape of the Keras model's output without the batch."""
    shape = network.readouts[0].shape
    return shape[2:] if shape[:2] == (1, 1) else shape


def _chosen(dataset: Dataset, options: RunOptions) -> Dataset:
    """The images to run: evenly drawn from the dataset in its order, so that a few show every class."""
    left = np.arange(options.skip, len(dataset))
    if len(left) == 0:
        raise UserError(f"the data has {len(dataset)} images and --skip leaves out {options.skip}; skip fewer")
    count = min(options.images or len(left), len(left))
    return dataset.subset(left[np.arange(count) * len(left) // count])


def _run_images(job: Job, runner: Run, title: str, dataset: Dataset, parts: Parts, progress: Progress) -> int:
    """Runs the images that are not done yet, several at a time; returns how many. Continuous runs start over."""
    todo = [i for i in range(len(dataset)) if job.continuous or not parts.has(i)]
    if not todo:
        return 0
    at_a_time = 8 * job.threads if dataset.task == "classification" else 1
    with progress(title, len(todo)) as advance:
        for start in range(0, len(todo), at_a_time):
            chosen = todo[start : start + at_a_time]
            crops = [crops_of(dataset, i, job.network.input.shape) for i in chosen]
            runs = runner(np.concatenate([c.inputs for c in crops]))
            for i, image in zip(chosen, crops, strict=True):
                parts.write(i, _joined(job.network, job, image, list(islice(runs, len(image.inputs)))))
                advance(1)
    return len(todo)


def _joined(network: Network, job: Job, image: Any, runs: list[InputRun]) -> ImageResult:
    readout = network.readouts[0]
    by_crop = np.stack([outputs_of(network, readout, r.counts, job.windows) for r in runs], axis=1)
    outputs = np.stack([image.join(crops) for crops in by_crop])
    layers = {name: summed([r.layers[name] for r in runs]) for name in runs[0].layers}
    counted = [list(run.until.values()) for run in runs if run.until is not None]
    until = np.sum(counted, axis=0).swapaxes(0, 1) if counted else np.zeros(0, np.int64)
    return ImageResult(outputs, layers, len(runs), until)


def _keras(bundle: Path, dataset: Dataset, network: Network, options: RunOptions) -> tuple[Any, Any]:
    """Outputs of the model as it was brought, and the measured time and energy of it on this machine."""
    from convert.frontends.keras.load import load_model
    from deploy.energy.measure import measure_ann

    source = load_model(source_of(bundle))
    outputs = list(predict(keras_predictor(source), dataset, range(len(dataset)), network.input.shape))
    sizes = sorted({output.shape for output in outputs})
    if len(sizes) > 1:
        raise UserError(
            f"images of {len(sizes)} sizes in one run, {sizes[0][:2]} and {sizes[-1][:2]} among them; cut "
            "them to one size, or run each size under a --name of its own"
        )
    ann = np.stack(outputs)
    if not options.measure:
        return ann, []
    images = crops_of(dataset, 0, network.input.shape).inputs[:1]
    return ann, measure_ann(source, images)


def _write(folder: Path, content: dict[str, Any], dataset: Dataset, snn: Any, ann: Any) -> None:
    """The run's folder, whole or not at all."""
    with whole_folder(folder, force=True) as beside:
        write_json(beside / "run.json", content)
        shown = range(min(SHOWN, len(dataset)))
        arrays = {
            "outputs": np.stack(snn),
            "ann": np.stack(ann),
            "labels": np.stack([np.asarray(dataset.label(i)) for i in range(len(dataset))]),
            "images": np.stack([dataset.image(i) for i in shown]),
        }
        np.savez_compressed(beside / "outputs.npz", **arrays)  # type: ignore[arg-type]
