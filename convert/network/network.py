"""The network: populations of spiking neurons, the linear projections between them, readouts on the host.

Plain frozen data on numpy arrays, so that partitioning and the emulator need neither Keras nor Nengo to read it.
``convert.network.nengo_form`` writes it as a ``nengo.Network``; that network is the reference for its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .neuron import CHIP, HOST, Neuron
from .transforms import Array, Shape, Sparse, Transform

if TYPE_CHECKING:
    from typing_extensions import Unpack

INPUT = "input"
"""The name by which projections refer to the input."""

EVENT_SOURCE = "events"
"""The host population that sends events on to the chip."""

BIAS_SOURCE_LAYER = "BiasSource"
"""The source layer of host neurons that start biases: no layer of the model."""

Activation = Literal["linear", "softmax", "sigmoid", "tanh", "softplus", "softsign", "exponential"]
"""What the host applies to a readout."""


class TimeCourse(str, Enum):
    """How an input of one presentation lies in time."""

    CONSTANT = "constant"
    """An image: the same drive in every step."""
    EVENTS = "events"
    """Events of a sensor, shape (steps, rows, columns, channels): how many each pixel and channel has in each step."""


class Clearing(str, Enum):
    """What a host population does to layers between two images, so that the next finds every voltage at 0."""

    DOWN = "down"
    """Drives voltages towards their floor, in several steps."""
    FLOOR = "floor"
    """In the last of these: what brings all of them to the floor, by a drive of the floor's size."""
    LIFT = "lift"
    """Lifts them by the floor's size."""


@dataclass(frozen=True)
class Input:
    """What is presented: numbers of ``shape``, and how they act over the steps of a presentation."""

    shape: Shape
    time_course: TimeCourse = TimeCourse.CONSTANT


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
    """Neurons of one equation: ``neuron``, driven by ``bias_hz`` and by what the projections bring.

    ``bias_hz`` has the population's shape; ``scale_hz`` is the rate of a neuron whose activation in the original is 1;
    what projections bring passes a low-pass filter of time constant ``synapse_s``, 0 for none: one filter, as a
    compartment of the chip has. Populations with ``on_chip`` false encode the input on the host; they are driven from
    step ``onset_step`` of each presentation on, up to ``end_step`` (excluded; None: as long as it lasts).
    One that takes events, ``Network.replays``, sends them on as they come.
    ``source_layer`` is the kind of layer that it comes from. With ``whole_channels`` its weights were found for cores
    that hold all of its channels, whose integers depend on the largest weight of all: it is cut along rows and columns
    only, if any such part fits a core. With ``clearing`` it is a host population that clears layers between images;
    what it brings depends on the integers of each core, which are known once the network is cut.
    """

    name: str
    source_layer: str
    shape: Shape
    bias_hz: Array = field(repr=False)
    scale_hz: float
    on_chip: bool = True
    neuron: Neuron = CHIP
    synapse_s: float = 0.0
    onset_step: int = 0
    end_step: int | None = None
    whole_channels: bool = False
    clearing: Clearing | None = None

    @property
    def neurons(self) -> int:
        return prod(self.shape)

    def driven(self, steps: ArrayLike) -> NDArray[np.bool_]:
        """Whether the host drives it in these ``steps`` of a presentation, counted from 0."""
        steps = np.asarray(steps)
        return np.asarray((steps >= self.onset_step) & (True if self.end_step is None else steps < self.end_step))


def host_population(
    name: str, source_layer: str, bias_hz: Array, scale_hz: float, onset_step: int = 0, end_step: int | None = None
) -> Population:
    """Neurons on the host, of the shape of ``bias_hz``."""
    rows, columns, channels = bias_hz.shape
    shape = (rows, columns, channels)
    return Population(
        name, source_layer, shape, bias_hz, scale_hz, False, HOST, onset_step=onset_step, end_step=end_step
    )


