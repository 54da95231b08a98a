"""Messages per time step between blocks, from geometry and firing rates.

Loihi 1 is unicast: a spike is sent once to every core on which it has a synapse, and once for each projection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network import Network, Population
from partition.geometry.blocks import Floats, Ints, block_of_neuron, cores, counts, starts
from partition.geometry.links import Link, Taps, reach
from partition.geometry.matrix_blocks import pairs
from partition.geometry.tile import Slices, Tile, tile_slices

SILENT = 1e-16
"""Messages of a connection whose neurons never fire, so that it still counts as one. Source: nengo_loihi/hardware/
allocators.py, ``estimate_interblock_activity``."""

Edges = tuple[Ints, Ints, Floats]
"""(source block, target block, messages per time step), numbered within the two populations of a link."""


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
        """Messages between two blocks in both directions."""
        both = (self.messages + self.messages.T).tocsr()
        both.sort_indices()
        return both

    @property
    def total(self) -> float:
        """Messages per time step between different cores, those between chips included."""
        return float(self.messages.sum())

    def interchip(self, chip: Ints) -> float:
        """Messages per time step between blocks on different chips, ``chip[i]`` being the chip of block i."""
        edges = self.messages.tocoo()
        return float(edges.data[chip[edges.coords[0]] != chip[edges.coords[1]]].sum())

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
    known: dict[tuple[int, Tile, Tile], Edges] | None = None,
) -> TrafficGraph:
    """The traffic of ``network`` cut by ``tiles``; ``rates_hz`` maps each population to rates of its shape.

    ``known`` keeps the edges of (number of the link, source tile, target tile) from call to call.
    """
    known = {} if known is None else known
    chip_populations = network.chip_populations
    sizes = [cores(p.shape, tiles[p.name]) for p in chip_populations]
    offset = dict(zip((p.name for p in chip_populations), np.cumsum([0, *sizes]).tolist(), strict=False))
    sources, targets, weights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    from_host = np.zeros(sum(sizes))
    for number, link in enumerate(links):
        source = network.population(link.source)
        source_tile = tiles[link.source] if source.on_chip else source.shape
        key = (number, source_tile, tiles[link.target])
        if key not in known:
            rates = np.asarray(rates_hz[link.source], np.float64).reshape(source.shape) * network.dt_s
            known[key] = edges(link, source_tile, tiles[link.target], rates)
        i, j, messages = known[key]
        if not source.on_chip:
            np.add.at(from_host, j + offset[link.target], messages)
            continue
        sources.append(i + offset[link.source])
        targets.append(j + offset[link.target])
        weights.append(messages)
    blocks = sum(sizes)
    where = (np.concatenate(sources), np.concatenate(targets))
    graph = sparse.coo_array((np.concatenate(weights), where), shape=(blocks, blocks)).tocsr()
    graph.sum_duplicates()
    return TrafficGraph(
        layers=tuple(p.name for p in chip_populations),
        layer=np.repeat(np.arange(len(sizes)), sizes),
        slices=tuple(s for p in chip_populations for s in tile_slices(p.shape, tiles[p.name])),
        messages=graph,
        from_host=from_host,
    )


def edges(link: Link, source_tile: Tile, target_tile: Tile, rates: Floats) -> Edges:
    """(source block, target block, messages) for every pair of blocks that ``link`` connects.

    ``rates`` are spikes per time step, of the source's shape.
    """
    if link.rows is None or link.columns is None:
        return _discrete_edges(link, source_tile, target_tile, rates)
    row_sum, row_source, row_target = _axis(link.rows, source_tile[0], target_tile[0])
    col_sum, col_source, col_target = _axis(link.columns, source_tile[1], target_tile[1])
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


def _axis(taps: Taps, source_step: int, target_step: int) -> tuple[Floats, Ints, Ints]:
    """The connected pairs of tiles along one axis: which positions count for each, its source tile, its target tile."""
    position, target = np.nonzero(reach(taps, target_step))
    tiles = -(-taps.shape[1] // target_step)
    pair, which = np.unique((position // source_step) * tiles + target, return_inverse=True)
    member = np.zeros((len(pair), len(taps)))
    member[which, position] = 1.0
    return member, pair // tiles, pair % tiles


def _discrete_edges(link: Link, source_tile: Tile, target_tile: Tile, rates: Floats) -> Edges:
    found = pairs(link, target_tile)
    targets = cores(link.target_shape, target_tile)
    key, which = np.unique(
        block_of_neuron(link.source_shape, source_tile)[found.source] * targets + found.block, return_inverse=True
    )
    messages = np.bincount(which, weights=rates.ravel()[found.source], minlength=len(key))
    return key // targets, key % targets, np.asarray(messages + SILENT, np.float64)


def check_rates(
    populations: Sequence[Population], rates_hz: Mapping[str, NDArray[np.floating[Any]]], what: str = "rates"
) -> list[str]:
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
