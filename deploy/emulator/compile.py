"""Network and Partition -> ``Program``: strips, classes of rows, thresholds, biases and links."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.network import Network, Population, Shape
from convert.network.neuron import DECAY_ONE
from deploy.arrays import Int32, Int64
from deploy.events.fan_out import Fanout, compartments_of_cores, fanouts
from partition.geometry.blocks import starts
from partition.geometry.tile import Tile
from partition.result import Partition

from .clearing import with_fitted_clearing
from .integers import KernelIntegers, PopulationIntegers, discretize
from .links import layer_links
from .program import ChipLayer, EventLayer, HostLayer, Layer, Program, padded

STRIP_NEURONS = 8192
"""Neurons in a strip: few enough for the second-level cache, enough rows that few spikes are wanted by two strips."""

NEVER = int(np.iinfo(np.int32).max)
"""The threshold of the places that pad a row, and the end of a drive that has none."""


def compile_network(network: Network, partition: Partition) -> Program:
    """The program of ``network`` on the cores of ``partition``, with exactly nengo_loihi's integers."""
    if set(partition.tiles) != {population.name for population in network.chip_populations}:
        raise UserError("the partition does not cut this network's layers; run partition-model on this bundle again")
    network = with_fitted_clearing(network, partition.tiles)
    integers = discretize(network, partition.tiles)
    tables = fanouts(network, partition)
    layers: dict[str, Layer] = {}
    for population in network.populations:
        name, shape, fanout = population.name, population.shape, tables[population.name]
        if population.on_chip:
            layers[name] = _chip_layer(population, partition, integers[name], fanout, layers)
        else:
            strips = _strips(shape, np.zeros(shape[0], np.int64))
            end = NEVER if population.end_step is None else population.end_step
            kind = EventLayer if network.replays(population) else HostLayer
            layers[name] = kind(name, shape, strips, fanout, network.dt_s, population.onset_step, end)
    outputs = {readout.name for readout in network.readouts}
    readouts = dict.fromkeys(p.source for p in network.projections if p.target in outputs)
    return Program(
        tuple(layers.values()),
        tuple(readouts),
        network.dt_s,
        network.timesteps,
        compartments_of_cores(partition),
        network.period,
        network.first_steps(),
    )


def _chip_layer(
    population: Population,
    partition: Partition,
    integers: PopulationIntegers,
    fanout: Fanout,
    layers: dict[str, Layer],
) -> ChipLayer:
    name, shape, tile = population.name, population.shape, partition.tiles[population.name]
    of_row, first_rows = _row_classes(shape, tile, integers)
    strips = _strips(shape, of_row)
    rows, length = shape[0], shape[1] * shape[2]
    vth, vmin, bias = (np.zeros((n, padded(length)), np.int32) for n in (len(first_rows), len(first_rows), rows))
    vth[:, length:] = NEVER
    vth[:, :length] = integers.vth.reshape(rows, length)[first_rows]
    vmin[:, :length] = integers.vmin.reshape(rows, length)[first_rows]
    bias[:, :length] = integers.bias.reshape(rows, length)
    if (bias == bias[0]).all():
        bias = bias[:1]
    links = layer_links(integers, tile, first_rows, strips, layers)
    decay, kept = DECAY_ONE - 1 - integers.decay_u, DECAY_ONE - integers.decay_v
    return ChipLayer(name, shape, strips, fanout, vth, vmin, bias, decay, kept, links, partition.compartments(name))


def _row_classes(shape: Shape, tile: Tile, integers: PopulationIntegers) -> tuple[Int64, Int64]:
    """The class of each row, and the first row of each class: rows of a class have the same thresholds and kernels."""
    rows = starts(shape[0], tile[0])
    kernels = [v.of_block for _, v in integers.links if isinstance(v, KernelIntegers)]
    features: list[NDArray[np.generic]] = [integers.vth[rows], integers.vmin[rows], *kernels]
    of_tile: list[int] = []
    first: list[int] = []
    known: dict[bytes, int] = {}
    for i, row in enumerate(rows):
        key = b"".join(feature[i].tobytes() for feature in features)
        if key not in known:
            known[key] = len(first)
            first.append(int(row))
        of_tile.append(known[key])
    return np.array(of_tile)[np.arange(shape[0]) // tile[0]], np.array(first)


def _strips(shape: Shape, of_row: Int64) -> Int32:
    """Strips of about ``STRIP_NEURONS`` neurons that end where the class of rows changes."""
    height = max(1, STRIP_NEURONS // (shape[1] * shape[2]))
    strips: list[tuple[int, int, int]] = []
    for first, end in pairwise([0, *(np.flatnonzero(np.diff(of_row)) + 1).tolist(), shape[0]]):
        pieces = -(-(end - first) // height)
        cuts = np.linspace(first, end, pieces + 1).round().astype(int).tolist()
        strips += [(a, b, int(of_row[a])) for a, b in pairwise(cuts)]
    return np.array(strips, np.int32)
