"""JAX, loaded when it is first needed, for it takes a second; few have it."""

from __future__ import annotations

import functools
import importlib
import os

from convert.left_out import installed
from convert.upstream.types import Module


@functools.cache
def load_jax() -> Module:
    """JAX, which takes a GPU's memory as it needs it: TensorFlow may be there, too."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    return importlib.import_module("jax")


@functools.cache
def has_gpu() -> bool:
    """Whether JAX, if it is installed, sees a GPU."""
    return installed("jax") and bool(load_jax().default_backend() == "gpu")
