"""Arrays in files: what has been read of them does not stay in memory."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from convert.data.dataset import open_data

STATUS = Path("/proc/self/status")


@pytest.mark.skipif(not STATUS.exists(), reason="what of files is in memory is told by Linux only")
def test_images_that_were_read_are_let_go(tmp_path):
    x = np.random.default_rng(0).random((96, 256, 256, 1), np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=np.zeros((96, 256, 256), np.uint8))
    before = _of_files()
    data = open_data(tmp_path / "data.npz", input_shape=(256, 256, 1), target_shape=(256, 256, 1), task="segmentation")
    np.testing.assert_array_equal([data.image(i) for i in range(96)], x)
    assert not any(data.label(i).any() for i in range(96))
    assert _of_files() - before < x.nbytes / 4
    np.testing.assert_array_equal(data.image(5), x[5])


def _of_files() -> int:
    found = re.search(r"RssFile:\s+(\d+) kB", STATUS.read_text())
    assert found is not None
    return 1024 * int(found[1])
