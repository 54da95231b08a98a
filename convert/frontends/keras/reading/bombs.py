"""Model files whose weights would unpack to far more than the file is."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from convert.storage.archives import Part, is_bomb, require_no_bomb, stored_at
from convert.storage.damage import DAMAGED

WEIGHTS = "model.weights.h5"


def bomb_in(path: Path) -> str | None:
    """Why the model file ``path`` is not to be read into memory; None if nothing stands against that.

    A file that is damaged is left to the reader, who says so.
    """
    try:
        if zipfile.is_zipfile(path):
            return _bomb_in_zip(path)
        return _bomb_in_hdf5(path) if path.is_file() else None
    except DAMAGED:
        return None


def _bomb_in_zip(path: Path) -> str | None:
    try:
        require_no_bomb(path)
    except ValueError as error:
        return str(error)
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        if WEIGHTS not in archive.namelist():
            return None
        info = archive.getinfo(WEIGHTS)
        if info.compress_type != zipfile.ZIP_STORED:
            return _bomb_in_hdf5(io.BytesIO(archive.read(info)))
        return _bomb_in_hdf5(io.BufferedReader(Part(file, stored_at(file, info), info.file_size)))


def _bomb_in_hdf5(file: Path | io.BufferedIOBase) -> str | None:
    """HDF5 keeps arrays in compressed chunks, and chunks that were never written not at all."""
    import h5py

    found: list[str] = []

    def look(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and is_bomb(item.nbytes, item.id.get_storage_size()):
            found.append(
                f"array {name!r} has {item.id.get_storage_size():,} bytes that would unpack to {item.nbytes:,}"
            )

    with h5py.File(file, "r") as opened:
        opened.visititems(look)
    return found[0] if found else None
