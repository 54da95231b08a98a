"""What the description of a network holds; arrays are named there and lie beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network.network import Activation, Clearing, Input
from convert.network.neuron import Neuron
from convert.network.transforms import WHOLE, Convolution, ConvolutionTranspose, Shape, Sparse, Transform
from convert.padding import Padding
from convert.upstream.types import Values

FORMAT = 3

Count = Annotated[int, msgspec.Meta(ge=1)]
LeftOut = Annotated[int, msgspec.Meta(ge=0)]
Arrays = Mapping[str, Values]


class ConvolutionRow(msgspec.Struct, tag_field="kind", tag="Convolution", omit_defaults=True):
    strides: tuple[Count, Count]
    padding: Padding
    kernel: str
    crop: tuple[tuple[LeftOut, LeftOut], tuple[LeftOut, LeftOut]] = WHOLE

    def transform(self, arrays: Arrays) -> Transform:
        return Convolution(floats(arrays, self.kernel, 4), self.strides, self.padding, self.crop)


class ConvolutionTransposeRow(msgspec.Struct, tag_field="kind", tag="ConvolutionTranspose", omit_defaults=True):
    strides: tuple[Count, Count]
    padding: Padding
    kernel: str
    crop: tuple[tuple[LeftOut, LeftOut], tuple[LeftOut, LeftOut]] = WHOLE

    def transform(self, arrays: Arrays) -> Transform:
        return ConvolutionTranspose(floats(arrays, self.kernel, 4), self.strides, self.padding, self.crop)


class SparseRow(msgspec.Struct, tag_field="kind", tag="Sparse"):
    shape: tuple[int, int]
    data: str
    indices: str
    indptr: str

    def transform(self, arrays: Arrays) -> Transform:
        parts = (floats(arrays, self.data, 1), arrays[self.indices], arrays[self.indptr])
        matrix = sparse.csr_array(parts, shape=self.shape)
        matrix.check_format()
        return Sparse(matrix)


class RepeatedRow(msgspec.Struct, tag_field="kind", tag="Repeated"):
    """A matrix whose rows are all the same, as that of host neurons which bring the same to every neuron."""

    shape: tuple[int, int]
    data: str
    indices: str

    def transform(self, arrays: Arrays) -> Transform:
        rows, data, indices = self.shape[0], floats(arrays, self.data, 1), arrays[self.indices]
        pointer = np.arange(rows + 1) * len(data)
        matrix = sparse.csr_array((np.tile(data, rows), np.tile(indices, rows), pointer), shape=self.shape)
        matrix.check_format()
        return Sparse(matrix)


class PopulationRow(msgspec.Struct):
    name: str
    source_layer: str
    shape: Shape
    bias_hz: str
    scale_hz: float
    on_chip: bool
    neuron: Neuron
    synapse_s: Annotated[float, msgspec.Meta(ge=0)]
    onset_step: Annotated[int, msgspec.Meta(ge=0)]
    end_step: Annotated[int, msgspec.Meta(ge=0)] | None = None
    whole_channels: bool = False
    clearing: Clearing | None = None


class ReadoutRow(msgspec.Struct):
    name: str
    shape: Shape
    bias: str
    activation: Activation


Row = ConvolutionRow | ConvolutionTransposeRow | SparseRow | RepeatedRow


class ProjectionRow(msgspec.Struct):
    source: str
    target: str
    transform: Row


class Description(msgspec.Struct):
    """Everything but the arrays, which it names."""

    input: Input
    dt_s: Annotated[float, msgspec.Meta(gt=0)]
    timesteps: Count
    populations: list[PopulationRow]
    readouts: list[ReadoutRow]
    projections: list[ProjectionRow]
    format: int = FORMAT
    period: Count | None = None


def floats(arrays: Arrays, name: str, axes: int) -> NDArray[np.float64]:
    """The array ``name``, finite numbers along so many ``axes``. Raises ``ValueError`` for another and ``KeyError``."""
    array = np.asarray(arrays[name])
    if array.ndim != axes or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"array {name} of type {array.dtype} and shape {array.shape} is not what belongs there")
    return array.astype(np.float64)
