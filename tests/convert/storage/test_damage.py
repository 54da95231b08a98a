"""Files that are damaged, and memory that is too little for files that are not."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from convert.bundle import load_rates, save_rates
from convert.errors import UserError
from convert.storage.damage import too_little_memory
from tests.builders.paths import ROOT


def test_a_size_that_was_never_true_is_damage(tmp_path):
    file = tmp_path / "a.npy"
    file.write_bytes(bytes(100))
    with pytest.raises(MemoryError) as caught:
        np.zeros((2**50,), np.float64)
    assert not too_little_memory(caught.value, file)
    assert too_little_memory(MemoryError(), file)
    assert not too_little_memory(ValueError(), file)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of address space")
def test_a_bundle_for_which_memory_is_too_little_is_not_damaged(tmp_path):
    save_rates({"a": np.zeros(2**26 - 1000, np.float32)}, tmp_path / "rates.npz")
    code = (
        "import resource, numpy\nfrom convert.bundle import load_rates\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**27, used + 2**27))\n"
        f"load_rates({str(tmp_path)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "MemoryError" in done.stderr.splitlines()[-1]
    assert "damaged" not in done.stderr


def test_rates_that_are_none_are_damaged(tmp_path):
    (tmp_path / "rates.npz").write_bytes(b"no archive")
    with pytest.raises(UserError, match="is damaged"):
        load_rates(tmp_path)
