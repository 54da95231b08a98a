"""The first images of a run with their labels and answers, as pictures."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.data.metrics import class_map
from convert.errors import UserError
from convert.report import Task
from convert.storage.archives import require_no_bomb
from convert.storage.streams import names_in, read_rows
from deploy.arrays import Float32, UInt8
from deploy.report.read import RecordedRun
from deploy.runs.folder import OUTPUTS

from .pictures import as_picture, image_uri

SHOWN_IMAGES = 3
FEW = 3
"""Up to so many numbers of an output are written, more are drawn."""

KEYS = {"ANN": "ann", "SNN": "outputs"}

Answers = Mapping[str, Float32]
"""What the ANN, if there is one, and the SNN give for one image."""


@dataclass(frozen=True)
class Example:
    """An image with its label and answers: a title, and pictures as (caption, data URI); ``tinted`` if classes are."""

    title: str
    pictures: list[tuple[str, str]]
    tinted: bool = False


def examples_of(run: RecordedRun) -> list[Example]:
    """The first images with their label, the ANN's answer, if there is one, and the SNN's."""
    path = run.folder / OUTPUTS
    shown = shown_in(path) if path.is_file() else {}
    if not {"images", "labels", "outputs"} <= shown.keys():
        return []
    images, labels = shown["images"], shown["labels"]
    answers = {name: shown[key] for name, key in KEYS.items() if key in shown}
    make = EXAMPLES[run.result.task or ("classification" if labels.ndim < 3 else "segmentation")]
    return [make(i, image, labels[i], {name: a[i] for name, a in answers.items()}) for i, image in enumerate(images)]


def shown_in(path: Path) -> dict[str, Float32]:
    """The first rows of the arrays in an outputs.npz. Raises ``UserError`` for a file that is damaged."""
    try:
        require_no_bomb(path)
        names = names_in(path) & {*KEYS.values(), "images", "labels"}
        return {name: np.asarray(read_rows(path, name, SHOWN_IMAGES)) for name in names}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, KeyError) as error:
        raise UserError(f"{path} is damaged ({error}); run deploy-model again") from error


def _class_example(i: int, image: Float32, label: Float32, answers: Answers) -> Example:
    best = "".join(f", {name} {_class_of(scores)}" for name, scores in answers.items())
    return Example(f"Image {i}: label {int(label)}{best}", [("image", image_uri(as_picture(image)))])


def _map_example(i: int, image: Float32, label: Float32, answers: Answers) -> Example:
    maps: dict[str, Float32 | UInt8] = {"label": label, **{name: class_map(answer) for name, answer in answers.items()}}
    title = f"Image {i}"
    if "ANN" in maps:
        title += f": ANN and SNN agree on {float(np.mean(maps['ANN'] == maps['SNN'])):.1%} of the pixels"
    pictures = [(name, image_uri(image, classes)) for name, classes in maps.items()]
    return Example(title, [("image", image_uri(image)), *pictures], tinted=True)


def _numbers_example(i: int, image: Float32, label: Float32, answers: Answers) -> Example:
    wanted = np.ravel(label)
    shown = [("image", image_uri(as_picture(image)))]
    if len(wanted) <= FEW:
        values = {"label": wanted, **{name: np.ravel(answer) for name, answer in answers.items()}}
        written = [f"{name} {', '.join(f'{v:.3g}' for v in value)}" for name, value in values.items()]
        return Example(f"Image {i}: {'; '.join(written)}", shown)
    if not np.array_equal(wanted, np.ravel(image)):
        shown.append(("label", image_uri(as_picture(label))))
    shown += [(name, image_uri(as_picture(answer))) for name, answer in answers.items()]
    return Example(f"Image {i}: {_errors(wanted, answers)}", shown)


def _anomaly_example(i: int, image: Float32, label: Float32, answers: Answers) -> Example:
    same = {name: answer.reshape(image.shape) for name, answer in answers.items()}
    shown = [(name, image_uri(as_picture(values))) for name, values in {"image": image, **same}.items()]
    kind = "an anomaly" if label else "normal"
    return Example(f"Image {i}, {kind}: {_errors(np.ravel(image), answers)}", shown)


def _errors(wanted: Float32, answers: Answers) -> str:
    errors = {name: float(np.mean((np.ravel(answer) - wanted) ** 2)) for name, answer in answers.items()}
    return "mean squared error " + ", ".join(f"{name} {error:.3g}" for name, error in errors.items())


def _class_of(scores: Float32) -> int:
    flat = np.reshape(scores, -1)
    return int(flat[0] >= 0.5) if len(flat) == 1 else int(flat.argmax())


EXAMPLES: dict[Task, Callable[[int, Float32, Float32, Answers], Example]] = {
    "classification": _class_example,
    "segmentation": _map_example,
    "regression": _numbers_example,
    "anomaly": _anomaly_example,
}
