"""A .nir file (HDF5) -> its nodes and edges, nested graphs opened; no simulator and no other package is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import h5py
import numpy as np

from convert.errors import UserError
from convert.storage.archives import is_bomb
from convert.storage.damage import DAMAGED, too_little_memory
from convert.upstream.types import Values

DEEPEST = 16
"""Graphs within graphs: more are no network of anybody's."""
LARGEST = 2**31 - 1
"""Of a number of pixels, channels or neurons: what importers hold in 32 bits."""


@dataclass(frozen=True)
class Node:
    """One node: its kind, such as 'LIF', and its fields by name."""

    kind: str
    fields: Mapping[str, Values | str] = field(repr=False)

    def array(self, name: str) -> Values:
        """The field ``name`` as numbers. Raises ``ValueError`` for one that is missing, empty or holds others."""
        if name not in self.fields:
            raise ValueError(f"{self.kind} has no {name}")
        values = np.asarray(self.fields[name])
        if values.dtype.kind not in "iufb" or not np.isfinite(values).all():
            raise ValueError(f"{name} of {self.kind} holds more than finite numbers")
        if not values.size:
            raise ValueError(f"{name} of {self.kind} holds no number")
        return values.astype(np.float64)

    def maybe(self, name: str, otherwise: float) -> Values:
        """The same, or ``otherwise`` where the file has none."""
        return self.array(name) if name in self.fields else np.asarray(float(otherwise))

    def integers(self, name: str, otherwise: int | None = None) -> list[int]:
        """All numbers of the field, or ``otherwise`` where the file has none. Raises ``ValueError`` for others."""
        values = np.ravel(self.array(name) if otherwise is None else self.maybe(name, otherwise))
        if (np.abs(values) > LARGEST).any() or (values != np.round(values)).any():
            raise ValueError(f"{name} of {self.kind} holds more than integers of at most {LARGEST:,}")
        return [int(value) for value in values]


@dataclass(frozen=True)
class Graph:
    """Nodes by name, and edges (from, to); inner graphs are opened, their nodes called 'graph.node'.

    ``metadata`` is that of the outermost graph.
    """

    nodes: Mapping[str, Node]
    edges: tuple[tuple[str, str], ...]
    metadata: Mapping[str, Values | str] = field(default_factory=dict, repr=False)

    def before(self, name: str) -> list[str]:
        return [a for a, b in self.edges if b == name]

    def after(self, name: str) -> list[str]:
        return [b for a, b in self.edges if a == name]

    def of_kind(self, *kinds: str) -> list[str]:
        return [name for name, node in self.nodes.items() if node.kind in kinds]


def read_graph(path: Path) -> Graph:
    """The graph in the file ``path``. Raises ``UserError`` for what is no .nir file."""
    try:
        with h5py.File(path, "r") as file:
            _require_no_bomb(file, path)
            if "node" not in file:
                raise ValueError("it has no node")
            graph = replace(_graph(file["node"], 0), metadata=_metadata(file["node"]))
    except DAMAGED as error:
        if too_little_memory(error, path):
            raise
        raise UserError(f"{path}: cannot be read as a .nir file ({error}); write it again with nir.write") from error
    return graph


def _require_no_bomb(file: h5py.File, path: Path) -> None:
    """Raises ``ValueError`` for arrays that would be far more than the file."""
    sizes: list[int] = []

    def add(name: str, found: object) -> None:
        if isinstance(found, h5py.Dataset):
            sizes.append(int(found.size or 0) * found.dtype.itemsize)

    file.visititems(add)
    if is_bomb(sum(sizes), packed := path.stat().st_size):
        raise ValueError(f"{packed:,} bytes that would unpack to {sum(sizes):,}")


def _graph(group: h5py.Group, depth: int) -> Graph:
    if depth > DEEPEST:
        raise ValueError(f"graphs are more than {DEEPEST} deep in each other")
    if _text(group["type"][()]) != "NIRGraph":
        raise ValueError(f"its outermost node is a {_text(group['type'][()])}, no NIRGraph")
    nodes: dict[str, Node] = {}
    edges = [(_text(a), _text(b)) for a, b in group["edges"][()]]
    for name, inner in group["nodes"].items():
        if _text(inner["type"][()]) == "NIRGraph":
            edges = _opened(name, _graph(inner, depth + 1), nodes, edges)
        else:
            nodes[name] = _node(inner)
    unknown = sorted({name for edge in edges for name in edge} - nodes.keys())
    if unknown:
        raise ValueError(f"edges name nodes that are not there: {', '.join(unknown)}")
    return Graph(nodes, tuple(dict.fromkeys(edges)))


def _opened(name: str, graph: Graph, nodes: dict[str, Node], edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Adds the nodes of an inner graph; the edges, with its own, past its inputs and outputs."""
    inside = {inner: f"{name}.{inner}" for inner in graph.nodes}
    ends = {kind: graph.of_kind(kind) for kind in ("Input", "Output")}
    nodes |= {inside[n]: node for n, node in graph.nodes.items() if node.kind not in ends}
    first = [inside[b] for a in ends["Input"] for b in graph.after(a)]
    last = [inside[a] for b in ends["Output"] for a in graph.before(b)]
    outer = {*ends["Input"], *ends["Output"]}
    found = [(inside[a], inside[b]) for a, b in graph.edges if not outer & {a, b}]
    for a, b in edges:
        sources, targets = last if a == name else [a], first if b == name else [b]
        found += [(source, target) for source in sources for target in targets]
    return found


def _node(group: h5py.Group) -> Node:
    fields = _fields(group)
    return Node(str(fields.pop("type")), fields)


def _metadata(group: h5py.Group) -> dict[str, Values | str]:
    found = group.get("metadata")
    return _fields(found) if isinstance(found, h5py.Group) else {}


def _fields(group: h5py.Group) -> dict[str, Values | str]:
    fields: dict[str, Values | str] = {}
    for name, found in group.items():
        if isinstance(found, h5py.Dataset):
            value = found[()]
            fields[name] = _text(value) if isinstance(value, (bytes, str)) else np.asarray(value)
    return fields


def _text(value: object) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
