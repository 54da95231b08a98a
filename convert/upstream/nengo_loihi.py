"""NengoLoihi 1.1 on today's numpy, without TensorFlow, and with transposed convolutions where nengo has them.

Workarounds until a new upstream release:

- NengoLoihi calls ``np.array(..., copy=False)``, which numpy 2 refuses; its two modules see ``copy=None`` instead. It
  reads ``.events`` files with ``np.fromstring``, which is gone; its module sees ``np.frombuffer``.
- It lays a transposed 'same' convolution that is larger than nengo's default up to ``stride - 1`` pixels up and left of
  nengo and Keras, and cannot crop one; ``transposed_same`` has the right weights.
- It cannot number a core's axons where the last one of a synapse reaches nothing, as at the border of a strided layer;
  ``_add_synapse`` counts on from the last one that has a number.
- It starts TensorFlow, to let NengoDL build its neuron types, which nothing here uses; it is imported as if TensorFlow
  were not installed, and deploy-model starts in seconds less.
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .quiet import quiet
from .transposed_same import transposed_weights
from .types import LoihiObject, Module, NengoObject


@functools.cache
def load_nengo_loihi() -> Module:
    """The package ``nengo_loihi``, with the workarounds."""
    with _absent("tensorflow", "nengo_dl"), quiet():
        nengo_loihi = importlib.import_module("nengo_loihi")
    for name in ("nengo_loihi.block", "nengo_loihi.dvs", "nengo_loihi.neurons"):
        importlib.import_module(name).np = _OlderNumpy()  # type: ignore[attr-defined]
    connection: Module = importlib.import_module("nengo_loihi.builder.connection")
    stock = connection.conv2d_loihi_weights

    def weights(transform: NengoObject) -> LoihiObject:
        transposed = type(transform).__name__.endswith("ConvolutionTranspose")
        own = transposed and (transform.padding == "same" or hasattr(transform, "crop"))
        return transposed_weights(transform) if own else stock(transform)

    connection.conv2d_loihi_weights = weights
    hardware: Module = importlib.import_module("nengo_loihi.hardware.nxsdk_objects")
    hardware.Core.add_synapse = _add_synapse
    return nengo_loihi


def _add_synapse(core: LoihiObject, synapse: LoihiObject) -> None:
    """Gives each axon of ``synapse`` that reaches something a number on ``core``, and its weights a place there."""
    core.synapse_cfg_idxs[synapse] = core.get_synapse_cfg_idx(synapse.synapse_cfg)
    step = synapse.idxs_per_synapse()
    free = 0
    for before, numbers in core.synapse_axons.items():
        free = max([free, *(n + before.idxs_per_synapse() for n in numbers if n is not None)])
    axons: list[int | None] = []
    for i in range(synapse.n_axons):
        reaches = synapse.axon_compartment_base(i) is not None and synapse.axon_weights_indices(i)[0].size > 0
        axons.append(free if reaches else None)
        free += step if reaches else 0
    core.synapse_axons[synapse] = axons
    core.board.index_synapse(synapse, core.chip, core, axons)
    begin = max((end for _, end in core.synapse_entries.values()), default=0)
    core.synapse_entries[synapse] = (begin, begin + synapse.size())


@contextmanager
def _absent(*names: str) -> Iterator[None]:
    """Those of the modules ``names`` that are not loaded yet cannot be imported, as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


class _OlderNumpy(types.ModuleType):
    """numpy, whose ``array(copy=False)`` means "copy if needed" and whose ``fromstring`` reads bytes, as before 2.3."""

    def __init__(self) -> None:
        super().__init__("numpy")

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def array(*args: Any, copy: bool | None = True, **kwargs: Any) -> Any:
        return np.array(*args, copy=copy or None, **kwargs)

    @staticmethod
    def fromstring(data: bytes, dtype: Any) -> Any:
        return np.frombuffer(data, dtype)
