"""Messages per time step between blocks, from geometry and firing rates.

Loihi 1 is unicast: a spike is sent once to every core on which it has a synapse, and once for each projection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network import Network, Population
from partition.geometry.blocks import Floats, Ints, block_of_neuron, cores, counts, starts
from partition.geometry.links import Bools, KernelLink, Link, MatrixLink, SinglesLink
from partition.geometry.tile import Slices, Tile, tile_slices

Rates = Mapping[str, NDArray[np.floating[Any]]]
"""A rate in Hz of every neuron by population, each of the population's shape."""

SILENT = 1e-16
"""Messages of a connection whose neurons never fire, so that it still counts as one. Source: nengo_loihi/hardware/
allocators.py, ``estimate_interblock_activity``."""

Edges = tuple[Ints, Ints, Floats]
"""(source block, target block, messages per time step), numbered within the two populations of a link."""

EdgeCache = dict[tuple[int, Tile, Tile], Edges]
"""Edges by (number of the link, source tile, target tile)."""


class Adjacency(NamedTuple):
    """Who exchanges messages with whom: block i has the entries ``first[i]`` to ``first[i + 1]``.

    ``other`` is the block at the far end of each entry, ``weight`` the messages per time step in both directions.
    """

    first: Ints
    other: Ints
    weight: Floats


@dataclass(frozen=True)
class TrafficGraph:
    """Blocks of all chip populations in the network's order and the messages per time step between them.

    ``layer`` numbers the population of each block in ``layers``; ``messages[i, j]`` goes from block i to block j;
    ``from_host[j]`` are those that the host sends to block j.
    """

    layers: tuple[str, ...]
    layer: Ints
    slices: tuple[Slices, ...]
    messages: sparse.csr_array
    from_host: Floats

    @property
    def blocks(self) -> int:
        return len(self.slices)

    @property
    def host(self) -> float:
        """Messages per time step from the host to cores."""
        return float(self.from_host.sum())

    @cached_property
    def symmetric(self) -> sparse.csr_array:
        """Messages between two different blocks in both directions."""
        between = self.messages - sparse.diags_array(self.messages.diagonal())
        both = (between + between.T).tocsr()
        both.eliminate_zeros()
        both.sort_indices()
        return both

    @cached_property
    def adjacency(self) -> Adjacency:
        """``symmetric`` as arrays for compiled functions."""
        both = self.symmetric
        return Adjacency(both.indptr.astype(np.int64), both.indices.astype(np.int64), both.data)

    @property
    def total(self) -> float:
        """Messages per time step that cores send each other, those between chips included, or themselves."""
        return float(self.messages.sum())

    def interchip(self, chip: Ints) -> float:
        """Messages per time step between blocks on different chips, ``chip[i]`` being the chip of block i."""
        edges = self.messages.tocoo()
        return float(edges.data[chip[edges.coords[0]] != chip[edges.coords[1]]].sum())

    def interchip_of_layers(self, chip: Ints) -> dict[str, float]:
        """The same by the layer that sends them."""
        edges = self.messages.tocoo()
        crosses = chip[edges.coords[0]] != chip[edges.coords[1]]
        sent = np.bincount(self.layer[edges.coords[0]], edges.data * crosses, minlength=len(self.layers))
        return dict(zip(self.layers, sent.tolist(), strict=True))

    def between_chips(self, chip: Ints, chips: int) -> Floats:
        """Shape (chips, chips): messages per time step from chip to chip, zero on the diagonal."""
        edges = self.messages.tocoo()
        links = np.zeros((chips, chips))
        np.add.at(links, (chip[edges.coords[0]], chip[edges.coords[1]]), edges.data)
        np.fill_diagonal(links, 0.0)
        return links


def traffic(
    network: Network,
    links: Sequence[Link],
    tiles: Mapping[str, Tile],
    rates_hz: Mapping[str, Floats],
    *,
    prices: Sequence[float] | None = None,
    known_edges: EdgeCache | None = None,
) -> TrafficGraph:
    """The traffic of ``network`` cut by ``tiles``; ``rates_hz`` maps each population to rates of its shape.

    ``prices`` are what a message over each link counts, 1 if not given. ``known_edges`` keeps edges from call to call,
    for the same links and rates.
    """
    cache: EdgeCache = {} if known_edges is None else known_edges
    chip_populations = network.chip_populations
    sizes = [cores(p.shape, tiles[p.name]) for p in chip_populations]
    first = dict(zip((p.name for p in chip_populations), np.cumsum([0, *sizes]).tolist(), strict=False))
    between: list[Edges] = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    from_host = np.zeros(sum(sizes))
    for number, link in enumerate(links):
        source = network.population(link.source)
        key = (number, tiles[link.source] if source.on_chip else source.shape, tiles[link.target])
        if key not in cache:
            rates = np.asarray(rates_hz[link.source], np.float64).reshape(source.shape) * network.dt_s
            cache[key] = edges(link, *key[1:], rates)
        i, j, messages = cache[key]
        if source.on_chip:
            price = 1.0 if prices is None else prices[number]
            between.append((i + first[link.source], j + first[link.target], price * messages))
        else:
            np.add.at(from_host, j + first[link.target], messages)
    return TrafficGraph(
        layers=tuple(p.name for p in chip_populations),
        layer=np.repeat(np.arange(len(sizes)), sizes),
        slices=tuple(s for p in chip_populations for s in tile_slices(p.shape, tiles[p.name])),
        messages=_summed(between, sum(sizes)),
        from_host=from_host,
    )


