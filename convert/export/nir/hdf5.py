"""A graph as an HDF5 file, as the package ``nir`` reads it; equal graphs give equal bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from .graph import OutGraph
from .nodes import Field

VERSION = "1.0.8"
"""Of the package ``nir`` whose layout this is."""


def write_graph(path: Path, graph: OutGraph, beside: Mapping[str, Field]) -> None:
    """Writes ``graph``, ``beside`` as its metadata."""
    with h5py.File(path, "w", locking=False) as file:  # its lock is the writer's already
        _put(file, "version", VERSION)
        node = file.create_group("node")
        _put(node, "type", "NIRGraph")
        node.create_dataset("edges", data=np.array(graph.edges, dtype=object), dtype=h5py.string_dtype())
        nodes = node.create_group("nodes")
        for name, one in sorted(graph.nodes.items()):
            group = nodes.create_group(name)
            _put(group, "type", one.kind)
            for key, value in one.fields.items():
                _put(group, key, value)
            _put_all(group, one.beside)
        _put_all(node, beside)


def _put_all(group: h5py.Group, beside: Mapping[str, Field]) -> None:
    if beside:
        metadata = group.create_group("metadata")
        for key, value in sorted(beside.items()):
            _put(metadata, key, value)


def _put(group: h5py.Group, name: str, value: Field) -> None:
    if isinstance(value, str):
        group.create_dataset(name, data=value, dtype=h5py.string_dtype())
    elif np.ndim(value) == 0:
        group.create_dataset(name, data=value)
    else:
        group.create_dataset(name, data=np.ascontiguousarray(value), compression="gzip", shuffle=True)
