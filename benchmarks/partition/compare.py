"""Messages between chips: tiles and chips chosen together against the usual placers on tiles chosen by hand.

    python -m benchmarks.partition.compare --unet BUNDLE TEST --resnet BUNDLE TEST [--images 8] [--seconds 300]

Every partition is planned with the rates of calibration and counted with those of test images in the exact emulation.
Hand tiles are (8, 8, c) with the most channels that fit a core, packed as nengo_loihi does. Results go to
results/compare.json as they come; started again, it makes only what is missing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.emulator.record import Record, table
from partition.board_file import find_board
from partition.bounds.spreading_metric import lower_bound
from partition.geometry.blocks import Ints
from partition.geometry.links import Link, links_onto_chip
from partition.geometry.tile import Tile
from partition.hardware import LOIHI, Board, chips_for
from partition.place import PLACERS
from partition.place.local_search import improve
from partition.search import partition
from partition.tiles.feasible import feasible_tiles_of_layers
from partition.tiles.hand_tiles import hand_tiles
from partition.traffic.unicast import TrafficGraph, traffic

from .subjects import Subject, doubled, fired, of_bundle

RESULTS = Path(__file__).parent / "results"
USUAL = ("sequential", "round_robin", "greedy_interchip", "metis", "kahypar")
NAMES = {"sequential": "Greedy", "round_robin": "RoundRobin", "greedy_interchip": "GreedyInterchip",
         "metis": "METIS", "kahypar": "Mt-KaHyPar"}  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--unet", "--resnet"):
        parser.add_argument(name, nargs=2, type=Path, metavar=("BUNDLE", "TEST"), required=True)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--out", type=Path, default=RESULTS / "compare.json")
    options = parser.parse_args(arguments)
    record = Record(options.out, {"images": options.images, "seconds": options.seconds})
    resnet = of_bundle("ResNet-20", *options.resnet, images=options.images)
    unet = of_bundle("U-Net", *options.unet, images=options.images)
    four = doubled(unet, fired(unet.network, *options.unet, images=4))
    for subject, chips in ((resnet, (2,)), (unet, (16, 13)), (four, (64,))):
        compare(subject, chips, options.seconds, record)


def compare(subject: Subject, numbers: Sequence[int], seconds: float, record: Record) -> None:
    """Measures and prints one subject at every number of chips; fewer than it needs are left out."""
    links = links_onto_chip(subject.network)
    feasible = feasible_tiles_of_layers(subject.network.chip_populations, links, LOIHI)
    least = sum(tiles[0].cores for tiles in feasible.values())
    by_hand = Plan(subject, links, hand_tiles(subject.network.chip_populations, links, feasible, LOIHI))
    rows = []
    for chips in numbers:
        if chips >= chips_for(least, LOIHI):
            key = f"{subject.name}, {chips} chips"
            found = record.measured(key, lambda chips=chips: measure(subject, links, by_hand, chips, seconds))
            rows.append(line(chips, found))
    print(f"\n{subject.name}: {least} cores at least, {by_hand.planned.blocks} with hand tiles\n")
    print(table(HEADER, rows), flush=True)


class Plan:
    """The traffic of one choice of tiles, as planned and as counted."""

    def __init__(self, subject: Subject, links: Sequence[Link], tiles: Mapping[str, Tile]) -> None:
        self.planned, self.counted = (
            traffic(subject.network, links, tiles, {name: np.asarray(rates, float) for name, rates in hz.items()})
            for hz in (subject.planned_hz, subject.counted_hz)
        )

    def interchip(self, chip: Ints) -> dict[str, Any]:
        return {
            "chips": len(set(chip.tolist())),
            "cores": self.planned.blocks,
            "interchip": self.counted.interchip(chip),
            "planned": self.planned.interchip(chip),
        }


def measure(subject: Subject, links: Sequence[Link], by_hand: Plan, chips: int, seconds: float) -> dict[str, Any]:
    """All of one number of chips; placers on hand tiles get as many chips as these need, if that is more."""
    begin = time.perf_counter()
    found = partition(subject.network, subject.planned_hz, board="pohoiki-springs", chips=chips, seconds=seconds)
    took = time.perf_counter() - begin
    together = Plan(subject, links, found.tiles)
    chip = np.array([block.chip for block in found.blocks])
    wide = on(max(chips, chips_for(by_hand.planned.blocks, LOIHI)))
    same = on(max(chips, chips_for(together.planned.blocks, LOIHI)))
    result: dict[str, Any] = {"together": together.interchip(chip) | {"s": took}}
    result["bound"] = lower_bound(together.counted, LOIHI.cores)
    result["utilization"] = msgspec.to_builtins(found.report.utilization)
    for name in USUAL:
        result[name] = by_hand.interchip(PLACERS[name](by_hand.planned, wide, seed=0))
    result["chips only"] = by_hand.interchip(searched(by_hand.planned, wide))
    for name in ("greedy_interchip", "metis"):
        result[f"tiles only, {name}"] = together.interchip(PLACERS[name](together.planned, same, seed=0))
    return result


def on(chips: int) -> Board:
    return replace(find_board("pohoiki-springs"), chips=chips)


def searched(graph: TrafficGraph, board: Board) -> Ints:
    """Our placement of given tiles: descent and annealing from METIS's."""
    return improve(graph, board, PLACERS["local_search"](graph, board, seed=0), seed=0, annealing=400)


HEADER = [
    "chips", "ours: chips, cores", "messages per step", "planned", *NAMES.values(),
    "times fewer than GreedyInterchip, METIS, Mt-KaHyPar", "chips only", "tiles only: GreedyInterchip, METIS",
    "bound", "gap", "s",
]  # fmt: skip


def line(chips: int, found: Mapping[str, Any]) -> list[str]:
    ours = found["together"]
    here = ours["interchip"]
    ratios = ", ".join(f"{found[name]['interchip'] / here:.1f}" for name in ("greedy_interchip", "metis", "kahypar"))
    tiles_only = (found[f"tiles only, {name}"]["interchip"] for name in ("greedy_interchip", "metis"))
    return [
        str(chips),
        f"{ours['chips']}, {ours['cores']:,}",
        f"{here:,.0f}",
        f"{ours['planned']:,.0f}",
        *(f"{found[name]['interchip']:,.0f} ({found[name]['chips']})" for name in USUAL),
        ratios,
        f"{found['chips only']['interchip']:,.0f}",
        ", ".join(f"{messages:,.0f}" for messages in tiles_only),
        f"{found['bound']:,.0f}",
        f"{100 * (1 - found['bound'] / here):.0f} %",
        f"{ours['s']:.0f}",
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
