"""A partition: which neurons are on which core of which chip, and the traffic that follows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from convert.atomic import write_json
from convert.network import Shape

Range = tuple[int, int]
Tile = tuple[int, int, int]
"""(rows, columns, channels) of a population on one core."""


@dataclass(frozen=True)
class Block:
    """The neurons of one core: the half-open ranges of rows, columns and channels of one population."""

    layer: str
    slice: tuple[Range, Range, Range]
    chip: int
    core: int

    @property
    def neurons(self) -> int:
        (y0, y1), (x0, x1), (c0, c1) = self.slice
        return (y1 - y0) * (x1 - x0) * (c1 - c0)


def tile_slices(shape: Shape, tile: Tile) -> list[tuple[Range, Range, Range]]:
    """The blocks into which ``tile`` cuts ``shape``: rows slowest, channels fastest, as NengoLoihi orders them."""
    ranges = [[(i, min(i + step, size)) for i in range(0, size, step)] for size, step in zip(shape, tile, strict=True)]
    return [(rows, columns, channels) for rows, columns, channels in product(*ranges)]


@dataclass(frozen=True)
class Partition:
    """Tiles and blocks of every chip population, in the network's order, and what was found out about them.

    ``facts`` holds the further keys of partition.json (messages_per_step, baselines, ...).
    """

    board: str
    tiles: dict[str, Tile]
    blocks: tuple[Block, ...]
    facts: dict[str, Any] = field(default_factory=dict)

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
            "layers": [{"name": n, "tile": list(t), "blocks": counts[n]} for n, t in self.tiles.items()],
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
        facts={key: value for key, value in data.items() if key not in known},
    )
