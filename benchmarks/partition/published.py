"""Our placers on inputs that others published with their mapping tools, beside what those tools or their authors give.

    python -m benchmarks.partition.published DATA

DATA is a folder with files out of two repositories, which are not part of this project:

    in a clone of https://github.com/drexel-DISCO/SpiNeMap
        git show a837888:SNNPartitioning/connection_table.txt > DATA/connection_table.txt
        git show a837888:SNNPartitioning/spike_table.txt      > DATA/spike_table.txt
        git show 41d934b:SNNPartitioning/cluster.ir           > DATA/cluster.ir
    in a clone of https://github.com/Shihao-Song/DFSynthesizer
        git show af0e5ca:tutorial/custom_actor_to_tile_binding/LeNet-MNIST.xml > DATA/LeNet-MNIST.xml

The papers on SpiNeMap and DFSynthesizer were not at hand: no number here is from them. ``GREEDY`` is what SpiNeMap's
greedy clustering prints for these files; the placer in its repository draws places at random. ``BINDINGS`` are mappings
in DFSynthesizer's README; that tool seeks throughput, not few tokens.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from scipy import sparse

from benchmarks.emulator.record import table
from partition.board.chip_placement import distances, place_chips
from partition.geometry.blocks import Floats, Ints
from partition.hardware import LOIHI, Board
from partition.place import PLACERS
from partition.place.local_search import improve
from partition.traffic.unicast import TrafficGraph

GREEDY = {256: 4_434_759, 128: 5_183_827, 64: 5_563_190}
"""Spikes between crossbars of so many neurons. Source: SNNPartitioning/greedyClustering/greedyClustering.py, SpiNeMap,
revision a837888, set to 256 there; run with Python 3 and a faster look-up of the spikes of a synapse."""
BINDINGS = {"README, original": (2, ((0, 3), (5, 7), (2,), (4, 1))), "README, custom": (4, ((0, 1, 2, 3), (4, 5, 7)))}
"""Most actors on a tile (ours: no limit is given) and the actors of each tile. Source: README.md of DFSynthesizer."""
ANNEALING = 400


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    data = parser.parse_args(arguments).data
    neurons = spinemap_neurons(data / "connection_table.txt", data / "spike_table.txt")
    print(
        f"\nSpiNeMap, {neurons.blocks} neurons, {neurons.messages.nnz} synapses, {neurons.total:.0f} spikes on them: "
    )
    print("spikes between crossbars, a spike counted on each synapse\n")
    print(table(["crossbars", "published tool", *PLACERS, "ours, annealed"], [
        [f"{chips} of {size}", f"{found:,}", *placed(neurons, on(chips, size))]
        for size, found in GREEDY.items() for chips in [ceil(neurons.blocks / size)]
    ]))  # fmt: skip
    actors, names = dfsynthesizer(data / "LeNet-MNIST.xml")
    print(f"\nDFSynthesizer, LeNet-MNIST, {actors.blocks} clusters, {actors.total:.0f} tokens: tokens between tiles\n")
    print(table(["tiles", "published mapping", *PLACERS, "ours, annealed"], [
        [f"{len(tiles)} of {size} ({name})", f"{actors.interchip(binding(tiles, names)):,.0f}",
         *placed(actors, on(len(tiles), size))]
        for name, (size, tiles) in BINDINGS.items()
    ]))  # fmt: skip
    clusters = spinemap_clusters(data / "cluster.ir")
    print(f"\nSpiNeMap, {clusters.blocks} clusters, {clusters.total:.0f} spikes between them: spikes times hops,")
    print("each cluster on a crossbar of a mesh (its size is ours: the smallest that is nearly square)\n")
    print(table(["mesh", "published placer: mean of random places", "in order, row by row", "ours"], [hops(clusters)]))


def spinemap_neurons(connections: Path, spikes: Path) -> TrafficGraph:
    """One block for each neuron; a message is a spike on a synapse.

    ``connections``: a source, its targets, an empty line; ``spikes``: "neuron,spikes", the times of the spikes.
    """
    lines = spikes.read_text().splitlines()[::2]
    fired = {int(neuron): float(count) for neuron, count in (line.split(",") for line in lines)}
    rows = connections.read_text().splitlines()
    pairs = [(int(rows[i]), int(target)) for i in range(0, len(rows) - 1, 3) for target in rows[i + 1].split()]
    return graph(np.array(pairs), np.array([fired[source] for source, _ in pairs]), len(fired))


def spinemap_clusters(path: Path) -> TrafficGraph:
    """One block for each cluster; every line is a source, a target and the spikes from one to the other."""
    found = np.loadtxt(path, dtype=np.int64)
    _, pairs = np.unique(found[:, :2], return_inverse=True)
    pairs = pairs.reshape(-1, 2)
    return graph(pairs, found[:, 2].astype(float), int(pairs.max()) + 1)


def dfsynthesizer(path: Path) -> tuple[TrafficGraph, Mapping[int, int]]:
    """One block for each actor, and the block of each actor by its number; a message is a token of a channel.

    Every channel is written and read at the same rate, so in one iteration each actor fires once.
    """
    root = ElementTree.parse(path).getroot()
    rate = {(a.get("name"), p.get("name")): int(p.get("rate", "0")) for a in root.iter("actor") for p in a.iter("port")}
    ends = [
        [channel.get(key) for key in ("srcActor", "srcPort", "dstActor", "dstPort")] for channel in root.iter("channel")
    ]
    assert all(rate[a, p] == rate[b, q] for a, p, b, q in ends), "an actor fires more than once in an iteration"
    numbers = sorted(int((actor.get("name") or "").removeprefix("actor_")) for actor in root.iter("actor"))
    block = {number: i for i, number in enumerate(numbers)}
    pairs = [[block[int((end or "").removeprefix("actor_"))] for end in (a, b)] for a, _, b, _ in ends]
    return graph(np.array(pairs), np.array([float(rate[a, p]) for a, p, _, _ in ends]), len(block)), block


def graph(pairs: Ints, messages: Floats, blocks: int) -> TrafficGraph:
    matrix = sparse.coo_array((messages, (pairs[:, 0], pairs[:, 1])), shape=(blocks, blocks)).tocsr()
    matrix.sum_duplicates()
    one = ((0, 1), (0, 1), (0, 1))
    return TrafficGraph(("published",), np.zeros(blocks, np.int64), (one,) * blocks, matrix, np.zeros(blocks))


def on(chips: int, blocks: int, columns: int | None = None) -> Board:
    return Board("published", chips, columns or ceil(chips**0.5), "this file", chip=replace(LOIHI, cores=blocks))


def binding(tiles: Sequence[Sequence[int]], block: Mapping[int, int]) -> Ints:
    """The tile of each block."""
    chip = np.full(len(block), -1, np.int64)
    for tile, actors in enumerate(tiles):
        chip[[block[actor] for actor in actors]] = tile
    assert (chip >= 0).all(), "an actor is on no tile"
    return chip


def placed(traffic: TrafficGraph, board: Board) -> list[str]:
    """Messages between chips by every placer, then by annealing and descent from the last one's, ``local_search``."""
    found = {name: place(traffic, board, seed=0) for name, place in PLACERS.items()}
    ours = improve(traffic, board, found["local_search"], seed=0, annealing=ANNEALING)
    return [f"{traffic.interchip(chip):,.0f}" for chip in (*found.values(), ours)]


def hops(traffic: TrafficGraph) -> list[str]:
    columns = ceil(traffic.blocks**0.5)
    rows = ceil(traffic.blocks / columns)
    board = on(rows * columns, 1, columns)
    far = distances(board)
    at_random = traffic.total * float(far.sum()) / (board.chips * (board.chips - 1))
    edges = traffic.messages.tocoo()
    in_order = float(edges.data @ far[edges.coords[0], edges.coords[1]])
    ours = place_chips(traffic, np.arange(traffic.blocks), board, seed=0).weighted_hops
    return [f"{rows} x {columns}", f"{at_random:,.0f}", f"{in_order:,.0f}", f"{ours:,.0f}"]


if __name__ == "__main__":
    main(sys.argv[1:])
