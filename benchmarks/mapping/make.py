"""Makes the instances.

    python -m benchmarks.mapping.make                            the classics, the same bytes each time
    python -m benchmarks.mapping.make --bundle NAME BUNDLE       the blocks of a partitioned bundle, on as many chips

The hypergraph of a bundle has the tiles of its partition and the mean rates of its calibration.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from convert.bundle import load_network, load_rates
from convert.network import Network
from partition.geometry.blocks import Ints, cores
from partition.hardware import LOIHI, chips_for
from partition.place.local_search import improve
from partition.result import read_partition

from .classics import alexnet, eight_layers, lenet, rates_hz, vgg
from .cut import blocks_on_chips, neurons_on_cores, usual_tiles
from .instance import FOLDER, Instance, write
from .methods import ANNEALING, HEATS, as_traffic, board_of
from .standings import take_value

COMMAND = "python -m benchmarks.mapping.make"
Design = tuple[str, Callable[[], Network]]
ON_CHIPS: dict[str, Design] = {
    "alexnet-chips": ("AlexNet-like, 32 x 32 pixels, seeded rates, tiles by hand", partial(alexnet, 64)),
    "vgg-chips": ("VGG-11-like, 32 x 32 pixels, seeded rates, tiles by hand", partial(vgg, 64)),
    "cnn8-chips": ("eight layers, 128 x 128 pixels, seeded rates, tiles by hand", partial(eight_layers, 128)),
}
ON_CORES: dict[str, Design] = {
    "lenet-cores": ("LeNet-like, 32 x 32 pixels, seeded rates", lenet),
    "cnn8-cores": ("eight layers, 28 x 28 pixels, seeded rates", partial(eight_layers, 28)),
    "alexnet-cores": ("AlexNet-like of half the width, 32 x 32 pixels, seeded rates", partial(alexnet, 32)),
    "vgg-cores": ("VGG-11-like of half the width, 32 x 32 pixels, seeded rates", partial(vgg, 32)),
}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", nargs=2, metavar=("NAME", "BUNDLE"))
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    made = [of_bundle(*options.bundle)] if options.bundle else [classic(name) for name in (*ON_CHIPS, *ON_CORES)]
    for instance in made:
        write(instance, options.out)
    if options.bundle and options.out == FOLDER:
        take_value(made[0], annealed_on(made[0], Path(options.bundle[1])), "partition-model, annealed")
    for instance in made:
        graph = instance.graph
        print(f"{instance.facts.name}: {graph.vertices} vertices, {graph.hyperedges} hyperedges, {len(graph.pin)} pins")


def classic(name: str) -> Instance:
    """The classic ``name``; the same each time."""
    if name in ON_CORES:
        about, design = ON_CORES[name]
        network = design()
        return neurons_on_cores(name, about, COMMAND, network, rates_hz(network))
    about, design = ON_CHIPS[name]
    network = design()
    tiles = usual_tiles(network)
    blocks = sum(cores(p.shape, tiles[p.name]) for p in network.chip_populations)
    return blocks_on_chips(name, about, COMMAND, network, tiles, rates_hz(network), chips_for(blocks, LOIHI))


def of_bundle(name: str, bundle: str) -> Instance:
    """The blocks of the partition in ``bundle`` on as many chips as it has."""
    network, found = load_network(bundle), read_partition(Path(bundle) / "partition.json")
    rates = {population: np.asarray(values, np.float64) for population, values in load_rates(bundle).items()}
    about = f"{name}, a bundle's network, tiles of partition-model, rates of calibration"
    command = f"{COMMAND} --bundle {name} BUNDLE"
    return blocks_on_chips(name, about, command, network, found.tiles, rates, found.chips)


def annealed_on(instance: Instance, bundle: Path) -> Ints:
    """The chips of the partition in ``bundle`` after more annealing."""
    chip = np.array([block.chip for block in read_partition(bundle / "partition.json").blocks])
    graph, board = as_traffic(instance), board_of(instance)
    return improve(graph, board, chip, seed=0, annealing=2 * ANNEALING, heat=HEATS[0])


if __name__ == "__main__":
    main(sys.argv[1:])
