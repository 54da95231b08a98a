"""An instance of the benchmark: a hypergraph, the limits of a part, and where its vertices lie in their layers.

An instance NAME is the files instances/NAME.hgr.xz and instances/NAME.json.
"""

from __future__ import annotations

import hashlib
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from convert.errors import UserError
from partition.geometry.tile import Slices, tile_slices

from .hypergraph import Hypergraph, from_text, to_text

FOLDER = Path(__file__).parent / "instances"

Problem = Literal["blocks on chips", "neurons on cores"]


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer of ``shape`` (rows, columns, channels), cut by ``tile`` into the vertices from ``first`` on.

    Vertices follow each other by rows, then columns, then channels.
    """

    name: str
    shape: tuple[int, int, int]
    tile: tuple[int, int, int]
    first: int

    @property
    def slices(self) -> list[Slices]:
        """The half-open ranges of rows, columns and channels of each vertex."""
        return tile_slices(self.shape, self.tile)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a part may hold: ``weight`` of vertices and, where it says so, ``in_axons``; and how many parts there are.

    The in-axons of a part are the neurons with a target in it, of the part itself too. A vertex of neurons on cores
    weighs as many neurons as it has, so a hyperedge brings as many axons as its source weighs.
    """

    weight: int
    parts: int
    in_axons: int | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON file beside a hypergraph. A weight of 1 stands for ``unit`` messages per time step."""

    name: str
    problem: Problem
    about: str
    made_by: str
    unit: float
    limits: Limits
    layers: tuple[Layer, ...]
    sha256: str
    """Of the .hgr file, not compressed."""


@dataclass(frozen=True, eq=False)
class Instance:
    graph: Hypergraph
    facts: Facts


def digest(graph: Hypergraph) -> str:
    return hashlib.sha256(to_text(graph).encode()).hexdigest()


def write(instance: Instance, folder: Path = FOLDER) -> None:
    """Writes the two files; the same instance gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = lzma.compress(to_text(instance.graph).encode(), preset=9 | lzma.PRESET_EXTREME)
    (folder / f"{instance.facts.name}.hgr.xz").write_bytes(packed)
    text = msgspec.json.format(msgspec.json.encode(instance.facts), indent=1)
    (folder / f"{instance.facts.name}.json").write_bytes(text + b"\n")


def read(name: str, folder: Path = FOLDER) -> Instance:
    """The instance ``name``; raises ``UserError`` if there is none or its files do not belong together."""
    known = names(folder)
    if name not in known:
        raise UserError(f"instance '{name}' is not known; choose one of {', '.join(known)}")
    facts = msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=Facts)
    graph = from_text(lzma.decompress((folder / f"{name}.hgr.xz").read_bytes()).decode(), f"{name}.hgr")
    if digest(graph) != facts.sha256:
        raise UserError(f"{name}.hgr.xz is not the hypergraph that {name}.json describes; copy both again")
    return Instance(graph, facts)


def names(folder: Path = FOLDER) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.json"))
