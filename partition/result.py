"""A partition: which neurons are on which core of which chip, and the traffic that follows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from convert.storage.atomic import write_json
from partition.core.packing import PLAIN, Packing
from partition.geometry.tile import Slices, Tile


@dataclass(frozen=True)
class Block:
    """The neurons of one core: the half-open ranges of rows, columns and channels of one population."""

    layer: str
    slice: Slices
    chip: int
    core: int

    @property
    def extent(self) -> Tile:
        """Rows, columns and channels, fewer than the tile's at a border."""
        (y0, y1), (x0, x1), (c0, c1) = self.slice
        return (y1 - y0, x1 - x0, c1 - c0)

    @property
    def neurons(self) -> int:
        return prod(self.extent)


@dataclass(frozen=True)
class Partition:
    """Tiles and blocks of every chip population, in the network's order, and what was found out about them.

    ``packings`` says how each population lies in the compartments of its cores, nengo_loihi's way where it is missing;
    ``facts`` holds the further keys of partition.json (messages_per_step, baselines, ...).
    """

    board: str
    tiles: dict[str, Tile]
    blocks: tuple[Block, ...]
    packings: dict[str, Packing] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def packing(self, layer: str) -> Packing:
        return self.packings.get(layer, PLAIN)

    def compartments(self, layer: str) -> int:
        """The compartments that a layer takes on all its cores, unused ones between its neurons included."""
        packing = self.packing(layer)
        return sum(packing.compartments(block.extent) for block in self.blocks_of(layer))

    @property
    def chips(self) -> int:
        return len({block.chip for block in self.blocks})

    def blocks_of(self, layer: str) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.layer == layer)

    def to_json(self) -> dict[str, Any]:
        counts: dict[str, int] = {}
        for block in self.blocks:
            counts[block.layer] = counts.get(block.layer, 0) + 1
        return {
            "board": self.board,
            "chips": self.chips,
            "cores": len(self.blocks),
            "layers": [
                {"name": name, "tile": list(tile), "blocks": counts[name], "packing": asdict(self.packing(name))}
                for name, tile in self.tiles.items()
            ],
            **self.facts,
            "blocks": [
                {"layer": b.layer, "slice": [list(r) for r in b.slice], "chip": b.chip, "core": b.core}
                for b in self.blocks
            ],
        }

    def save(self, bundle: str | Path) -> None:
        """Writes partition.json into the folder ``bundle``."""
        write_json(Path(bundle) / "partition.json", self.to_json())


def read_partition(path: Path) -> Partition:
    """The partition in the file ``path``."""
    data = json.loads(path.read_text())
    known = {"board", "chips", "cores", "layers", "blocks"}
    blocks = tuple(
        Block(b["layer"], tuple((r[0], r[1]) for r in b["slice"]), b["chip"], b["core"])  # type: ignore[arg-type]
        for b in data["blocks"]
    )
    return Partition(
        board=data["board"],
        tiles={layer["name"]: tuple(layer["tile"]) for layer in data["layers"]},
        blocks=blocks,
        packings={layer["name"]: _packing(layer["packing"]) for layer in data["layers"] if "packing" in layer},
        facts={key: value for key, value in data.items() if key not in known},
    )


def _packing(data: dict[str, Any]) -> Packing:
    return Packing(data["channels_first"], tuple(data["rows"]), tuple(data["columns"]))
