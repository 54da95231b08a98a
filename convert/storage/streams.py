"""Arrays that are written to a .npz file, and read from it, a part at a time: memory holds one part of one array."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


@dataclass(frozen=True)
class Rows:
    """An array to be: so many rows, all of one shape and type, made when they are asked for."""

    count: int
    each: Iterable[Array]


def write_rows(path: Path, arrays: Mapping[str, Rows]) -> None:
    """Writes what ``numpy.savez_compressed`` would write of the same arrays, which are never whole."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for name, rows in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                _write(file, rows)


def _write(file: IO[bytes], rows: Rows) -> None:
    each = iter(rows.each)
    first = np.asarray(next(each))
    header = {
        "descr": np.lib.format.dtype_to_descr(first.dtype),
        "fortran_order": False,
        "shape": (rows.count, *first.shape),
    }
    np.lib.format.write_array_header_1_0(file, header)
    written = 0
    for row in chain([first], each):
        array = np.asarray(row)
        assert (array.shape, array.dtype) == (first.shape, first.dtype), "rows of one array are alike"
        file.write(array.tobytes())
        written += 1
    assert written == rows.count, f"{written} rows, {rows.count} were promised"


def read_rows(path: Path, name: str, count: int) -> Array:
    """The first ``count`` rows, or all if there are fewer, of the array ``name`` in the .npz file ``path``.

    Raises what ``DAMAGED`` names for a file that is none, ``KeyError`` if it has no such array.
    """
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read_header(file)
        if dtype.hasobject:
            raise ValueError("an array of Python objects")
        if fortran or not shape:
            with np.load(path, allow_pickle=False) as arrays:
                return np.asarray(arrays[name][:count])
        rows = (min(count, shape[0]), *shape[1:])
        size = int(np.prod(rows, dtype=np.int64)) * dtype.itemsize
        data = file.read(size)
        if len(data) < size:
            raise ValueError(f"{name} ends after {len(data)} of {size} bytes")
        return np.frombuffer(data, dtype).reshape(rows)


def names_in(path: Path) -> set[str]:
    """The names of the arrays in the .npz file ``path``."""
    with zipfile.ZipFile(path) as archive:
        return {member.removesuffix(".npy") for member in archive.namelist()}
