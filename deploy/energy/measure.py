"""Time and energy of the model that was converted on this machine, for run.json."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from convert.data.dataset import Dataset
from convert.data.evaluate import Predictor, crops_of, predict, score, targets
from convert.errors import UserError
from convert.left_out import TENSORFLOW
from convert.network import Shape
from convert.options import Progress, silent
from deploy.arrays import Float32
from deploy.device_report import AbsentDevice, DeviceReport, MeasuredEntry, entry_of
from deploy.runs.original import BundledOriginal

from .cpu import Pace, Subject

NO_MODEL = "no model without spikes lies in this bundle, so the time and energy of none are measured"
NO_ENGINE = (
    f"time and energy of a model on this machine are measured with TensorFlow, which is not installed: {TENSORFLOW.how}"
)
INPUTS_USED = 128
"""Of the run's own inputs, where the bundle has none to calibrate on."""


def measure_original(
    original: BundledOriginal,
    dataset: Dataset,
    shape: Shape,
    *,
    package_watts: float | None = None,
    pace: Pace | None = None,
    progress: Progress = silent,
) -> tuple[MeasuredEntry, ...]:
    """The model on this machine's processor and GPU, for images of ``dataset``, which are cut to inputs of ``shape``.

    ``package_watts`` is the power of this machine's processors (None: measured, or by their name).
    """
    if original.source is None:
        return nothing_to_measure(NO_MODEL)

    if original.without_engines:
        return nothing_to_measure(NO_ENGINE)

    def metrics(predictor: Predictor) -> dict[str, float | None]:
        return dict(score(dataset.task, predict(predictor, dataset, range(len(dataset)), shape), targets(dataset)))

    inputs, kept = _first_inputs(dataset, shape), original.calibration_inputs
    calibration, described = (
        (inputs, f"the run's first {len(inputs)} inputs, for the bundle has none of its own")
        if kept is None
        else (kept, f"{len(kept)} inputs that the conversion calibrated on")
    )
    try:
        model = original.keras_model
    except UserError as error:
        if original.decoder is None:
            raise
        return nothing_to_measure(f"its decoder has no form that the engines here run: {error.problems[0]}")
    subject = Subject(model, inputs, calibration, described, metrics)
    return measure_model(subject, package_watts=package_watts, pace=pace, progress=progress)


def measure_model(
    subject: Subject, *, package_watts: float | None = None, pace: Pace | None = None, progress: Progress = silent
) -> tuple[MeasuredEntry, ...]:
    """The model of ``subject`` on this machine's processor and GPU."""
    from .macs import total_macs

    macs = total_macs(subject.model)
    with progress("measuring the original", 1) as advance:
        devices = tuple(_devices(subject, package_watts, pace))
        advance(1)
    return tuple(entry_of(device, macs) for device in devices)


def nothing_to_measure(reason: str) -> tuple[MeasuredEntry, ...]:
    """What run.json says where no model was measured."""
    return (entry_of(AbsentDevice(name="this machine", reason=reason)),)


def _devices(subject: Subject, package_watts: float | None, pace: Pace | None) -> Iterator[DeviceReport | AbsentDevice]:
    from convert.upstream.tensorflow import load_tensorflow

    from .cpu import measure_cpu
    from .gpu import measure_gpu

    with tempfile.TemporaryDirectory(prefix="ann2loihi-") as folder:
        yield from measure_cpu(subject, Path(folder), package_watts=package_watts, pace=pace)
    yield from measure_gpu(load_tensorflow(), subject.model, subject.inputs)


def _first_inputs(dataset: Dataset, shape: Shape) -> Float32:
    """The first inputs of the model that images of ``dataset`` give."""
    inputs = (values for i in range(len(dataset)) for values in crops_of(dataset, i, shape).inputs)
    return np.stack(list(islice(inputs, INPUTS_USED)))
