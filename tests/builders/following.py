"""Random networks whose image is shown for a few steps, and through which image follows image."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from convert.network import Neuron
from convert.training.wave.following import let_images_follow
from convert.training.wave.schedule import Wave
from partition.geometry.tile import Tile, tile_slices
from partition.result import Block, Partition
from tests.builders.boards import row_of_chips
from tests.builders.random_networks import Case, random_case


def following_case(random: Random, images: int = 6) -> Case:
    """A network of 2 to 5 chip populations with shortcuts, random floors and steps, cut along rows and columns."""
    case = random_case(random, images)
    rng = np.random.default_rng(random.randrange(2**32))
    floor, steps = random.choice([-0.5, -1.0, -2.0, -5.0]), random.randint(2, 9)
    populations = tuple(
        replace(p, neuron=Neuron(floor=floor), synapse_s=0.0, bias_hz=rng.normal(40, 80, p.shape)) if p.on_chip else p
        for p in case.network.populations
    )
    plain = case.network.with_(populations=populations)
    pulses = {p.name: rng.uniform(0, 0.5, p.shape) for p in plain.chip_populations}
    network = let_images_follow(Wave(plain, steps, pulses).delivered())
    size = (images, network.population("host").neurons)
    drives_hz = {"host": rng.uniform(0, 900, size) * (rng.random(size) < 0.7)}
    for p in network.populations:
        if not p.on_chip and p.name != "host":
            drives_hz[p.name] = np.tile(p.bias_hz.ravel(), (images, 1))
    return Case(network, rows_and_columns(random, network), drives_hz)


def rows_and_columns(random: Random, network) -> Partition:
    """Blocks that hold all channels of some rows and columns."""
    tiles: dict[str, Tile] = {}
    for p in network.chip_populations:
        rows, columns = (min(n, random.choice([2, 3, n, n])) for n in p.shape[:2])
        tiles[p.name] = (rows, columns, p.shape[2])
    cut = [(p.name, slices) for p in network.chip_populations for slices in tile_slices(p.shape, tiles[p.name])]
    blocks = tuple(Block(name, slices, 0, core) for core, (name, slices) in enumerate(cut))
    return Partition(row_of_chips(1), tiles, blocks)
