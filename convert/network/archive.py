"""A network in one .npz file: a description in JSON, checked when it is read, and float32 arrays by number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from math import prod
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.errors import UserError
from convert.padding import Padding
from convert.storage.archives import arrays_in, is_bomb
from convert.upstream.types import Config, Values

from .network import (
    BIAS_SOURCE_LAYER,
    INPUT,
    Activation,
    Clearing,
    Input,
    Network,
    Population,
    Projection,
    Readout,
    TimeCourse,
)
from .neuron import HOST, Neuron
from .transforms import WHOLE, Convolution, ConvolutionTranspose, Shape, SharedKernel, Sparse, Transform

FORMAT = 3
READ = (2, FORMAT)

ENTRY_BYTES = 12
"""Of a matrix: a weight and its column."""

Count = Annotated[int, msgspec.Meta(ge=1)]
LeftOut = Annotated[int, msgspec.Meta(ge=0)]
Put = Callable[[Values], str]
"""Keeps an array and gives its name."""
Arrays = Mapping[str, Values]


class ConvolutionRow(msgspec.Struct, tag_field="kind", tag="Convolution", omit_defaults=True):
    strides: tuple[Count, Count]
    padding: Padding
    kernel: str
    crop: tuple[tuple[LeftOut, LeftOut], tuple[LeftOut, LeftOut]] = WHOLE

    def transform(self, arrays: Arrays) -> Transform:
        return Convolution(_floats(arrays, self.kernel, 4), self.strides, self.padding, self.crop)


class ConvolutionTransposeRow(msgspec.Struct, tag_field="kind", tag="ConvolutionTranspose", omit_defaults=True):
    strides: tuple[Count, Count]
    padding: Padding
    kernel: str
    crop: tuple[tuple[LeftOut, LeftOut], tuple[LeftOut, LeftOut]] = WHOLE

    def transform(self, arrays: Arrays) -> Transform:
        return ConvolutionTranspose(_floats(arrays, self.kernel, 4), self.strides, self.padding, self.crop)


class SparseRow(msgspec.Struct, tag_field="kind", tag="Sparse"):
    shape: tuple[int, int]
    data: str
    indices: str
    indptr: str

    def transform(self, arrays: Arrays) -> Transform:
        parts = (_floats(arrays, self.data, 1), arrays[self.indices], arrays[self.indptr])
        matrix = sparse.csr_array(parts, shape=self.shape)
        matrix.check_format()
        return Sparse(matrix)


class RepeatedRow(msgspec.Struct, tag_field="kind", tag="Repeated"):
    """A matrix whose rows are all the same, as that of host neurons which bring the same to every neuron."""

    shape: tuple[int, int]
    data: str
    indices: str

    def transform(self, arrays: Arrays) -> Transform:
        rows, data, indices = self.shape[0], _floats(arrays, self.data, 1), arrays[self.indices]
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


def save_network(network: Network, path: Path) -> None:
    """Writes ``network`` to the file ``path``."""
    description, arrays = described(network)
    np.savez(path, description=as_text(description), **arrays)  # type: ignore[arg-type]


def load_network(path: Path) -> Network:
    """The network in the file ``path``.

    Raises ``UserError`` for another format and for parts that do not fit together, ``ValueError``, ``KeyError`` or
    ``OSError`` for a file that is damaged.
    """
    with arrays_in(path) as data:
        raw = msgspec.json.decode(str(data["description"]))
        if not isinstance(raw, dict) or raw.get("format") not in READ:
            found = raw.get("format") if isinstance(raw, dict) else None
            known = " and ".join(map(str, READ))
            raise UserError(f"{path} has format {found!r} and this version reads {known}; convert the model again")
        description = msgspec.convert(raw if raw["format"] == FORMAT else _from_format_2(raw), Description)
        _require_no_bomb(description, data, path)
        network = network_from(description, data)
    if problems := misfits(network):
        raise UserError([f"{path}: {problem}; convert the model again" for problem in problems])
    return network


def network_from(description: Description, arrays: Arrays) -> Network:
    """The network of ``described``, not yet looked at (``misfits``). Raises ``ValueError`` and ``KeyError``."""
    return Network(
        description.input,
        tuple(_population(row, arrays) for row in description.populations),
        tuple(Projection(r.source, r.target, r.transform.transform(arrays)) for r in description.projections),
        tuple(Readout(r.name, r.shape, _floats(arrays, r.bias, 3), r.activation) for r in description.readouts),
        description.dt_s,
        description.timesteps,
        description.period,
    )


def _require_no_bomb(description: Description, arrays: Arrays, path: Path) -> None:
    """Raises ``ValueError`` if rows that are all the same would be far more than the file."""
    rows = [p.transform for p in description.projections if isinstance(p.transform, RepeatedRow)]
    unpacked = sum(ENTRY_BYTES * row.shape[0] * arrays[row.data].size for row in rows)
    if is_bomb(unpacked, packed := path.stat().st_size):
        raise ValueError(f"{packed:,} bytes that would unpack to {unpacked:,}")


def misfits(network: Network) -> list[str]:
    """What does not fit together in ``network``, one sentence for each."""
    problems = []
    shapes = {INPUT: network.input.shape} | {target.name: target.shape for target in network.readouts}
    for population in network.populations:
        for projection in network.into(population.name):
            if projection.source not in shapes:
                problems.append(f"'{population.name}' takes from '{projection.source}', which does not come before it")
        if population.bias_hz.shape != population.shape:
            problems.append(f"the biases of '{population.name}' have shape {population.bias_hz.shape}")
        shapes[population.name] = population.shape
    for readout in network.readouts:
        if readout.bias.shape != readout.shape:
            problems.append(f"the biases of '{readout.name}' have shape {readout.bias.shape}")
        if not network.into(readout.name):
            problems.append(f"no projection goes to the readout '{readout.name}'")
    for p in network.projections:
        if p.source not in shapes or p.target not in shapes:
            problems.append(f"a projection goes from '{p.source}' to '{p.target}', and one of them is missing")
        elif not _connects(p.transform, shapes[p.source], shapes[p.target]):
            problems.append(f"the projection from '{p.source}' to '{p.target}' does not fit their shapes")
    return problems + _unpunctual(network)


def _unpunctual(network: Network) -> list[str]:
    """What of ``network`` would not be over when the next image starts."""
    period = network.period
    return [
        f"'{p.name}' is not driven for a part of the {period} steps from image to image"
        for p in network.populations
        if period is not None and not p.on_chip and not (p.end_step and 0 < p.end_step - p.onset_step <= period)
    ]


@singledispatch
def _connects(transform: Transform, source: Shape, target: Shape) -> bool:
    """Whether the shapes are those that ``transform`` maps from and to."""
    return bool(transform.as_matrix(source, target).shape == (prod(target), prod(source)))


@_connects.register
def _(transform: SharedKernel, source: Shape, target: Shape) -> bool:
    channels = transform.kernel.shape[2:] == (source[2], target[2])
    if not isinstance(transform, Convolution):  # the target is what is left of it already
        return channels
    return channels and all(size > sum(margins) for size, margins in zip(source[:2], transform.crop, strict=True))


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


def _population(row: PopulationRow, arrays: Arrays) -> Population:
    return Population(
        row.name,
        row.source_layer,
        row.shape,
        _floats(arrays, row.bias_hz, 3),
        row.scale_hz,
        row.on_chip,
        row.neuron,
        row.synapse_s,
        row.onset_step,
        row.end_step,
        row.whole_channels,
        row.clearing,
    )


def _floats(arrays: Arrays, name: str, axes: int) -> NDArray[np.float64]:
    """The array ``name``, finite numbers along so many ``axes``."""
    array = np.asarray(arrays[name])
    if array.ndim != axes or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"array {name} of type {array.dtype} and shape {array.shape} is not what belongs there")
    return array.astype(np.float64)


def _singles(array: Values) -> NDArray[np.float32]:
    return np.asarray(array, np.float32, order="C")


def plain_number(value: object) -> object:
    """A numpy scalar as JSON has it. Raises ``TypeError`` for anything else."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(type(value).__name__)


def _from_format_2(raw: Config) -> Config:
    """What version 0.1.0 wrote: neurons had a floor only, and the host's own equation went without saying.

    What starts biases was called a clock.
    """
    rows = []
    for row in raw["populations"]:
        neuron = Neuron(floor=row["vmin"]) if row["on_chip"] else HOST
        kept = {key: row[key] for key in ("name", "shape", "bias_hz", "scale_hz", "on_chip", "synapse_s")}
        layer = BIAS_SOURCE_LAYER if row["kind"] == "Clock" else row["kind"]
        renamed = {"source_layer": layer, "onset_step": row["start_step"]}
        rows.append({**kept, **renamed, "neuron": msgspec.to_builtins(neuron)})
    given = {"shape": raw["input_shape"], "time_course": TimeCourse.CONSTANT.value}
    return {**raw, "format": FORMAT, "populations": rows, "input": given}
