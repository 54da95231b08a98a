"""``freeze_attention``: a Keras model with masks that depend on the image in, the same with their means out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convert.data.dataset import Dataset, open_data, require_layout
from convert.data.evaluate import predict, score, targets
from convert.errors import UserError, noting, tell
from convert.report import Metrics
from convert.storage.atomic import keep_file, whole_file

if TYPE_CHECKING:
    from convert.upstream.types import Model

IMAGES = 256
"""On which masks are looked at, and metrics measured."""


@dataclass(frozen=True)
class FrozenMask:
    """The mask of a product ``layer``: its ``shape``, the ``least`` and ``most`` of its means over images, and what is
    ``dropped``, by how much it differs from image to image (root mean square, over that of the means)."""

    layer: str
    shape: tuple[int, ...]
    least: float
    most: float
    dropped: float

    def __str__(self) -> str:
        size = " x ".join(map(str, self.shape))
        return (
            f"{self.layer}: a mask of {size}, fixed at its means, {self.least:.3g} to {self.most:.3g}; from image to "
            f"image it differs by {self.dropped:.1%} of them, which is dropped"
        )


@dataclass(frozen=True)
class Frozen:
    """What was frozen, and how good the model is ``before`` and ``after`` on the ``images`` it was looked at."""

    masks: tuple[FrozenMask, ...]
    before: Metrics
    after: Metrics
    images: int


def freeze_attention(model_path: str | Path, data_path: str | Path, file: str | Path, *, force: bool = False) -> Frozen:
    """Writes the model in ``model_path`` to ``file`` (.keras), each mask at its mean over the images of ``data_path``.

    Raises ``UserError``; nothing is written then.
    """
    from convert.frontends.keras.attention import masks_on, products_of, with_fixed_masks
    from convert.frontends.keras.reading.files import read_model, require_there
    from convert.frontends.keras.save import save_model

    model_path, data_path, file = Path(model_path), Path(data_path), Path(file)
    problems = (
        [] if file.suffix.lower() == ".keras" else [f"{file}: models are written as .keras; choose a name that ends so"]
    )
    with noting(problems):
        keep_file(file, force=force)
    with noting(problems):
        require_there(model_path)
    with noting(problems):
        require_layout(data_path)
    tell(problems)
    model = read_model(model_path)
    products = products_of(model)
    if not products:
        raise UserError(
            f"{model_path.name} has no product whose one side is a mask (Multiply of a tensor with a smaller one, or "
            "with a sigmoid or softmax); what multiplies otherwise can run on the host: convert-model --host-from LAYER"
        )
    data = _data(model, model_path, data_path)
    images = np.stack([data.image(i) for i in range(len(data))])
    seen = masks_on(model, products, images)
    fixed = with_fixed_masks(model, {p.layer: (p.weighed, m.mean(axis=0)) for p, m in zip(products, seen, strict=True)})
    with whole_file(file) as beside:
        named = beside.with_name(f"{beside.name}.keras")  # Keras goes by the ending
        save_model(fixed, named)
        named.replace(beside)
    found = tuple(_described(p.layer, m) for p, m in zip(products, seen, strict=True))
    return Frozen(found, _metrics(model, data), _metrics(fixed, data), len(data))


def _data(model: Model, model_path: Path, data_path: Path) -> Dataset:
    """The first images of the data for ``model``."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"{model_path.name} has {len(model.inputs)} inputs and {len(model.outputs)} outputs; only masks of a model "
            "of one each are frozen"
        )
    given, made = (tuple(tensor.shape)[1:] for tensor in (model.inputs[0], model.outputs[0]))
    if None in given or None in made:
        raise UserError(f"{model_path.name} takes {given}, an open shape; build it with a fixed input size")
    data = open_data(data_path, input_shape=given, target_shape=made)
    if data.image(0).shape != given:
        raise UserError(f"{data_path.name}: images of {data.image(0).shape}, the model takes {given}; cut them to that")
    return data.subset(np.linspace(0, len(data) - 1, min(IMAGES, len(data))).astype(np.int64))


def _described(layer: str, masks: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> FrozenMask:
    mean = masks.mean(axis=0)
    dropped = np.sqrt(np.mean((masks - mean) ** 2) / max(float(np.mean(mean**2)), 1e-30))
    return FrozenMask(layer, masks.shape[1:], float(mean.min()), float(mean.max()), float(dropped))


def _metrics(model: Model, data: Dataset) -> Metrics:
    def predictor(
        images: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.asarray(model(images, training=False), np.float32)

    shape = tuple(model.inputs[0].shape)[1:]
    return score(data.task, predict(predictor, data, range(len(data)), (*shape, 1, 1)[:3]), targets(data))
