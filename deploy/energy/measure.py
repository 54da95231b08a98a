"""Time and energy of the Keras model on this machine: clocks, RAPL and NVML; what is estimated instead says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.data.dataset import Dataset
from convert.data.evaluate import crops_of
from convert.network import Shape
from convert.timings import logical_processors, processor_name
from deploy.device_report import AbsentDevice, DeviceReport, Joules, MeasuredEntry, entry_of
from deploy.foreign import KerasModel, Tensor, TensorFlow
from deploy.runs.original import BundledOriginal

from .devices import PACKAGE_SOURCE, PACKAGE_WATTS_PER_CORE
from .meters import POWERCAP, Meter, nvml_meter, rapl_meter

NO_MODEL = "the model that was converted does not lie in this bundle, so its time and energy are not measured"

Infer = Callable[[Tensor], Tensor]
"""A batch as a tensor -> the model's outputs as tensors."""
Images = NDArray[np.float32]


@dataclass(frozen=True)
class Timing:
    """Means for one inference; joules are None without a meter."""

    seconds: float
    joules: float | None
    inferences: int


def measure_original(original: BundledOriginal, dataset: Dataset, shape: Shape) -> tuple[MeasuredEntry, ...]:
    """Time and energy of the model on this machine, for run.json."""
    if original.source is None:
        return nothing_to_measure(NO_MODEL)
    return measure_ann(original.keras_model, crops_of(dataset, 0, shape).inputs[:1])


def measure_ann(
    model: KerasModel,
    images: Images,
    *,
    batch_sizes: tuple[int, ...] = (1, 32),
    seconds: float = 1.0,
    package_watts: float | None = None,
    powercap: Path = POWERCAP,
) -> tuple[MeasuredEntry, ...]:
    """The tf-keras ``model`` (or its file) on this machine's CPU and GPU, for run.json.

    Each batch size runs for about ``seconds`` on ``images``, shape (n, h, w, c). ``package_watts`` replaces the stated
    power where RAPL cannot be read.
    """
    from convert.upstream.tensorflow import load_tensorflow, load_tf_keras

    from .macs import total_macs

    tf, keras = load_tensorflow(), load_tf_keras()
    if isinstance(model, (str, Path)):
        model = keras.models.load_model(model, compile=False)
    macs = total_macs(model)
    infer = tf.function(lambda batch: model(batch, training=False))
    devices: list[DeviceReport | AbsentDevice] = [
        _on_cpu(tf, infer, images, size, seconds, package_watts, powercap) for size in batch_sizes
    ]
    devices += _on_gpu(tf, infer, images, batch_sizes, seconds)
    return tuple(entry_of(device, macs) for device in devices)


def nothing_to_measure(reason: str) -> tuple[MeasuredEntry, ...]:
    """What run.json says where no model was measured."""
    return (entry_of(AbsentDevice(name="this machine", reason=reason)),)


def time_inference(run: Callable[[], object], batch: int, seconds: float, meter: Meter | None) -> Timing:
    """Calls ``run``, which infers ``batch`` images, for ``seconds`` after two calls to warm up."""
    run()
    run()
    calls = 0
    joules = meter() if meter else 0.0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or not calls:
        run()
        calls += 1
    elapsed = time.perf_counter() - start
    used = meter() - joules if meter else None
    return Timing(elapsed / (calls * batch), None if used is None else used / (calls * batch), calls * batch)


def _on_cpu(
    tf: TensorFlow,
    infer: Infer,
    images: Images,
    batch: int,
    seconds: float,
    package_watts: float | None,
    powercap: Path,
) -> DeviceReport:
    with tf.device("/CPU:0"):
        data = tf.constant(_batch_of(images, batch))
        meter = rapl_meter(powercap)
        idle_watts = _idle_watts(meter, seconds / 2) if meter else None
        timing = time_inference(partial(_infer, infer, data), batch, seconds, meter)
    name = f"this CPU, batch {batch}"
    about = (
        f"{processor_name()}, {logical_processors()} logical processors; TensorFlow {tf.__version__}, float32; mean of "
        f"{timing.inferences} inferences, data in memory"
    )
    if timing.joules is not None and idle_watts is not None:
        return _measured(name, batch, timing, idle_watts, "RAPL, processor packages", f"{about}; without memory")
    watts = logical_processors() * PACKAGE_WATTS_PER_CORE if package_watts is None else package_watts
    origin = (
        "given by the user"
        if package_watts is not None
        else (
            f"{PACKAGE_WATTS_PER_CORE:g} W for each logical processor: {PACKAGE_SOURCE}, not known to be this processor"
        )
    )
    return DeviceReport(
        name=name,
        measured=False,
        joules_per_inference=Joules(total=watts * timing.seconds),
        seconds_per_inference=timing.seconds,
        source="time here, power from a stated TDP",
        assumptions=(about, f"energy is {watts:g} W times the measured time ({origin}); RAPL cannot be read here"),
        time_measured=True,
        batch=batch,
    )


def _on_gpu(
    tf: TensorFlow, infer: Infer, images: Images, batch_sizes: tuple[int, ...], seconds: float
) -> list[DeviceReport | AbsentDevice]:
    if not tf.config.list_physical_devices("GPU"):
        return [AbsentDevice(name="this GPU", reason="none here: TensorFlow finds no GPU")]
    name, meter = nvml_meter()
    if meter is None:
        return [AbsentDevice(name="this GPU", reason=f"NVML does not report energy: {name}")]
    devices: list[DeviceReport | AbsentDevice] = []
    for batch in batch_sizes:
        with tf.device("/GPU:0"):
            data = tf.constant(_batch_of(images, batch))
            idle_watts = _idle_watts(meter, seconds / 2)
            timing = time_inference(partial(_infer, infer, data), batch, seconds, meter)
        about = f"{name}; TensorFlow {tf.__version__}, float32; mean of {timing.inferences} inferences"
        counter = "NVML's total energy counter of the whole card"
        devices.append(_measured(f"this GPU, batch {batch}", batch, timing, idle_watts, counter, about))
    return devices


def _measured(name: str, batch: int, timing: Timing, idle_watts: float, source: str, about: str) -> DeviceReport:
    joules = timing.joules or 0.0
    static = min(joules, idle_watts * timing.seconds)
    return DeviceReport(
        name=name,
        measured=True,
        joules_per_inference=Joules(total=joules, static=static, dynamic=joules - static),
        seconds_per_inference=timing.seconds,
        source=source,
        assumptions=(
            about,
            f"static is the {idle_watts:.3g} W read while idle times the time of an inference; other "
            "programs that run at the same time are measured too",
        ),
        time_measured=True,
        batch=batch,
    )


def _idle_watts(meter: Meter, seconds: float) -> float:
    before, start = meter(), time.perf_counter()
    time.sleep(seconds)
    return (meter() - before) / (time.perf_counter() - start)


def _infer(infer: Infer, data: Tensor) -> None:
    """One inference, waited for: a result of a GPU is there only when it has been copied back."""
    outputs = infer(data)
    for output in outputs if isinstance(outputs, (list, tuple)) else [outputs]:
        output.numpy()


def _batch_of(images: Images, size: int) -> NDArray[np.float32]:
    """``size`` images, repeated if there are fewer."""
    return np.resize(images, (size, *images.shape[1:])).astype(np.float32)
