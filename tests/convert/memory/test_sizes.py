"""Bytes as people write them."""

from __future__ import annotations

import pytest

from convert.memory.sizes import bytes_in, in_words


@pytest.mark.parametrize(
    ("text", "size"),
    [("4G", 2**32), ("512M", 2**29), ("1.5 GiB", 3 * 2**29), ("100", 100), ("2e9", 2 * 10**9), ("3kb", 3 * 2**10)],
)
def test_sizes_are_read(text, size):
    assert bytes_in(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1G", "0", "4X", "nan", "1e999", "4 G B", "0x10"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="is no size of memory; write it as 4G or 512M"):
        bytes_in(text)


def test_sizes_are_written():
    assert [in_words(size) for size in (1, 340 * 2**20, 1.234 * 2**30, 12.34 * 2**30)] == [
        "1 MiB",
        "340 MiB",
        "1.23 GiB",
        "12.3 GiB",
    ]
