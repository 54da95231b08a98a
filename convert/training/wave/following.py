"""Images behind each other: host neurons that clear each layer between its last step for an image and the next's first.

The next image can come once no layer gets anything of it before it has been cleared. What reaches a layer over a
shorter path is there before the layer's window, by its skew: the period is steps + largest skew + what clearing takes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.errors import UserError
from convert.network import (
    BIAS_SOURCE_LAYER,
    INPUT,
    Array,
    Clearing,
    Network,
    Population,
    Projection,
    Shape,
    Sparse,
    host_population,
)
from convert.network.chip_integers import LARGEST, UNIT, core_scale
from convert.network.clearing import SHALLOWEST, Core, axons_of, drives_down, settled, weights_of
from convert.network.transforms import SharedKernel

from .schedule import busy_steps

WHOLE = 50_000
"""Weights of all channels of one pixel that a core may hold: only the partition knows, and more axons do no harm."""


def let_images_follow(network: Network) -> Network:
    """``network``, whose image is shown for a few steps, with the host neurons that clear its layers, and its period.

    Raises ``UserError`` if its voltages have too high a floor.
    """
    steps = network.input_end_step
    assert steps is not None, "the host never falls silent"
    floor = max(p.neuron.floor for p in network.chip_populations)
    if floor > SHALLOWEST:
        raise UserError(
            f"images cannot follow each other with a floor of {floor:g} thresholds, from which no few steps clear a "
            f"layer; use --vmin {SHALLOWEST:g} or less, or leave out --follow"
        )
    downs, busy = drives_down(floor), busy_steps(network, steps)
    sources: defaultdict[tuple[Clearing, int], list[Population]] = defaultdict(list)
    reached = [p for p in network.chip_populations if _largest_weights(network, p).size]
    for p in reached:
        for kind, start in ((Clearing.DOWN, 0), (Clearing.FLOOR, downs - 1), (Clearing.LIFT, downs)):
            sources[kind, busy[p.name].stop + start].append(p)
    parts = [_source(network, kind, start, downs, targets) for (kind, start), targets in sources.items()]
    skew = max(busy[p.name].start - busy[p.name].first for p in network.chip_populations)
    return replace(
        network,
        populations=(*(source for source, _ in parts), *network.populations),
        projections=(*network.projections, *(projection for _, brought in parts for projection in brought)),
        period=steps + skew + settled(downs),
    )


def _source(
    network: Network, kind: Clearing, start: int, downs: int, targets: list[Population]
) -> tuple[Population, list[Projection]]:
    """The host population that drives ``targets`` from step ``start`` on, and what it brings; a spike takes a step."""
    weights = {p.name: _thresholds(network, p, downs)[kind] for p in targets}
    axons = max(map(len, weights.values()))
    stop = start + (downs if kind is Clearing.DOWN else 1)
    hz = 1 / network.dt_s
    name = f"{kind.value}@{start}"
    source = host_population(name, BIAS_SOURCE_LAYER, np.full((1, 1, axons), hz), hz, start - 1, stop - 1)
    projections = []
    for p in targets:
        matrix = np.zeros((p.neurons, axons))
        matrix[:, : len(weights[p.name])] = weights[p.name]
        projections.append(Projection(name, p.name, Sparse(sparse.csr_array(matrix))))
    return replace(source, clearing=kind), projections


def _thresholds(network: Network, population: Population, downs: int) -> dict[Clearing, Array]:
    """The weight in thresholds of every axon that clears ``population``, on cores with its largest weight.

    The axons are enough for any core that holds all channels of some pixels, and where that is too much, for any.
    """
    largest = _largest_weights(network, population)
    cores = {float(m): _core(m, population.neuron.floor, network.dt_s) for m in np.unique(largest)}
    needed = [axons_of(core, downs) for core in cores.values()]
    axons = {kind: max(n[kind] for n in needed) for kind in Clearing}
    most = float(largest.max())
    found = weights_of(cores[most], downs, axons)
    if found is None:
        raise UserError(
            f"layer '{population.name}': no drive clears its neurons, whose largest weight is "
            f"{most * network.dt_s:.3g} thresholds; leave out --follow"
        )
    return {kind: np.array(steps) * (2 * most / LARGEST * network.dt_s) for kind, steps in found.items()}


def _core(largest: np.float32, floor: float, dt_s: float) -> Core:
    scale = core_scale(largest, floor, dt_s)
    return Core(scale.threshold, 1 - scale.floor, 2 * UNIT)


def _largest_weights(network: Network, population: Population) -> NDArray[np.float32]:
    """The largest weights over dt that reach parts of ``population`` of which a core may hold one alone, above 0.

    These are all channels of a pixel, or one channel of it where all of them have more weights than ``WHOLE``.
    """
    found, weights = np.zeros(population.shape), 0
    for p in network.into(population.name):
        if p.source == INPUT:
            continue
        shape = network.shape_of(p.source)
        if isinstance(p.transform, SharedKernel):
            found = np.maximum(found, _of_kernel(p.transform, shape, population.shape))
            weights += p.transform.kernel.size
        else:
            matrix = abs(p.transform.as_matrix(shape, population.shape))
            found = np.maximum(found, matrix.max(axis=1).toarray().reshape(population.shape))
            weights += matrix.nnz // (population.shape[0] * population.shape[1])
    if weights <= WHOLE:
        found = found.max(axis=2)
    return (found[found > 0] / network.dt_s).astype(np.float32)


def _of_kernel(transform: SharedKernel, source: Shape, target: Shape) -> Array:
    """The largest weight of each target neuron among the taps that reach it."""
    size = np.abs(transform.kernel).max(axis=2)
    rows, columns = (
        np.array([(taps == tap).any(axis=0) for tap in range(n)])
        for taps, n in zip(transform.axes(source, target), size.shape, strict=False)
    )
    along = (size[:, :, None] * columns[:, :, None]).max(axis=1)
    return np.asarray((along[:, None] * rows[:, :, None, None]).max(axis=0))
