"""How well the times of one model on this processor repeat: twice as it is, and beside busy processes.

    python -m benchmarks.energy.processor MODEL TEST TRAIN TASK [--images N] [--busy 2] [--out FILE.json]

TEST scores the int8 models, TRAIN calibrates them; TASK is classification or segmentation. Prints a table in Markdown
(``repeatability``), writes all numbers to FILE.json.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from convert.data.dataset import open_data
from convert.data.evaluate import predict, score, targets
from convert.frontends.keras.load import load_model
from convert.timings import now, processor_name
from deploy.device_report import Execution, devices_in
from deploy.energy.cpu import Subject
from deploy.energy.measure import _first_inputs, measure_model
from deploy.runs.images import chosen_images

from .repeatability import markdown

SCORED_AT_A_TIME = 32


def subject_of(options: argparse.Namespace) -> tuple[Subject, dict[str, float | None]]:
    """What is measured, and the metrics of the model itself."""
    model = load_model(options.model, output=None)
    shape = tuple(model.inputs[0].shape)[1:]
    layout = {
        "input_shape": shape,
        "target_shape": tuple(model.outputs[0].shape)[1:],
        "task": options.task,
        "activation": "softmax" if options.task == "classification" else "sigmoid",
        "grid": None,
    }
    test = chosen_images(open_data(options.test, **layout), skip=0, images=options.images)
    labels = list(targets(test))
    calibration = _first_inputs(open_data(options.train, **layout).shuffled(0), shape)

    def metrics(predictor):
        return dict(score(test.task, list(predict(predictor, test, range(len(test)), shape)), labels))

    subject = Subject(model, _first_inputs(test, shape), calibration, "training images", metrics)
    return subject, metrics(lambda batch: np.asarray(model(batch, training=False)))


def rows_of(subject: Subject) -> dict[str, dict[str, object]]:
    """By the name of the row: CPU-ms of one inference, their spread, the load, the accuracy."""
    rows = {}
    for device in devices_in(measure_model(subject)):
        run = device.execution
        assert isinstance(run, Execution)
        rows[device.name.removeprefix("this CPU, ")] = {
            "cpu_ms": round(1e3 * run.cpu_seconds.median, 4),
            "cpu_ms_from_to": [round(1e3 * run.cpu_seconds.low, 4), round(1e3 * run.cpu_seconds.high, 4)],
            "wall_ms": round(1e3 * run.wall_seconds.median, 4),
            "busy_others": None if run.busy_others is None else round(run.busy_others, 3),
            "loaded": run.loaded,
            "mJ": round(1e3 * (device.joules_per_inference.total or 0.0), 4),
            "metrics": run.metrics if isinstance(run.metrics, dict) else {},
        }
    return rows


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that compute meanwhile."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_compute, daemon=True) for _ in range(processes)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _compute() -> None:
    numbers = np.random.default_rng(0).random(100_000)
    while True:
        np.sort(numbers)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("model", "test", "train"):
        parser.add_argument(name, type=Path)
    parser.add_argument("task", choices=("classification", "segmentation"))
    parser.add_argument("--images", type=int)
    parser.add_argument("--busy", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    subject, original = subject_of(options)
    found: dict[str, object] = {"model": options.model.name, "processor": processor_name(), "original": original}
    for name in ("first", "second"):
        found[name] = rows_of(subject)
    with busy(options.busy):
        found[f"beside {options.busy} busy processes"] = rows_of(subject)
    text = json.dumps({**found, "finished": now()}, indent=1)
    print(markdown(json.loads(text)))
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
