"""The model on this machine's GPU by TensorFlow: float32, and float16 where its graph allows; energy by NVML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

from deploy.arrays import Float32
from deploy.device_report import AbsentDevice, DeviceReport, Joules, Precision
from deploy.foreign import KerasModel, Tensor, TensorFlow

from .meters import Meter, nvml_meter
from .point import Point, measure_point

GPU_BATCHES = (1, 32)
GPU_REPEATS, GPU_REPEAT_S = 5, 0.4
"""NVML's counter moves about ten times a second: two seconds a point."""

Infer = Callable[[Tensor], Tensor]
"""A batch as a tensor -> the model's outputs as tensors."""


def measure_gpu(tf: TensorFlow, model: KerasModel, inputs: Float32) -> Iterator[DeviceReport | AbsentDevice]:
    """The rows of this GPU, or why there are none; ``inputs`` (n, *input) are repeated where they are too few."""
    if not tf.config.list_physical_devices("GPU"):
        yield AbsentDevice(name="this GPU", reason="none here: TensorFlow finds no GPU")
        return
    name, meter = nvml_meter()
    if meter is None:
        yield AbsentDevice(name="this GPU", reason=f"NVML does not report energy: {name}")
        return
    precisions: tuple[Precision, ...] = ("float32", "float16")
    for precision in precisions:
        with _mixed_precision(tf, precision == "float16"):
            infer = tf.function(lambda batch: model(batch, training=False))
            for batch in GPU_BATCHES:
                point = _point(tf, infer, inputs, batch, meter)
                yield _row(point, precision, f"{name}; TensorFlow {tf.__version__}")


def _point(tf: TensorFlow, infer: Infer, inputs: Float32, batch: int, meter: Meter) -> Point:
    with tf.device("/GPU:0"):
        data = tf.constant(np.resize(inputs, (batch, *inputs.shape[1:])).astype(np.float32))
        return measure_point(
            partial(_infer, infer, data), batch, seconds=GPU_REPEAT_S, repeats=GPU_REPEATS, meter=meter
        )


def _row(point: Point, precision: Precision, about: str) -> DeviceReport:
    total, idle = point.joules or 0.0, point.idle_watts or 0.0
    static = min(total, idle * point.wall_seconds.median)
    return DeviceReport(
        name=f"this GPU, TensorFlow {precision}, batch {point.batch}",
        measured=True,
        joules_per_inference=Joules(total=total, static=static, dynamic=total - static),
        seconds_per_inference=point.wall_seconds.median,
        source="NVML's total energy counter of the whole card",
        assumptions=(
            f"{about}; median of {point.wall_seconds.repeats} repeats of {GPU_REPEAT_S:g} s, data in memory",
            f"static is the {idle:.3g} W read while idle times the time; other programs on the card are measured too",
        ),
        time_measured=True,
        batch=point.batch,
    )


@contextmanager
def _mixed_precision(tf: TensorFlow, wanted: bool) -> Iterator[None]:
    """TensorFlow's own rewriting of graphs to float16 where that is safe."""
    tf.config.optimizer.set_experimental_options({"auto_mixed_precision": wanted})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision": False})


def _infer(infer: Infer, data: Tensor) -> None:
    """One inference, waited for: a result of a GPU is there only when it has been copied back."""
    outputs = infer(data)
    for output in outputs if isinstance(outputs, (list, tuple)) else [outputs]:
        output.numpy()