def _summed(between: Sequence[Edges], blocks: int) -> sparse.csr_array:
    """Shape (blocks, blocks): the messages of all edges, those between the same two blocks added."""
    source, target, messages = (np.concatenate(parts) for parts in zip(*between, strict=True))
    graph = sparse.coo_array((messages, (source, target)), shape=(blocks, blocks)).tocsr()
    graph.sum_duplicates()
    return graph


@singledispatch
def edges(link: Link, source_tile: Tile, target_tile: Tile, rates: Floats) -> Edges:
    """(source block, target block, messages) for every pair of blocks that ``link`` connects.

    ``rates`` are spikes per time step, of the source's shape.
    """
    raise TypeError(f"no edges of a {type(link).__name__}")


@edges.register
def _(link: KernelLink, source_tile: Tile, target_tile: Tile, rates: Floats) -> Edges:
    row_sum, row_source, row_target = _axis(link.reach(0, target_tile[0]), source_tile[0])
    col_sum, col_source, col_target = _axis(link.reach(1, target_tile[1]), source_tile[1])
    channels = np.add.reduceat(rates, starts(rates.shape[2], source_tile[2]), axis=2)
    by_row = np.tensordot(row_sum, channels, axes=(1, 0))
    messages = np.einsum("qx,pxc->pqc", col_sum, by_row, optimize=True)
    _, n_columns, n_channels = counts(link.source_shape, source_tile)
    _, m_columns, m_channels = counts(link.target_shape, target_tile)
    source = (row_source[:, None] * n_columns + col_source[None, :])[:, :, None] * n_channels + np.arange(n_channels)
    target = (row_target[:, None] * m_columns + col_target[None, :])[:, :, None] * m_channels + np.arange(m_channels)
    full = (*messages.shape, m_channels)
    return (
        np.broadcast_to(source[..., None], full).ravel(),
        np.broadcast_to(target[:, :, None, :], full).ravel(),
        np.broadcast_to(messages[..., None], full).ravel() + SILENT,
    )


def _axis(reached: Bools, source_step: int) -> tuple[Floats, Ints, Ints]:
    """The connected pairs of tiles along one axis: which positions count for each, its source tile, its target tile.

    ``reached`` has shape (source positions, target tiles).
    """
    positions, tiles = reached.shape
    position, target = np.nonzero(reached)
    pair, which = np.unique((position // source_step) * tiles + target, return_inverse=True)
    member = np.zeros((len(pair), positions))
    member[which, position] = 1.0
    return member, pair // tiles, pair % tiles


@edges.register
def _(link: SinglesLink, source_tile: Tile, target_tile: Tile, rates: Floats) -> Edges:
    axes = [_axis(link.reach(axis, target_tile[axis]), source_tile[axis]) for axis in range(3)]
    messages = np.einsum("px,xyz->pyz", axes[0][0], rates, optimize=True)
    messages = np.einsum("qy,pyz->pqz", axes[1][0], messages, optimize=True)
    messages = np.einsum("rz,pqz->pqr", axes[2][0], messages, optimize=True)
    source, target = (
        np.ravel_multi_index(np.ix_(*(axis[end] for axis in axes)), counts(shape, tile)).ravel()
        for end, shape, tile in ((1, link.source_shape, source_tile), (2, link.target_shape, target_tile))
    )
    return source, target, messages.ravel() + SILENT


@edges.register
def _(link: MatrixLink, source_tile: Tile, target_tile: Tile, rates: Floats) -> Edges:
    neuron, block = link.pairs(target_tile)
    targets = cores(link.target_shape, target_tile)
    own = block_of_neuron(link.source_shape, source_tile)[neuron]
    key, which = np.unique(own * targets + block, return_inverse=True)
    messages = np.bincount(which, weights=rates.ravel()[neuron], minlength=len(key))
    return key // targets, key % targets, np.asarray(messages + SILENT, np.float64)


def check_rates(populations: Sequence[Population], rates_hz: Rates, what: str = "rates") -> list[str]:
    """What is wrong with ``rates_hz``, called ``what``, for these populations, one sentence for each problem."""
    problems = []
    for population in populations:
        rates = rates_hz.get(population.name)
        if rates is None:
            problems.append(f"{what} of layer '{population.name}' are missing; convert the model again")
        elif np.size(rates) != population.neurons or not np.isfinite(rates).all() or np.min(rates) < 0:
            problems.append(
                f"{what} of layer '{population.name}': need {population.neurons} finite numbers >= 0 in Hz, got "
                f"{np.size(rates)} values from {np.min(rates)} to {np.max(rates)}; convert the model again"
            )
    return problems
