"""Archives that would unpack to far more than they are: refused before memory is taken for them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib.npyio import NpzFile

SMALL_BYTES = 2**28
"""What unpacks to less is taken, however small it was."""
LARGEST_RATIO = 100
"""Arrays of numbers that say something are packed to more than a hundredth; zeros to a thousandth."""
LOCAL_HEADER_BYTES = 30


def is_bomb(unpacked_bytes: int, packed_bytes: int) -> bool:
    """Whether so much in so little is no data of anybody's."""
    return unpacked_bytes > SMALL_BYTES and unpacked_bytes > LARGEST_RATIO * max(packed_bytes, 1)


def require_no_bomb(path: Path) -> None:
    """Raises ``ValueError`` for a zip file that unpacks to far more than it is, by what it says of itself.

    More than it says of itself is not read from it.
    """
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
    if is_bomb(unpacked, packed := path.stat().st_size):
        raise ValueError(f"{packed:,} bytes that would unpack to {unpacked:,}, more than {LARGEST_RATIO} times as many")


@contextmanager
def arrays_in(path: Path) -> Iterator[NpzFile]:
    """The arrays in the .npz file ``path``, without pickles. Raises what numpy does, and ``ValueError`` for a bomb."""
    require_no_bomb(path)
    with np.load(path, allow_pickle=False) as arrays:
        yield arrays


def stored_at(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Where the contents of a member begin in the archive ``file``."""
    file.seek(info.header_offset)
    header = file.read(LOCAL_HEADER_BYTES)
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return info.header_offset + LOCAL_HEADER_BYTES + lengths


class Part(io.RawIOBase):
    """``size`` bytes of ``file`` from ``begin`` on, as a file."""

    def __init__(self, file: IO[bytes], begin: int, size: int) -> None:
        super().__init__()
        self._file, self._begin, self._size, self._at = file, begin, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._begin + self._at)
        found = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)
