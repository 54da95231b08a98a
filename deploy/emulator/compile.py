"""Network and Partition -> ``Program``: strips, classes of rows, thresholds, biases and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.network import Network, Population, Shape
from convert.network.loops import in_order
from convert.network.neuron import DECAY_ONE
from deploy.arrays import Int32, Int64
from deploy.events.fan_out import compartments_of_cores, fanouts
from partition.geometry.blocks import starts
from partition.geometry.tile import Tile
from partition.result import Partition

from .bounds import largest_current, sums_wrap
from .clearing import with_fitted_clearing
from .integers import KernelIntegers, PopulationIntegers, discretize
from .links import layer_links
from .program import ChipLayer, EventLayer, HostLayer, Layer, Program, padded

STRIP_NEURONS = 16384
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
    groups = in_order(network)
    strips = {p.name: _cut(p, partition, integers) for p in network.populations}
    plain = {p.name: Layer(p.name, p.shape, strips[p.name].strips, tables[p.name]) for p in network.populations}
    replayed = {p.name for p in network.populations if network.replays(p)}
    layers: list[Layer] = []
    for population in (p for group in groups for p in group.populations):
        name, layer = population.name, plain[population.name]
        if population.on_chip:
            own = _chip_layer(layer, partition, integers[name], strips[name].first_rows, plain)
            several = any(source in replayed for source in own.links.sources)
            if not several:
                bound = largest_current(integers[name])
                own = replace(own, largest_current=bound, sums_wrap=sums_wrap(integers[name]))
            layers.append(own)
        else:
            layers.append(_host_layer(layer, network, population))
    outputs = {readout.name for readout in network.readouts}
    readouts = dict.fromkeys(p.source for p in network.projections if p.target in outputs)
    return Program(
        tuple(layers),
        tuple(readouts),
        network.dt_s,
        network.timesteps,
        compartments_of_cores(partition),
        network.period,
        network.first_steps(),
        tuple(group.names for group in groups if group.loops),
    )


class _Cut(NamedTuple):
    """The strips of a population, and the first row of each of its classes of rows."""

    strips: Int32
    first_rows: Int64


def _cut(population: Population, partition: Partition, integers: Mapping[str, PopulationIntegers]) -> _Cut:
    shape, first_rows = population.shape, np.zeros(1, np.int64)
    of_row = np.zeros(shape[0], np.int64)
    if population.on_chip:
        of_row, first_rows = _row_classes(shape, partition.tiles[population.name], integers[population.name])
    return _Cut(_strips(shape, of_row), first_rows)


def _host_layer(layer: Layer, network: Network, population: Population) -> HostLayer:
    end = NEVER if population.end_step is None else population.end_step
    kind = EventLayer if network.replays(population) else HostLayer
    own = None if network.into(population.name) else np.float64(population.bias_hz).ravel()
    times = (network.dt_s, population.onset_step, end)
    return kind(layer.name, layer.shape, layer.strips, layer.fanout, *times, own)


def _chip_layer(
    layer: Layer, partition: Partition, integers: PopulationIntegers, first_rows: Int64, layers: Mapping[str, Layer]
) -> ChipLayer:
    name, shape, strips = layer.name, layer.shape, layer.strips
    rows, length = shape[0], shape[1] * shape[2]
    vth, vmin, bias = (np.zeros((n, padded(length)), np.int32) for n in (len(first_rows), len(first_rows), rows))
    vth[:, length:] = NEVER
    vth[:, :length] = integers.vth.reshape(rows, length)[first_rows]
    vmin[:, :length] = integers.vmin.reshape(rows, length)[first_rows]
    bias[:, :length] = integers.bias.reshape(rows, length)
    if (bias == bias[0]).all():
        bias = bias[:1]
    links = layer_links(integers, partition.tiles[name], first_rows, strips, layers)
    decay, kept = DECAY_ONE - 1 - integers.decay_u, DECAY_ONE - integers.decay_v
    return ChipLayer(
        name, shape, strips, layer.fanout, vth, vmin, bias, decay, kept, links, partition.compartments(name)
    )


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
