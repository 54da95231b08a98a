"""A network -> its description and the arrays that this names."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network.network import Network
from convert.network.transforms import Convolution, ConvolutionTranspose, Sparse, Transform
from convert.upstream.types import Values

from .rows import (
    ConvolutionRow,
    ConvolutionTransposeRow,
    Description,
    PopulationRow,
    ProjectionRow,
    ReadoutRow,
    RepeatedRow,
    Row,
    SparseRow,
)

Put = Callable[[Values], str]
"""Keeps an array and gives its name."""


def described(network: Network) -> tuple[Description, dict[str, Values]]:
    """``network`` but for its arrays, and these by the names that it has for them."""
    arrays: dict[str, Values] = {}

    def put(array: Values) -> str:
        arrays[f"a{len(arrays)}"] = array
        return f"a{len(arrays) - 1}"

    description = Description(
        network.input,
        network.dt_s,
        network.timesteps,
        [
            PopulationRow(
                p.name,
                p.source_layer,
                p.shape,
                put(_singles(p.bias_hz)),
                p.scale_hz,
                p.on_chip,
                p.neuron,
                p.synapse_s,
                p.onset_step,
                p.end_step,
                p.whole_channels,
                p.clearing,
            )
            for p in network.populations
        ],
        [ReadoutRow(r.name, r.shape, put(_singles(r.bias)), r.activation) for r in network.readouts],
        [ProjectionRow(p.source, p.target, _row(p.transform, put)) for p in network.projections],
        period=network.period,
    )
    return description, arrays


def as_text(description: Description) -> str:
    """It in JSON."""
    return msgspec.json.encode(description, enc_hook=plain_number).decode()


def plain_number(value: object) -> object:
    """A numpy scalar as JSON has it. Raises ``TypeError`` for anything else."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(type(value).__name__)


@singledispatch
def _row(transform: Transform, put: Put) -> Row:
    raise TypeError(f"no row for {type(transform).__name__}")


@_row.register
def _(transform: Convolution, put: Put) -> ConvolutionRow:
    return ConvolutionRow(transform.strides, transform.padding, put(_singles(transform.kernel)), transform.crop)


@_row.register
def _(transform: ConvolutionTranspose, put: Put) -> ConvolutionTransposeRow:
    return ConvolutionTransposeRow(
        transform.strides, transform.padding, put(_singles(transform.kernel)), transform.crop
    )


@_row.register
def _(transform: Sparse, put: Put) -> SparseRow | RepeatedRow:
    m = transform.matrix
    if (row := _repeated(m)) is not None:
        return RepeatedRow(m.shape, put(_singles(row[0])), put(row[1].astype(np.int32)))
    parts = (_singles(m.data), m.indices.astype(np.int32), m.indptr.astype(np.int32))
    return SparseRow(m.shape, *(put(part) for part in parts))  # type: ignore[arg-type]


def _repeated(matrix: sparse.csr_array) -> tuple[Values, Values] | None:
    """The weights and columns of each row of ``matrix``, if that has several and they are all the same."""
    rows = matrix.shape[0]
    each = matrix.nnz // rows
    if rows < 2 or not each or not np.array_equal(matrix.indptr, np.arange(rows + 1) * each):
        return None
    data, indices = matrix.data.reshape(rows, each), matrix.indices.reshape(rows, each)
    same = bool((data == data[0]).all() and (indices == indices[0]).all())
    return (data[0], indices[0]) if same else None


def _singles(array: Values) -> NDArray[np.float32]:
    return np.asarray(array, np.float32, order="C")
