"""The exact fast emulator: nengo_loihi's spikes, compiled once for a network and its partition.

``compile_network(network, partition)`` makes a ``Program``, ``drives_hz(network, images)`` what the host neurons are
driven with, ``run(program, drives, steps)`` the spikes. Importing this package loads neither Numba nor nengo_loihi.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compile import compile_network as compile_network
    from .encode import drives_hz as drives_hz
    from .execute import run as run
    from .execute import stream as stream
    from .from_model import FlatModel as FlatModel
    from .from_model import flatten_model as flatten_model
    from .from_model import run_model as run_model
    from .program import Program as Program
    from .results import ImageResult as ImageResult
    from .results import LayerCounts as LayerCounts
    from .results import Spikes as Spikes
    from .results import State as State

_HOME = {
    "compile_network": "compile",
    "drives_hz": "encode",
    "FlatModel": "from_model",
    "flatten_model": "from_model",
    "run_model": "from_model",
    "Program": "program",
    "ImageResult": "results",
    "LayerCounts": "results",
    "Spikes": "results",
    "State": "results",
    "run": "execute",
    "stream": "execute",
}

__all__ = [
    "FlatModel",
    "ImageResult",
    "LayerCounts",
    "Program",
    "Spikes",
    "State",
    "compile_network",
    "drives_hz",
    "flatten_model",
    "run",
    "run_model",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value
