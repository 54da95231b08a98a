"""A compiled network: flat integer arrays that the kernels sweep, layer after layer, and the fan-out of every neuron.

Rows, columns and channels of a population are swept in *strips*: whole rows, a few at a time, so that a strip's state
stays in the cache while it runs through all its time steps. Strips have nothing to do with the blocks of the chip,
whose differing integers are kept: a strip holds rows of blocks with the same weights.

A spike is an *event*: ``row << shift | k``, k = column * channels + channel. Events of a population are listed strip by
strip, step by step, in ascending order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby

import numpy as np

from convert.network import Shape
from deploy.arrays import Float64, Int16, Int32, Int64
from deploy.events.fan_out import Fanout

from .groups import Groups
from .routes import Routing
from .widths import UNIT_BITS

LANES = 16
"""Neurons that one vector instruction updates; rows are padded to a multiple."""

TOGETHER = 16
"""Images behind each other before the chip is let run empty: their spikes are held at once."""

SEGMENTS, SCATTER = 0, 1
"""Kinds of links: rows of contiguous weights for each event, or (target, weight) pairs."""

KIND, FIRST_LINE, STEP, VECTORS, SHIFT, ROW_LENGTH = range(6)
"""The columns of ``Links.table``."""


def padded(size: int, step: int = LANES) -> int:
    """``size`` rounded up to a multiple of ``step``."""
    return -(-size // step) * step


@dataclass(frozen=True)
class Layer:
    """One population: its strips as (first row, row after the last, class of rows), shape (strips, 3)."""

    name: str
    shape: Shape
    strips: Int32 = field(repr=False)
    fanout: Fanout = field(repr=False)

    @property
    def neurons(self) -> int:
        return int(np.prod(self.shape))

    @property
    def row_length(self) -> int:
        return self.shape[1] * self.shape[2]

    @property
    def row_stride(self) -> int:
        return padded(self.row_length)

    @property
    def shift(self) -> int:
        return max(1, (self.row_length - 1).bit_length())

    @cached_property
    def groups(self) -> Groups:
        """Its neurons in groups of those whose spikes do the same."""
        return Groups.of(self.shape, self.shift, self.fanout)


@dataclass(frozen=True)
class HostLayer(Layer):
    """A population on the host: its neurons keep the overshoot, in float64.

    They are driven from ``onset_step`` to ``end_step``, that excluded: by the image, or by ``drive_hz``, shape
    (neurons,), which is the same for each.
    """

    dt_s: float
    onset_step: int
    end_step: int
    drive_hz: Float64 | None = field(repr=False, default=None)

    def driven_by(self, drives: Mapping[str, Float64]) -> Float64:
        """Its drive where ``drives`` are those of an image."""
        if self.name in drives or self.drive_hz is None:
            return drives[self.name]
        return self.drive_hz


@dataclass(frozen=True)
class EventLayer(HostLayer):
    """A population on the host that sends on the events it is given."""


@dataclass(frozen=True)
class Links:
    """The links into one layer; P links, S strips, R classes of rows.

    ``source_strips`` are the strips of every link's source one after another, link p's from ``source_start[p]`` on.

    ``table``, shape (P, 6): kind, first line in ``rows``, step from one row's tap to the next, vectors in a segment (0:
    it is one weight), shift and row length of the source. ``windows``, shape (S, P, 4): source strips and rows that
    reach a strip.

    SEGMENTS: an event of source row i reaches ``rows[i]`` = (first target row, its kernel tap, number of rows); its k
    has ``keys[key_start[class, p] + k]`` = (place in the target row, place in ``weights``; -1 reaches nothing). A
    segment has the weights of consecutive places of the target row. SCATTER: neuron n of the source has the pairs
    ``scatter_ptr[scatter_start[s, p] + n]`` to ``... + 1`` of (``scatter_place``, ``scatter_weight``) in strip s.
    """

    sources: tuple[str, ...]
    source_strips: Int32
    source_start: Int64
    table: Int64
    windows: Int32
    rows: Int32
    key_start: Int64
    keys: Int32
    weights: Int16
    scatter_start: Int64
    scatter_ptr: Int64
    scatter_place: Int32
    scatter_weight: Int16


@dataclass(frozen=True)
class ChipLayer(Layer):
    """A population on the chip; thresholds for each class of rows, biases for each row or one row for all.

    Of a current a step leaves ``decay`` 4096ths, of a voltage ``kept``. ``compartments`` are those of all its cores,
    unused ones between the neurons included. No current exceeds ``largest_current`` in size, and neither it nor a
    voltage overflows, whatever its sources fire; None: something might. A sum of weights might where ``sums_wrap``.
    """

    vth: Int32 = field(repr=False)
    vmin: Int32 = field(repr=False)
    bias: Int32 = field(repr=False)
    decay: int
    kept: int
    links: Links = field(repr=False)
    compartments: int
    largest_current: int | None = None
    sums_wrap: bool = False

    def is_narrow(self, current: Int32, voltage: Int32) -> bool:
        """Whether no current or voltage can overflow from this state; sums of 16 bits wrap as the accumulator."""
        if self.largest_current is None:
            return False
        held = -self.largest_current <= current.min() and current.max() <= self.largest_current
        low, high = int(self.vmin.min()), int(self.vth[:, : self.row_length].max())
        return bool(held and low <= voltage.min() and voltage.max() <= high)

    @cached_property
    def heaviest(self) -> int:
        """The size of the heaviest weight, in units of 2 ** ``UNIT_BITS``, where sums may leave 16 bits; else 0."""
        of_links = (self.narrow_links.weights, self.narrow_links.scatter_weight)
        return max(int(np.abs(w.astype(np.int64)).max(initial=0)) for w in of_links) if self.sums_wrap else 0

    @cached_property
    def narrow_links(self) -> Links:
        """The same with weights in units of 2 ** ``UNIT_BITS``, whose sums have 16 bits."""
        weights, single = self.links.weights >> UNIT_BITS, self.links.scatter_weight >> UNIT_BITS
        return replace(self.links, weights=weights, scatter_weight=single)


@dataclass(frozen=True)
class Together:
    """A layer alone, or with ``loops`` those that reach each other."""

    layers: tuple[Layer, ...]
    loops: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(layer.name for layer in self.layers)

    @property
    def chip_layers(self) -> tuple[ChipLayer, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, ChipLayer))


@dataclass(frozen=True, eq=False)
class Program:
    """A network ready to run: layers on the host and on the chip, each after those that it takes spikes from.

    ``loops`` are the names of layers that reach each other, which follow each other in ``layers``.
    ``updates`` are the compartments of each core, shape (cores,). ``period`` is that of the network: the steps from
    image to image where they follow each other. ``first_steps`` are those of a presentation at which each layer can get
    its first spike, or is driven.
    """

    layers: tuple[Layer, ...]
    readouts: tuple[str, ...]
    dt_s: float
    timesteps: int
    updates: Int64 = field(repr=False)
    period: int | None = None
    first_steps: Mapping[str, int] = field(default_factory=dict)
    loops: tuple[tuple[str, ...], ...] = ()

    @property
    def host_layers(self) -> tuple[HostLayer, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, HostLayer))

    @property
    def chip_layers(self) -> tuple[ChipLayer, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, ChipLayer))

    @cached_property
    def routing(self) -> Routing:
        """Where spikes go, for counting what they do."""
        return Routing.of({layer.name: (layer.groups, layer.fanout) for layer in self.layers}, self.updates)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The place of each layer in ``layers``."""
        return {layer.name: n for n, layer in enumerate(self.layers)}

    @cached_property
    def compartments(self) -> Int64:
        """Those that each layer updates in a step."""
        return np.array([layer.compartments if isinstance(layer, ChipLayer) else 0 for layer in self.layers])

    @cached_property
    def together(self) -> tuple[Together, ...]:
        """Layers that run together, in order."""
        loop_of = {name: loop for loop in self.loops for name in loop}
        runs = groupby(self.layers, key=lambda layer: loop_of.get(layer.name, (layer.name,)))
        return tuple(Together(tuple(layers), loops=names in self.loops) for names, layers in runs)

    @cached_property
    def read_last_by(self) -> Mapping[str, tuple[str, ...]]:
        """Of each layer: whose spikes no layer after it takes, its own if none takes them at all."""
        last = {layer.name: layer.name for layer in self.layers}
        last |= {source: layer.name for layer in self.chip_layers for source in layer.links.sources}
        found: dict[str, list[str]] = {}
        for source, reader in last.items():
            found.setdefault(reader, []).append(source)
        return {reader: tuple(sources) for reader, sources in found.items()}

    def layer(self, name: str) -> Layer:
        return next(layer for layer in self.layers if layer.name == name)
