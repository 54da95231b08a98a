"""What a network has and NIR has no place for, kept as the graph's metadata, so that the network comes back as it was.

The weights come back from the nodes; what does not come back to the bit, and all else, is kept as an array. It is good
as long as the nodes are the same: their digest says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from math import prod

import msgspec
import numpy as np

from convert.network import INPUT, Network, Shape, SharedKernel, Sparse, Transform
from convert.network.archive.misfits import misfits
from convert.network.archive.reading import network_from
from convert.network.archive.rows import Arrays, ConvolutionRow, Description, RepeatedRow, Row, SparseRow
from convert.network.archive.writing import described, plain_number
from convert.network.transforms import Convolution, ConvolutionTranspose
from convert.provenance import Provenance
from convert.report import ConversionReport
from convert.upstream.types import Values

from .graph import OutGraph
from .layout import Blocks, Layout
from .nodes import Field, OutNode, weights_in
from .weights import Along, Float32, Plan, kernel_from, planned, synapses_from

KEY = "ann2loihi"
"""Of the text in the metadata."""

SAID = "not_in_nir"
"""Of the sentences about what NIR has no place for."""

ARRAY = "array_"
RATES, PEAK_RATES = "rate_", "peak_rate_"
"""Before the names of arrays in the metadata."""

FORMAT = 1

LONGEST, MOST = 2**14, 2**27
"""Rows or columns, and numbers of an array, in a file that is none of a crafty stranger's. Chosen."""

Rates = Mapping[str, Float32]
"""In Hz, by population."""


