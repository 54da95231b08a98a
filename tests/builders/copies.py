"""Random networks some of whose neurons are computed twice."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from partition.block import Copy
from partition.copies.core_use import core_use
from partition.copies.fits import Fits
from partition.copies.rectangles import Rectangles
from partition.core.synapse_lists import packings
from partition.geometry.blocks import counts
from partition.geometry.links import links_onto_chip
from partition.geometry.part import extent_of, into_part
from partition.geometry.tile import Slices
from partition.hardware import LOIHI
from tests.builders.random_networks import Case


def with_copies(case: Case, random: Random, tries: int = 12) -> Case:
    """The same case with copies of random rectangles of its layers, on random chips, packed in random ways."""
    network, partition = case.network, case.partition
    fits = Fits(network, links_onto_chip(network), LOIHI)
    rectangles = Rectangles(fits, partition.tiles)
    chips = sorted({block.chip for block in partition.blocks})
    copies: list[Copy] = []
    for _ in range(tries):
        if not fits.layers:
            break
        layer = random.choice(fits.layers)
        slices = random_rectangle(random, network.shape_of(layer), partition.tiles[layer])
        parts = [into_part(link, slices) for link in fits.inward[layer]]
        packing = random.choice(packings(parts, extent_of(slices)))
        fit = core_use(fits.inward[layer], slices, packing, LOIHI).fits(LOIHI)
        if fit and rectangles.same_integers(layer, slices):
            core = len(partition.blocks) + len(copies)
            copies.append(Copy(layer, slices, random.choice(chips), core, packing))
    return replace(case, partition=replace(partition, copies=tuple(copies)))


def random_rectangle(random: Random, shape: tuple[int, int, int], tile: tuple[int, int, int]) -> Slices:
    """Neurons of one tile of channels."""

    def ends(size: int) -> tuple[int, int]:
        first = random.randrange(size)
        return first, random.randint(first + 1, size)

    first = random.randrange(counts(shape, tile)[2]) * tile[2]
    return ends(shape[0]), ends(shape[1]), (first, min(first + tile[2], shape[2]))
