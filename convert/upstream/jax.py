"""JAX, loaded when it is first needed, for it takes a second; few have it."""

from __future__ import annotations

import functools
import importlib
import os
from pathlib import Path

from convert.left_out import installed
from convert.upstream.types import Module

DEVICES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")
"""Of NVIDIA's driver, of Windows' for Linux, of AMD's."""


@functools.cache
def load_jax() -> Module:
    """JAX, which takes a GPU's memory as it needs it: TensorFlow may be there, too."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    return importlib.import_module("jax")


@functools.cache
def has_gpu() -> bool:
    """Whether JAX, if it is installed, sees a GPU; it is loaded only where a driver has left a device."""
    if not installed("jax") or not any(Path(device).exists() for device in DEVICES):
        return False
    return bool(load_jax().default_backend() == "gpu")