class Held(msgspec.Struct, frozen=True):
    """An array that lies in a node: the weights of projection ``number``, of ``shape``.

    ``axes``: of single synapses the window along rows and along columns (start, length, stride), None where the node
    has a factor for each neuron; kernels say it themselves.
    """

    node: str
    number: int
    shape: tuple[int, ...]
    axes: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The text in the metadata."""

    format: int
    sha256: str
    """Of the nodes and edges: ``digest_of``."""
    dt: float
    """The time of a step in the file."""
    network: Description
    held: dict[str, Held]
    blocks: dict[str, Blocks]
    report: ConversionReport
    provenance: Provenance


Nodes = Iterable[tuple[str, str, Mapping[str, Field]]]
"""Names, kinds and fields."""


def digest_of(nodes: Nodes, edges: Iterable[tuple[str, str]]) -> str:
    """SHA-256 in hex of nodes and edges, whatever their order."""
    found = hashlib.sha256(repr(sorted(edges)).encode())
    for name, kind, fields in sorted(nodes, key=lambda node: node[0]):
        found.update(repr((name, kind)).encode())
        for key, value in sorted(fields.items()):
            array = np.frombuffer(value.encode(), np.uint8) if isinstance(value, str) else np.asarray(value)
            found.update(repr((key, array.dtype.str, array.shape)).encode())
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def nodes_in(nodes: Mapping[str, OutNode]) -> Nodes:
    return ((name, node.kind, node.fields) for name, node in nodes.items())


def kept_of(
    network: Network,
    graph: OutGraph,
    dt: float,
    report: ConversionReport,
    origin: Provenance,
) -> dict[str, Field]:
    """The metadata with which ``graph`` gives back ``network``."""
    description, arrays = described(network)
    held = {}
    for number, (name, path) in graph.paths.items():
        row = description.projections[number].transform
        array = row.data if isinstance(row, (SparseRow, RepeatedRow)) else row.kernel
        one = Held(name, number, arrays[array].shape, _axes(path.plan))
        try:
            back = _array(one, description, arrays, graph.layouts, graph.nodes[name].fields)
        except (ValueError, KeyError, IndexError):
            continue
        if back.dtype == arrays[array].dtype and np.array_equal(back, arrays[array]):
            held[array] = one
    kept = Kept(
        format=FORMAT,
        sha256=digest_of(nodes_in(graph.nodes), graph.edges),
        dt=dt,
        network=description,
        held=held,
        blocks={name: layout.blocks for name, layout in graph.layouts.items()},
        report=report,
        provenance=origin,
    )
    text = msgspec.json.encode(kept, enc_hook=plain_number).decode()
    others: dict[str, Field] = {ARRAY + name: array for name, array in arrays.items() if name not in held}
    return {KEY: text} | others


def network_in(kept: Kept, fields: Mapping[str, Mapping[str, Field]], metadata: Mapping[str, Field]) -> Network:
    """The network that ``kept_of`` was given, from the ``fields`` of the nodes by name. Raises ``ValueError`` and
    ``KeyError``."""
    arrays = {name[len(ARRAY) :]: np.asarray(value) for name, value in metadata.items() if name.startswith(ARRAY)}
    _require_sizes(kept, arrays)
    layouts = _layouts(kept)
    for name, one in kept.held.items():
        arrays[name] = _array(one, kept.network, arrays, layouts, fields[one.node])
    network = network_from(kept.network, arrays)
    if problems := misfits(network):
        raise ValueError("; ".join(problems))
    return network


def _require_sizes(kept: Kept, arrays: Arrays) -> None:
    """Raises ``ValueError`` for sizes beyond what the file holds, before memory is taken for them."""
    rows = [(row.name, row.shape, arrays[row.bias_hz].shape) for row in kept.network.populations]
    rows += [(row.name, row.shape, arrays[row.bias].shape) for row in kept.network.readouts]
    wrong = [name for name, shape, held in rows if shape != held]
    shapes = [kept.network.input.shape, *(shape for _, shape, _ in rows)]
    wrong += [str(shape) for shape in shapes if max(shape[:2]) > LONGEST]
    wrong += [str(n) for n in (*shapes, *(one.shape for one in kept.held.values())) if prod(n) > MOST]
    if wrong:
        raise ValueError(f"sizes that cannot be: {', '.join(wrong[:4])}")


def _layouts(kept: Kept) -> dict[str, Layout]:
    shapes: dict[str, Shape] = {INPUT: kept.network.input.shape}
    shapes |= {row.name: row.shape for row in kept.network.populations}
    shapes |= {row.name: row.shape for row in kept.network.readouts}
    for name, blocks in kept.blocks.items():
        if any(block < 1 or size % block for size, block in zip(shapes[name], blocks, strict=False)):
            raise ValueError(f"blocks of {blocks} do not fill the pixels of '{name}'")
    sequence = all(shape[0] == 1 for shape in shapes.values())
    return {name: Layout(shapes[name], blocks, sequence) for name, blocks in kept.blocks.items()}


def _array(
    one: Held, description: Description, arrays: Arrays, layouts: Mapping[str, Layout], fields: Mapping[str, Field]
) -> Values:
    """The array that lies in the node with ``fields``."""
    row = description.projections[one.number]
    source, target = layouts[row.source], layouts[row.target]
    transform = _geometry(one, row.transform, arrays)
    plan = _plan(one, transform, source, target)
    return _diagonal(fields, target, transform) if plan is None else _weights(weights_in(fields, plan), plan, transform)


def _axes(plan: Plan | None) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
    if plan is None or plan.axes[0].taps is not None:
        return None
    down, right = ((along.start, along.length, along.stride) for along in plan.axes)
    return down, right


def _plan(one: Held, transform: Transform, source: Layout, target: Layout) -> Plan | None:
    """How the node was made; None if it has a factor for each neuron."""
    if isinstance(transform, SharedKernel):
        plan = planned(transform, source, target)
        if plan is None:
            raise ValueError(f"the weights of '{one.node}' are shared by no pixels")
        return plan
    return None if one.axes is None else Plan(source, target, (Along(*one.axes[0]), Along(*one.axes[1])))


def _geometry(one: Held, row: Row, arrays: Arrays) -> Transform:
    """The transform with weights of 1."""
    if isinstance(row, (SparseRow, RepeatedRow)):
        ones = np.ones(one.shape, np.float32)
        return row.transform({**arrays, row.data: ones})
    kind = Convolution if isinstance(row, ConvolutionRow) else ConvolutionTranspose
    return kind(np.ones(one.shape), row.strides, row.padding, row.crop)


def _weights(weights: Values, plan: Plan, transform: Transform) -> Values:
    if isinstance(transform, SharedKernel):
        return kernel_from(weights, plan, transform.kernel.shape)
    assert isinstance(transform, Sparse)
    matrix = transform.matrix
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return synapses_from(weights, plan, row, np.asarray(matrix.indices, np.int64))


def _diagonal(fields: Mapping[str, Field], target: Layout, transform: Transform) -> Values:
    assert isinstance(transform, Sparse)
    factors = np.asarray(fields["scale"]).ravel()[target.places.ravel()]
    return np.asarray(factors[transform.matrix.indices], np.float32)


def rates_beside(network: Network, mean_hz: Rates, peak_hz: Rates | None) -> dict[str, Field]:
    """The rates of a bundle, for the metadata."""
    found: dict[str, Field] = {}
    for number, population in enumerate(network.populations):
        for prefix, rates in ((RATES, mean_hz), (PEAK_RATES, peak_hz or {})):
            if population.name in rates:
                found[f"{prefix}{number}"] = np.asarray(rates[population.name], np.float32)
    return found


def rates_in(network: Network, metadata: Mapping[str, Field], prefix: str) -> dict[str, Float32]:
    """Those that were written with ``prefix``, by population. Raises ``ValueError``."""
    found = {}
    for number, population in enumerate(network.populations):
        if (values := metadata.get(f"{prefix}{number}")) is not None:
            array = np.asarray(values)
            if array.dtype != np.float32 or array.shape != population.shape or not np.isfinite(array).all():
                raise ValueError(f"the rates of '{population.name}' are no finite numbers")
            found[population.name] = array
    return found
