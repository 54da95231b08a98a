"""The one file that knows how NengoDL and NengoLoihi meet today's TensorFlow and numpy.

Three mends, each undone by nothing but a new upstream release:

1. NengoDL 3.6 imports private names of the Keras 2 that TensorFlow < 2.13 shipped. The package ``tf-keras`` still has
   them; they are lent under the old names while NengoDL is imported, so that ``import keras`` goes on to mean Keras 3.
2. NengoLoihi 1.1 calls ``np.array(..., copy=False)``, which numpy 2 refuses; its two modules see ``copy=None`` instead.
3. NengoLoihi 1.1 lays a transposed 'same' convolution ``stride - 1`` pixels up and left of nengo and Keras.

NengoLoihi also starts TensorFlow, to let NengoDL build its own neuron types; nothing here uses those, so it is imported
as if TensorFlow were not installed, and deploy-model starts in seconds less.
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np

from .quiet import _quiet


@functools.cache
def load_nengo_loihi() -> Any:
    """NengoLoihi (mends 2 and 3), without TensorFlow, which it would load for what nothing here needs."""
    with _absent("tensorflow", "nengo_dl"), _quiet():
        nengo_loihi = importlib.import_module("nengo_loihi")
    for name in ("nengo_loihi.block", "nengo_loihi.neurons"):
        importlib.import_module(name).np = _NumpyWithOldCopy()  # type: ignore[attr-defined]
    connection: Any = importlib.import_module("nengo_loihi.builder.connection")
    stock = connection.conv2d_loihi_weights

    def mended(transform: Any) -> Any:
        transposed_same = type(transform).__name__ == "ConvolutionTranspose" and transform.padding == "same"
        return transposed_same_weights(transform) if transposed_same else stock(transform)

    connection.conv2d_loihi_weights = mended
    return nengo_loihi


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


class _NumpyWithOldCopy(types.ModuleType):
    """numpy, whose ``array(copy=False)`` means "copy if needed" as it did before numpy 2."""

    def __init__(self) -> None:
        super().__init__("numpy")

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def array(*args: Any, copy: bool | None = True, **kwargs: Any) -> Any:
        return np.array(*args, copy=copy or None, **kwargs)


def transposed_same_weights(transform: Any) -> tuple[list[Any], list[Any], Any, Any]:
    """Weights, indices, axon -> weights map and axon bases of a transposed 'same' convolution, channels last.

    What ``nengo_loihi.conv.conv2d_loihi_weights`` returns, with source pixel (i, j) at target (i, j) * stride - offset,
    offset = max(size - stride, 0) // 2 (as Keras has it). Bases stay below 256: the rest goes into the indices.
    """
    assert transform.channels_last, "what this project builds is laid out channels last"
    (rows_in, columns_in), channels = transform.input_shape.spatial_shape, transform.input_shape.n_channels
    rows_out, columns_out = transform.output_shape.spatial_shape
    kernel = np.transpose(transform.init, (2, 0, 1, 3))
    offset = [max(size - stride, 0) // 2 for size, stride in zip(transform.kernel_size, transform.strides, strict=True)]
    taps = [np.arange(size) for size in transform.kernel_size]
    weights: list[Any] = []
    indices: list[Any] = []
    known: dict[Any, int] = {}
    weight_of_axon = np.zeros(rows_in * columns_in, dtype=np.int32)
    base_of_axon = np.zeros(rows_in * columns_in, dtype=np.int32)
    for axon, (i, j) in enumerate(product(range(rows_in), range(columns_in))):
        y = i * transform.strides[0] - offset[0] + taps[0]
        x = j * transform.strides[1] - offset[1] + taps[1]
        in_y, in_x = (y >= 0) & (y < rows_out), (x >= 0) & (x < columns_out)
        if not (in_y.any() and in_x.any()):
            base_of_axon[axon] = -1
            continue
        first = (y[in_y][0] * columns_out + x[in_x][0]) * transform.n_filters
        base_of_axon[axon] = first % 256
        key = (tuple(in_y), tuple(in_x), first - first % 256)
        if key not in known:
            known[key] = len(weights)
            pixels = (np.arange(in_y.sum())[:, None] * columns_out + np.arange(in_x.sum())) * transform.n_filters
            flat = (key[2] + pixels[:, :, None] + np.arange(transform.n_filters)).ravel()
            weights.append(kernel[:, in_y][:, :, in_x].reshape(channels, -1))
            indices.append(np.tile(flat.astype(np.int32), (channels, 1)))
        weight_of_axon[axon] = known[key]
    return weights, indices, weight_of_axon, base_of_axon
