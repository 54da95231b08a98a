"""Waves that were trained, as networks: a ResNet-20's populations with other weights, biases and windows.

``weights/NAME.npz`` has for each population its ``kernel`` (rows, columns, inputs, outputs), ``bias`` and ``pulse`` in
thresholds a step by channel, where there is one the weights of its ``shortcut``, and the readout's, a ``kernel`` of the
mean over pixels or a ``matrix`` of all; for the first one the ``mean`` and ``deviation`` that normalize pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network import (
    BIAS_SOURCE_LAYER,
    INPUT,
    Convolution,
    Network,
    Neuron,
    Population,
    Projection,
    Sparse,
    Transform,
    host_population,
)
from partition.block import Block
from partition.geometry.tile import tile_slices
from partition.result import Partition

FLOOR = -2.0
"""Of voltages, in thresholds."""
FIRST_TILE = (16, 4, 16)
"""Of the first layer on the chip: all channels, for training takes a core's integers from all of them."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedWave:
    """Weights by population and what they are of, and for how many ``steps`` an image is shown."""

    weights: dict[str, Array]
    steps: int

    @classmethod
    def read(cls, path: Path, steps: int) -> TrainedWave:
        with np.load(path) as arrays:
            return cls({name: arrays[name].astype(np.float64) for name in arrays.files}, steps)

    def trained_on(self, network: Network) -> TrainedWave:
        """What ``network`` has learned, whose training started from these weights; its first layer learns nothing."""
        weights: dict[str, Array] = {}
        for p in network.projections:
            if p.source == INPUT:
                weights |= {name: of for name, of in self.weights.items() if name.startswith(p.target + "/")}
                continue
            transform = p.transform
            if p.target == "logits":
                weights["logits/matrix"] = transform.as_matrix(network.shape_of(p.source), (1, 1, 10)).toarray()
                weights["logits/matrix"] /= network.dt_s
            elif p.source.split("@")[0] in {"bias", "pulse"}:
                column = transform.as_matrix((1, 1, 1), network.shape_of(p.target)).toarray().ravel()
                weights[f"{p.target}/{p.source.split('@')[0]}"] = column[: network.shape_of(p.target)[2]]
            elif isinstance(transform, Convolution):
                one_pixel = transform.kernel.shape[:2] == (1, 1)
                kernel = transform.kernel[0, 0] if one_pixel else transform.kernel
                weights[f"{p.target}/{'shortcut' if one_pixel else 'kernel'}"] = kernel
            elif network.population(p.source).source_layer != BIAS_SOURCE_LAYER:
                weights[f"{p.target}/shortcut"] = transform.weights[: network.shape_of(p.target)[2]]
        return replace(self, weights=weights | {"logits/bias": network.readouts[0].bias.ravel()})

    def write(self, path: Path) -> None:
        """Writes the .npz file ``path``, as ``read`` takes it."""
        arrays = {name: of.astype(np.float32) for name, of in self.weights.items()}
        np.savez_compressed(path, allow_pickle=False, **arrays)

    def of(self, population: str, what: str) -> Array:
        return self.weights[f"{population}/{what}"]

    def network(self, base: Network) -> Network:
        """``base``, a converted ResNet-20, with these weights; the host falls silent after ``steps``."""
        layers = [p for p in base.populations if p.source_layer != BIAS_SOURCE_LAYER]
        names = {p.name for p in layers} | {INPUT}
        projections = [self._projection(base, p) for p in base.projections if p.source in names]
        sources: list[Population] = []
        populations = [self._host(layers[0], 1 / base.dt_s)]
        for at, population in enumerate(layers[1:]):
            populations.append(
                replace(population, bias_hz=np.zeros(population.shape), neuron=Neuron(floor=FLOOR), synapse_s=0.0)
            )
            for what, end in (("bias", at + self.steps), ("pulse", at + 1)):
                name, hz = f"{what}@{at + 1}", 1 / base.dt_s
                sources.append(host_population(name, BIAS_SOURCE_LAYER, np.full((1, 1, 1), hz), hz, at, end))
                column = np.tile(self.of(population.name, what), population.neurons // population.shape[2])
                projections.append(Projection(name, population.name, Sparse(sparse.csr_array(column[:, None]))))
        readout = replace(base.readouts[0], bias=self.of("logits", "bias").reshape(1, 1, -1))
        return base.with_(
            populations=(*sources, *populations),
            projections=tuple(projections),
            readouts=(readout,),
            timesteps=self.steps + len(layers) - 1,
        )

    def _projection(self, base: Network, given: Projection) -> Projection:
        return replace(given, transform=self._transform(base, given))

    def _transform(self, base: Network, given: Projection) -> Transform:
        target, old = given.target, given.transform
        if target == "logits" and "logits/matrix" in self.weights:
            return Sparse(sparse.csr_array(self.of(target, "matrix") * base.dt_s))
        if target == "logits":
            pixels = base.shape_of(given.source)
            mean = np.repeat(self.of(target, "kernel").T[:, None, :], pixels[0] * pixels[1], axis=1)
            matrix = mean.reshape(len(mean), -1) / (pixels[0] * pixels[1]) * base.dt_s
            return Sparse(sparse.csr_array(matrix))
        if given.source == INPUT:
            kernel = self.of(target, "kernel") / self.of(target, "deviation")[:, None] / base.dt_s
            return replace(old, kernel=kernel)
        if not isinstance(old, Convolution):
            population = base.population(target)
            same = np.tile(self.of(target, "shortcut"), population.neurons // population.shape[2])
            return Sparse(sparse.diags_array(same).tocsr())
        one_pixel = old.kernel.shape[:2] == (1, 1)
        return replace(old, kernel=self.of(target, "shortcut")[None, None] if one_pixel else self.of(target, "kernel"))

    def _host(self, population: Population, hz: float) -> Population:
        """The first population: a pixel beyond the image is zero after normalization, so that biases differ there."""
        kernel, mean = self.of(population.name, "kernel"), self.of(population.name, "mean")
        seen = np.pad(np.ones(population.shape[:2]), 1)
        windows = np.lib.stride_tricks.sliding_window_view(seen, kernel.shape[:2])
        missing = np.einsum("yxij,ijco,c->yxo", windows, kernel, mean / self.of(population.name, "deviation"))
        bias_hz = (self.of(population.name, "bias") - missing) * hz
        return replace(population, bias_hz=bias_hz, onset_step=0, end_step=self.steps)


def with_first_tile(partition: Partition, name: str, like: str) -> Partition:
    """``partition`` with the layer ``name`` in blocks of ``FIRST_TILE``, packed as the layer ``like`` is."""
    shape = tuple(max(block.slice[axis][1] for block in partition.blocks_of(name)) for axis in range(3))
    slices = tile_slices((shape[0], shape[1], shape[2]), FIRST_TILE)
    new = iter([Block(name, s, b.chip, b.core) for s, b in zip(slices, partition.blocks_of(name), strict=True)])
    blocks = tuple(next(new) if block.layer == name else block for block in partition.blocks)
    packings = {**partition.packings, name: partition.packing(like)}
    return replace(partition, tiles={**partition.tiles, name: FIRST_TILE}, blocks=blocks, packings=packings)
