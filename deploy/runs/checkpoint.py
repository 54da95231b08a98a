"""Finished images of an unfinished run, one file each, so that a killed run can go on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from glob import escape
from pathlib import Path

import numpy as np

from convert.bundle import NETWORK, PARTITION
from convert.data.dataset import Dataset
from convert.data.labels import Labels
from convert.errors import UserError
from convert.storage.atomic import NOTES, whole_file
from convert.storage.damage import DAMAGED
from convert.storage.locks import in_use, locked
from deploy.arrays import Float32, Int64
from deploy.events.busiest import BUSIEST
from deploy.events.counts import EVENTS, LayerCounts


@dataclass(frozen=True)
class ImageResult:
    """One dataset image: outputs (readout steps, ...) and the counts summed over its crops.

    ``until`` has the events before each readout, shape (readout steps, layers, EVENTS), ``busiest`` those of the
    busiest cores, shape (readout steps, PIPELINES, BUSIEST); empty if not counted.
    """

    outputs: Float32
    layers: dict[str, LayerCounts]
    crops: int
    until: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    busiest: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class RunCheckpoint:
    """The finished images of an unfinished run, in ``folder``."""

    folder: Path

    def has(self, i: int) -> bool:
        """Whether image ``i`` is done, and what was written of it can be read."""
        try:
            self.read(i)
        except DAMAGED:
            return False
        return True

    def write(self, i: int, result: ImageResult) -> None:
        layers = json.dumps({name: asdict(counts) for name, counts in result.layers.items()})
        with whole_file(self.folder / f"{i}.npz") as beside:
            arrays = {"outputs": result.outputs, "until": result.until, "busiest": result.busiest}
            np.savez(beside, layers=layers, crops=result.crops, **arrays)  # type: ignore[arg-type]

    def read(self, i: int) -> ImageResult:
        with np.load(self.folder / f"{i}.npz") as data:
            layers = {name: LayerCounts(**row) for name, row in json.loads(str(data["layers"])).items()}
            return ImageResult(data["outputs"], layers, int(data["crops"]), data["until"], data["busiest"])


@contextmanager
def unfinished(run: Path, signature: str, *, wait: bool = False) -> Iterator[RunCheckpoint]:
    """The checkpoint of the run that is to lie in the folder ``run``, whose name and ``signature`` it has.

    When the block ends without an error it is removed, and with it those of the same name that nobody works on. Raises
    ``UserError`` where it cannot be written, and if another command is at it, unless it is to ``wait`` for that one.
    """
    folder = run.with_name(f".{run.name}.{signature[:16]}.unfinished")
    with _kept_unless_empty(folder, wait):
        yield RunCheckpoint(folder)
        shutil.rmtree(folder, ignore_errors=True)
    for other in run.parent.glob(f".{escape(run.name)}.*unfinished"):
        if not in_use(other):
            shutil.rmtree(other, ignore_errors=True)
            NOTES.info("removed %s, an unfinished run of that name on other data or with other options", other)


@contextmanager
def _kept_unless_empty(folder: Path, wait: bool) -> Iterator[None]:
    """Makes and locks ``folder``; without an image in it, it goes again."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}; choose a bundle you may write to") from error
    try:
        with locked(folder, wait=wait):
            yield
    finally:
        with suppress(OSError):  # not empty
            folder.rmdir()
            folder.parent.rmdir()


def signature(bundle: Path, dataset: Dataset, labels: Labels, options: Mapping[str, str | int | float | None]) -> str:
    """What a run depends on: the network, its partition, the images and labels, the options; and what is counted."""
    digest = hashlib.sha256((bundle / NETWORK).read_bytes())
    digest.update((bundle / PARTITION).read_bytes())
    digest.update(json.dumps([dict(options), dataset.digest(labels), EVENTS, BUSIEST]).encode())
    return digest.hexdigest()
