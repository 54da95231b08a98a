"""Dense tensors of JAX, in a process of their own: other tests load TensorFlow, which need not bear it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

CASES = Path(__file__).with_name("dense_engine_cases.py")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("jax") is None, reason="needs ann2loihi[gpu]")
def test_they_give_what_the_compiled_loops_give():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CASES)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CASES.parents[3], check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout or "[100%]" in done.stdout
