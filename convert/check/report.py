"""What ``convert-model MODEL --check --json`` prints."""

from __future__ import annotations

from typing import Literal

import msgspec

from convert.options import MaxPooling

Shape = tuple[int, int, int]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A number that is foreseen, not measured."""

    estimated: int
    source: str
    """What it is told from, and what it leaves open."""


class LayerOutline(msgspec.Struct, frozen=True, kw_only=True):
    """One population."""

    name: str
    kind: str
    """The kind of layer that it comes from."""
    shape: Shape
    neurons: int
    on_chip: bool
    cores: int | None = None
    """None on the host, and where no tile fits a core."""


class ProjectionOutline(msgspec.Struct, frozen=True, kw_only=True):
    """One linear path from a population to the next one or to an output, or a part of it."""

    source: str
    target: str
    weights: Literal["shared kernel", "single synapses"]
    kernel: tuple[int, int] | None = None
    """Rows and columns of the kernel, if there is one."""
    synapses: int


class OutputOutline(msgspec.Struct, frozen=True, kw_only=True):
    """One output, computed on the host."""

    name: str
    shape: Shape
    activation: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to ``layers`` of the model before it is cut into populations."""

    what: str
    layers: tuple[str, ...]


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """About the fewest cores that hold a network, by layer and in all, and the chips and the board for so many."""

    layers: dict[str, int]
    cores: int
    chips: int
    board: str | None
    """The smallest one; None if there is none."""
    problems: tuple[str, ...] = ()
    """Why the network fits no board; ``cores`` leaves out the layers that fit no core."""


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a model converts, what stands against it, and the network that is foreseen."""

    model: str
    converts: bool
    problems: tuple[str, ...] = ()
    """Everything that converting would refuse about the model, with the way out."""
    max_pooling: MaxPooling | None = None
    """What takes its place in the network that is foreseen, 'average' if nothing was asked for."""
    input_shape: Shape | None = None
    layers: tuple[LayerOutline, ...] = ()
    projections: tuple[ProjectionOutline, ...] = ()
    outputs: tuple[OutputOutline, ...] = ()
    choices: tuple[Choice, ...] = ()
    neurons: Estimate | None = None
    """On the chip; None, as all that follow, if there is no network."""
    synapses: Estimate | None = None
    """Onto the chip."""
    cores: Estimate | None = None
    chips: Estimate | None = None
    least_timesteps: Estimate | None = None
    """The least that ``--timesteps`` may be."""
    arrival_step: Estimate | None = None
    """The step at which the image has come through to the last population."""
    board: str | None = None
    placement_problems: tuple[str, ...] = ()
    """Why the network would fit no cores, or no board, although it converts."""