@dataclass(frozen=True)
class Readout:
    """An output computed on the host from mean firing rates: ``activation``(sum of projections + ``bias``)."""

    name: str
    shape: Shape
    bias: Array = field(repr=False)
    activation: Activation = "linear"

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the output: (classes,) for a vector."""
        return self.shape[2:] if self.shape[:2] == (1, 1) else self.shape


class NetworkChanges(TypedDict, total=False):
    """The fields of ``Network``, any of them."""

    input: Input
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    readouts: tuple[Readout, ...]
    dt_s: float
    timesteps: int
    period: int | None


@dataclass(frozen=True)
class Network:
    """Populations in the order in which spikes of the input reach them, the projections between them and the readouts.

    A projection between populations on the chip may go back, to an earlier one or its own source: what fired in one
    step arrives in the next, along every projection. ``loops.py`` says who reaches whom.

    ``period`` is the number of steps after which the next image may follow through the layers, each of them cleared in
    between; None: an image starts from rest. ``print(network)`` gives a short table.
    """

    input: Input
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    readouts: tuple[Readout, ...]
    dt_s: float = 0.001
    timesteps: int = 128
    period: int | None = None

    @cached_property
    def _by_name(self) -> dict[str, Population]:
        return {population.name: population for population in self.populations}

    def population(self, name: str) -> Population:
        return self._by_name[name]

    @property
    def chip_populations(self) -> tuple[Population, ...]:
        return tuple(p for p in self.populations if p.on_chip)

    def replays(self, population: Population) -> bool:
        """Whether ``population`` is on the host and sends on the events that the network is given."""
        takes = self.input.time_course is TimeCourse.EVENTS and not population.on_chip
        return takes and any(p.source == INPUT for p in self.into(population.name))

    def into(self, target: str) -> tuple[Projection, ...]:
        """The projections that end on ``target``, in the order of the network."""
        return tuple(p for p in self.projections if p.target == target)

    def out_of(self, source: str) -> tuple[Projection, ...]:
        """The projections that start at ``source``, in the order of the network."""
        return tuple(p for p in self.projections if p.source == source)

    def shape_of(self, name: str) -> Shape:
        """The shape of the input, a population or a readout."""
        if name == INPUT:
            return self.input.shape
        readouts = {readout.name: readout.shape for readout in self.readouts}
        return readouts[name] if name in readouts else self.population(name).shape

    @cached_property
    def going_back(self) -> tuple[Projection, ...]:
        """The projections to a population that does not come after their source."""
        place = {population.name: i for i, population in enumerate(self.populations)}
        inner = [p for p in self.projections if p.source in place and p.target in place]
        return tuple(p for p in inner if place[p.source] >= place[p.target])

    def depth(self) -> dict[str, int]:
        """Chip populations between the input and each population, itself included: its lag in time steps.

        Projections that go back do not count.
        """
        depth = {INPUT: 0}
        for population in self.populations:
            before = max((depth[p.source] for p in self._forward_into(population.name)), default=0)
            depth[population.name] = before + population.on_chip
        return depth

    def first_steps(self) -> dict[str, int]:
        """The step of a presentation, from 0, at which each population can get its first spike, or be driven.

        Spikes that come over a shorter path are there before those that have passed all layers.
        """
        first = {INPUT: 0}
        for population in self.populations:
            before = min((first[p.source] for p in self._forward_into(population.name)), default=0)
            first[population.name] = before + 1 if population.on_chip else population.onset_step
        return first

    def _forward_into(self, target: str) -> list[Projection]:
        """The projections that end on ``target`` and do not go back."""
        back = {id(p) for p in self.going_back}
        return [p for p in self.into(target) if id(p) not in back]

    @property
    def input_end_step(self) -> int | None:
        """The step at which the last host population that encodes the input falls silent; None: not before the end."""
        ends = [self.population(p.target).end_step for p in self.out_of(INPUT) if p.target in self._by_name]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None

    def with_(self, **changes: Unpack[NetworkChanges]) -> Network:
        return replace(self, **changes)

    def __str__(self) -> str:
        from .table import network_table

        return network_table(self)


def event_source(shape: Shape) -> tuple[Population, Projection]:
    """The host population that sends on events of ``shape`` (rows, columns, channels), and how it takes them."""
    population = host_population(EVENT_SOURCE, "Input", np.zeros(shape), 1.0)
    as_they_are = sparse.csr_array(sparse.eye_array(prod(shape), format="csr"))
    return population, Projection(INPUT, EVENT_SOURCE, Sparse(as_they_are))
