"""What clears a layer between two images, on the cores that hold it: its weights depend on their integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from convert.errors import UserError
from convert.network import Clearing, Network, Population, Projection, Sparse
from convert.network.chip_integers import LARGEST, UNIT_BITS, CoreScale
from convert.network.clearing import Core, weights_of
from deploy.arrays import Float64, Int64
from partition.geometry.blocks import block_of_neuron
from partition.geometry.tile import Tile

from .integers import core_scales


def with_fitted_clearing(network: Network, tiles: Mapping[str, Tile]) -> Network:
    """``network`` whose host populations that clear layers bring what the cores of ``tiles`` need; else the same.

    Raises ``UserError`` if they have too few axons for that.
    """
    kinds = {p.name: p.clearing for p in network.populations if p.clearing is not None}
    if not kinds:
        return network
    fitted: dict[int, Projection] = {}
    problems = []
    for population in network.chip_populations:
        theirs = {kinds[p.source]: (i, p) for i, p in enumerate(network.projections) if _clears(p, population, kinds)}
        if not theirs:  # nothing reaches it
            continue
        found = _Fit(network, population, tiles[population.name], theirs).weights()
        if found is None:
            problems.append(
                f"layer '{population.name}': on these cores its largest weights are too small for what clears it "
                f"between images, {sum(_axons(p) for _, p in theirs.values())} axons; use tiles with all channels of "
                "it, or convert without --follow"
            )
            continue
        for kind, (place, projection) in theirs.items():
            fitted[place] = replace(projection, transform=projection.transform.with_weights(found[kind].ravel()))
    if problems:
        raise UserError(problems)
    return network.with_(projections=tuple(fitted.get(i, p) for i, p in enumerate(network.projections)))


def _clears(projection: Projection, population: Population, kinds: Mapping[str, Clearing]) -> bool:
    return projection.target == population.name and projection.source in kinds


def _matrix(projection: Projection) -> sparse.csr_array:
    """Shape (neurons, the source's): its first ones, the axons, reach all neurons."""
    assert isinstance(projection.transform, Sparse)
    return projection.transform.matrix


def _axons(projection: Projection) -> int:
    return int(_matrix(projection).indices.max()) + 1


@dataclass(frozen=True)
class _Fit:
    """One layer and what clears it."""

    network: Network
    population: Population
    tile: Tile
    projections: Mapping[Clearing, tuple[int, Projection]]

    def weights(self) -> dict[Clearing, Float64] | None:
        """In thresholds, shape (neurons, axons) each; None if there are too few axons."""
        down = self.network.population(self.projections[Clearing.DOWN][1].source)
        assert down.end_step is not None
        downs = down.end_step - down.onset_step
        axons = {kind: _axons(p) for kind, (_, p) in self.projections.items()}
        scales, of_block = core_scales(self.network, self.population, self.tile, without=self._sources)
        by_scale = [_in_thresholds(scale, downs, axons, self.network.dt_s) for scale in scales]
        of_neuron: Int64 = of_block.ravel()[block_of_neuron(self.population.shape, self.tile)]
        if any(by_scale[g] is None for g in np.unique(of_neuron)):
            return None
        known = [found or {} for found in by_scale]
        return {kind: np.array([k.get(kind, [0.0] * n) for k in known])[of_neuron] for kind, n in axons.items()}

    @property
    def _sources(self) -> frozenset[str]:
        return frozenset(p.source for _, p in self.projections.values())


def _in_thresholds(
    scale: CoreScale, downs: int, axons: dict[Clearing, int], dt_s: float
) -> dict[Clearing, list[float]] | None:
    """The weights of one core's axons: none where nothing else reaches it."""
    if scale.largest <= 0:
        return {kind: [0.0] * n for kind, n in axons.items()}
    core = Core(scale.threshold, 1 - scale.floor, 2 * int(2.0 ** (UNIT_BITS + scale.exponent)))
    found = weights_of(core, downs, axons)
    if found is None:
        return None
    step = 2 * float(scale.largest) / LARGEST * dt_s
    return {kind: [steps * step for steps in parts] for kind, parts in found.items()}
