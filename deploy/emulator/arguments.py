"""What the compiled loops are given: arrays in groups that belong together, which Numba knows as named tuples."""

from __future__ import annotations

from typing import NamedTuple

from deploy.arrays import Float64, Int16, Int32, Int64, UInt16, UInt64

Sums = Int32 | Int16
"""Sums of weights: as they are, or in units of 2 ** ``UNIT_BITS`` where they fit."""


class EventLists(NamedTuple):
    """List n is ``events[pointer[n] : pointer[n + 1]]``."""

    events: Int32
    pointer: Int64


class Neurons(NamedTuple):
    """The neurons of a chip layer: ``strips`` as in ``Layer``, the other arrays flat.

    ``vth`` and ``vmin`` have a row of ``stride`` numbers for each class of rows, ``bias`` one for each row, every
    ``bias_step`` numbers (0: one row for all); ``decay`` is what a current keeps, ``kept`` a voltage, in 1 / 4096.
    ``short`` is 1 where a current times ``decay`` has 31 bits, whatever arrives.
    """

    strips: Int32
    shift: int
    stride: int
    decay: int
    kept: int
    vth: Int32
    vmin: Int32
    bias: Int32
    bias_step: int
    short: int


class HostNeurons(NamedTuple):
    """The neurons of a host layer, ``drive`` in Hz in the steps from ``start`` to ``stop``; ``voltage`` lasts."""

    strips: Int32
    shift: int
    row_length: int
    dt_s: float
    start: int
    stop: int
    drive_hz: Float64
    voltage: Float64


class Segments(NamedTuple):
    """Links of contiguous weights; see ``Links``."""

    rows: Int32
    keys: Int32
    weights: Int16


class RowRun(NamedTuple):
    """The events of one source row and where they add: see ``adding.add_row``."""

    first: int
    end: int
    limit: int
    offset: int
    place: int
    stride: int
    weight: int
    step: int
    rows: int


class Pairs(NamedTuple):
    """Links of (place, weight) pairs; see ``Links``."""

    pointer: Int64
    places: Int32
    weights: Int16


class Incoming(NamedTuple):
    """The links into a layer, see ``Links``, and the events of their sources.

    Source p has its strip s's list t in events[pointer[n] : pointer[n + 1]], n = (source_start[p] + s) * (steps + 2)
    + t. ``heaviest`` is the size of the heaviest weight where sums may leave their 16 bits, which is counted, else 0.
    """

    table: Int64
    windows: Int32
    key_start: Int64
    scatter_start: Int64
    source_strips: Int32
    source_start: Int64
    segments: Segments
    pairs: Pairs
    events: EventLists
    heaviest: int


class Potentials(NamedTuple):
    """Current and voltage of each neuron, flat."""

    u: Int32
    v: Int32


class Room(NamedTuple):
    """Where events go, strip by strip, and the bounds of their lists, shape (strips, steps + 2).

    ``overflow`` counts wraps of q, u and u + bias, and voltages clipped at vmax.
    """

    events: Int32
    pointer: Int64
    overflow: Int64


class Strip(NamedTuple):
    """Rows ``low`` to ``high`` (excluded) of a layer, all of one ``kind``: the class of rows."""

    number: int
    low: int
    high: int
    kind: int
    stride: int


class Work(NamedTuple):
    """Of a strip while it runs: the sums of weights, the spikes of a row as bits (``words`` are the same memory), the
    ``names`` of all words, room for which were ``found`` with spikes, what overflowed."""

    sums: Sums
    spiked: UInt16
    words: UInt64
    names: Int32
    found: Int32
    wrong: Int64


class Places(NamedTuple):
    """Where a row begins: in the strip, in the biases, in thresholds and vmin."""

    neuron: int
    bias: int
    threshold: int


class NarrowWork(NamedTuple):
    """Of a strip in which nothing can overflow, while it runs: for each of some steps the sums of weights, ``sum_step``
    apart, and as bits, ``bit_step`` apart, who does not fire (``words`` are the same memory). ``names`` and ``found``
    as in ``Work``."""

    sums: Int16
    resting: UInt16
    words: UInt64
    names: Int32
    found: Int32
    sum_step: int
    bit_step: int


class NarrowPlaces(NamedTuple):
    """Where a row begins: in the strip, in the biases, in thresholds and vmin, in the bits of a step."""

    neuron: int
    bias: int
    threshold: int
    bits: int


class Fired(NamedTuple):
    """The events of a layer of so many strips and steps: strip s's list t has the number s * (steps + 2) + t."""

    lists: EventLists
    strips: int
    steps: int
    shift: int


class Groups(NamedTuple):
    """Neurons whose spikes go to the same cores, from the same core, and do the same there.

    ``of_event`` is the group of the neuron of each event, ``line`` the line of each group in ``Deliveries``, ``own``
    its core, ``counted`` its line in ``Fanout.lines``. Groups ``runs[r]`` to ``runs[r + 1]`` differ in their own core
    alone.
    """

    of_event: UInt16 | Int32
    line: Int64
    own: Int32
    counted: Int64
    runs: Int64


class Routes(NamedTuple):
    """Where the spikes of each line go, to receivers as ``Routing`` numbers them; ``sending`` is what one does to its
    own core, ``receiving`` what each of its messages does, packed as ``events/busiest.py`` says. The other three are
    what one does to the cores that compute the line too, as ``copies_sending`` gives them."""

    pointer: Int64
    core: Int32
    sending: Int64
    receiving: Int64
    copy_pointer: Int64
    copy_core: Int32
    copy_sending: Int64
