"""One model with random weights, and random data of its size: ``python -m benchmarks.models.make NAME FOLDER``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

IMAGES = 12
"""Four for calibration, eight to measure rates on."""


def main(name: str, folder: Path) -> None:
    """Writes model.keras, data.npz and what the model is: info.json."""
    from .all import RECIPES, keras_of

    found = RECIPES[name]
    keras_of(found).utils.set_random_seed(0)
    model = found.build()
    randomise(model, np.random.default_rng(0))
    model.save(folder / "model.keras")
    shape, output = _shape(model.inputs[0]), _shape(model.outputs[0])
    pooled = any(type(layer).__name__ == "MaxPooling2D" for layer in layers_of(model))
    info = {"parameters": int(model.count_params()), "input": shape, "inputs": len(model.inputs), "max_pooling": pooled}
    (folder / "info.json").write_text(json.dumps(info))
    np.savez(folder / "data.npz", **random_data((*shape[:-1], shape[-1] * len(model.inputs)), output))


def randomise(model: Any, rng: np.random.Generator) -> None:
    """Statistics of batch normalization as training might leave them, slopes of PReLUs, biases."""
    draws = (
        lambda shape: rng.uniform(0.5, 1.5, shape),
        lambda shape: rng.normal(0, 0.2, shape),
        lambda shape: rng.normal(0, 0.3, shape),
        lambda shape: rng.uniform(0.3, 1.5, shape),
    )
    for layer in layers_of(model):
        kind, weights = type(layer).__name__, layer.get_weights()
        if kind == "BatchNormalization":
            kept = [draw for draw, there in zip(draws, (layer.scale, layer.center, True, True), strict=True) if there]
            layer.set_weights([draw(w.shape) for draw, w in zip(kept, weights, strict=True)])
        elif kind == "PReLU":
            layer.set_weights([rng.uniform(0.05, 0.4, w.shape) for w in weights])
        elif getattr(layer, "use_bias", False) and weights and weights[-1].ndim == 1:
            layer.set_weights([*weights[:-1], rng.normal(0, 0.1, weights[-1].shape)])


def layers_of(model: Any) -> Iterator[Any]:
    """All layers, those of nested models too."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from layers_of(layer)
        else:
            yield layer


def random_data(shape: tuple[int, ...], output: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Images of coarse noise and random labels: classes, or class maps where the output is a map."""
    rng = np.random.default_rng(1)
    rows, columns = shape[0], shape[1]
    coarse = rng.uniform(0, 255, (IMAGES, -(-rows // 4), -(-columns // 4), *shape[2:]))
    coarse = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :rows, :columns]
    images = (0.7 * coarse + 0.3 * rng.uniform(0, 255, coarse.shape)).astype(np.uint8)
    places = (IMAGES, *output[:2]) if len(output) == 3 else (IMAGES,)
    return {"x": images, "y": rng.integers(0, max(output[-1], 2), places).astype(np.uint8)}


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape[1:])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
