"""The converted network: populations of spiking neurons and the linear projections between them.

Plain frozen data on numpy arrays, so that partitioning and the emulator need neither Keras nor Nengo to read it.
``convert.nengo_network`` writes it as a ``nengo.Network``; that network is the reference for its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.errors import UserError

INPUT = "input"
"""The name by which projections refer to the image."""

Shape = tuple[int, int, int]
"""(rows, columns, channels), channels last; a plain vector of n is (1, 1, n)."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Convolution:
    """Correlation with one kernel for every pixel, as ``nengo.Convolution`` and ``keras.layers.Conv2D`` do it.

    ``kernel`` has shape (rows, columns, channels in, channels out); ``padding`` is 'same' or 'valid' as in TensorFlow.
    """

    kernel: Array
    strides: tuple[int, int] = (1, 1)
    padding: str = "same"


@dataclass(frozen=True)
class ConvolutionTranspose:
    """The adjoint of ``Convolution``, as ``keras.layers.Conv2DTranspose`` does it.

    Source pixel (i, j) adds ``kernel``, of shape (rows, columns, channels in, channels out), to the target pixels from
    (i * stride - offset, j * stride - offset) on, ``offset`` = max(size - stride, 0) // 2 for 'same' and 0 for 'valid';
    what falls outside the target's shape is lost.
    """

    kernel: Array
    strides: tuple[int, int]
    padding: str = "same"


@dataclass(frozen=True)
class Sparse:
    """One weight for each connected pair: ``matrix`` has shape (target neurons, source neurons)."""

    matrix: sparse.csr_array


Transform = Convolution | ConvolutionTranspose | Sparse


@dataclass(frozen=True)
class Projection:
    """A linear map from ``source`` (a population, or ``INPUT``) to ``target`` (a population or a readout).

    Between populations weights are Hz of the target's drive per Hz of the source's rate. From ``INPUT`` they are Hz per
    unit of the image; into a readout they are output units per Hz.
    """

    source: str
    target: str
    transform: Transform


@dataclass(frozen=True)
class Population:
    """Integrate-and-fire neurons: v += dt * drive, a spike and a reset to 0 at v > 1, v never below ``vmin``.

    ``bias_hz`` has the population's shape; ``scale_hz`` is the rate of a neuron whose Keras activation is 1; what its
    projections bring passes a low-pass filter of time constant ``synapse_s``, 0 for none. Populations with ``on_chip``
    false encode the image on the host, where neurons keep the overshoot at a reset; they are driven from step
    ``start_step`` of each presentation on.
    """

    name: str
    kind: str
    shape: Shape
    bias_hz: Array = field(repr=False)
    scale_hz: float
    on_chip: bool = True
    vmin: float = 0.0
    synapse_s: float = 0.0
    start_step: int = 0

    @property
    def neurons(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Readout:
    """An output computed on the host from mean firing rates: ``activation``(sum of projections + ``bias``)."""

    name: str
    shape: Shape
    bias: Array = field(repr=False)
    activation: str = "linear"


@dataclass(frozen=True)
class ConvertedNetwork:
    """Populations in feed-forward order, the projections between them and the readouts on the host."""

    input_shape: Shape
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    readouts: tuple[Readout, ...]
    dt_s: float = 0.001
    timesteps: int = 128

    @cached_property
    def _by_name(self) -> dict[str, Population]:
        return {population.name: population for population in self.populations}

    def population(self, name: str) -> Population:
        return self._by_name[name]

    @property
    def chip_populations(self) -> tuple[Population, ...]:
        return tuple(p for p in self.populations if p.on_chip)

    def into(self, target: str) -> tuple[Projection, ...]:
        """The projections that end on ``target``, in the order of the network."""
        return tuple(p for p in self.projections if p.target == target)

    def out_of(self, source: str) -> tuple[Projection, ...]:
        """The projections that start at ``source``, in the order of the network."""
        return tuple(p for p in self.projections if p.source == source)

    def shape_of(self, name: str) -> Shape:
        """The shape of the input, a population or a readout."""
        if name == INPUT:
            return self.input_shape
        readouts = {readout.name: readout.shape for readout in self.readouts}
        return readouts[name] if name in readouts else self.population(name).shape

    def depth(self) -> dict[str, int]:
        """Chip populations between the image and each population, itself included: its lag in time steps."""
        depth = {INPUT: 0}
        for population in self.populations:
            before = max((depth[p.source] for p in self.into(population.name)), default=0)
            depth[population.name] = before + population.on_chip
        return depth

    def with_(self, **changes: object) -> ConvertedNetwork:
        return replace(self, **changes)  # type: ignore[arg-type]


def require_timesteps(network: ConvertedNetwork) -> None:
    """Raises ``UserError`` if a run would end before the first spikes can have come through all layers."""
    deepest = max(network.depth().values())
    if network.timesteps <= deepest:
        raise UserError(
            f"{network.timesteps} timesteps end before a spike has passed the {deepest} layers on the "
            f"chip, one step each; use --timesteps {4 * deepest} or more"
        )
