"""Finished images of an unfinished run, one file each, so that a killed run can go on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from convert.bundle import NETWORK
from convert.errors import UserError
from convert.storage.atomic import whole_file
from deploy.arrays import Float32, Int64
from deploy.events.counts import LayerCounts


@dataclass(frozen=True)
class ImageResult:
    """One dataset image: outputs (readout steps, ...) and the counts summed over its crops.

    ``until`` has the events before each readout, shape (readout steps, layers, EVENTS); empty if not counted.
    """

    outputs: Float32
    layers: dict[str, LayerCounts]
    crops: int
    until: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))


class RunCheckpoint:
    """The finished images of an unfinished run, in ``folder``; with another ``signature`` it is started anew.

    Raises ``UserError`` where the folder cannot be written.
    """

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
        """Whether image ``i`` is done, and what was written of it can be read."""
        try:
            self.read(i)
        except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile):
            return False
        return True

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


def signature(
    bundle: Path, data_path: str | Path, indices: Int64, options: Mapping[str, str | int | float | None]
) -> str:
    """What a run depends on: with another signature an unfinished run is not continued."""
    digest = hashlib.sha256((bundle / NETWORK).read_bytes())
    digest.update((bundle / "partition.json").read_bytes())
    digest.update(json.dumps([dict(options), str(Path(data_path).resolve()), indices.tolist()]).encode())
    return digest.hexdigest()
