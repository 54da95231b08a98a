"""Finished images of an unfinished run, one file each, so that a killed run can go on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.bundle import NETWORK
from convert.errors import UserError
from convert.storage.atomic import whole_file
from deploy.targets.registry import LayerCounts


@dataclass(frozen=True)
class ImageResult:
    """One dataset image: outputs (checkpoints, ...) and the counts summed over its crops.

    ``until`` has the events before each checkpoint, shape (checkpoints, layers, EVENTS); empty if not counted.
    """

    outputs: NDArray[np.float32]
    layers: dict[str, LayerCounts]
    crops: int
    until: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


class Parts:
    """The folder of an unfinished run; with another ``signature`` it is started anew. Raises ``UserError``."""

    def __init__(self, folder: Path, signature: str) -> None:
        self.folder = folder
        try:
            if not folder.exists() or (folder / "signature").read_text() != signature:
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                (folder / "signature").write_text(signature)
        except OSError as error:
            raise UserError(f"cannot write {folder}: {error.strerror}; choose a bundle you may write to") from error

    def has(self, i: int) -> bool:
        return (self.folder / f"{i}.npz").exists()

    def write(self, i: int, result: ImageResult) -> None:
        layers = json.dumps({name: asdict(counts) for name, counts in result.layers.items()})
        with whole_file(self.folder / f"{i}.npz") as beside:
            np.savez(beside, outputs=result.outputs, layers=layers, crops=result.crops, until=result.until)

    def read(self, i: int) -> ImageResult:
        with np.load(self.folder / f"{i}.npz") as data:
            layers = {name: LayerCounts(**row) for name, row in json.loads(str(data["layers"])).items()}
            return ImageResult(data["outputs"], layers, int(data["crops"]), data["until"])

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def signature(bundle: Path, data_path: str | Path, indices: NDArray[np.int64], options: dict[str, Any]) -> str:
    """What a run depends on: with another signature an unfinished run is not continued."""
    digest = hashlib.sha256((bundle / NETWORK).read_bytes())
    digest.update((bundle / "partition.json").read_bytes())
    digest.update(json.dumps([options, str(Path(data_path).resolve()), indices.tolist()]).encode())
    return digest.hexdigest()


def summed(counts: Sequence[LayerCounts]) -> LayerCounts:
    """The events of several inputs; None where one did not count them."""

    def total(name: str) -> Any:
        values = [getattr(c, name) for c in counts]
        return None if None in values else sum(values)

    return LayerCounts(**{name: total(name) for name in LayerCounts.__dataclass_fields__})
