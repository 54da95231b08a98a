"""What the compiled loops are given: arrays in groups that belong together, which Numba knows as named tuples."""

from __future__ import annotations

from typing import NamedTuple

from deploy.arrays import Float64, Int16, Int32, Int64, UInt16, UInt32, UInt64

Sums = Int32 | Int16
"""Sums of weights: as they are, or in units of 2 ** ``UNIT_BITS`` where they fit."""

Whole = Int64 | Int32
"""Whole numbers: as they are found, and as loops get them."""


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


class Tables(NamedTuple):
    """All that counting needs to know of a layer; ``counting_tables.py`` makes one array of it.

    An event's neuron is in group ``of_event[event >> shift]`` (which is apart, for it is the largest): neurons whose
    spikes go to the same cores, from the same core, and do the same there. A group is computed by core ``own`` (of the
    layer's) and a spike sends ``messages`` from there. Groups ``runs[r]`` to ``runs[r + 1]`` differ in that alone, and
    none of these cores is on a chip that more messages leave; ``run`` is the number of each group's, ``most`` are the
    neurons of the largest.

    A spike of run r is one message to each ``receiver[pointer[r]]`` to ``receiver[pointer[r + 1]]``, as ``Routing``
    numbers them, which adds ``weights >> 1`` weights there, those of a shared kernel where it is odd. It is also fired
    on each ``copy``, which sends ``copy_messages``, as ``copy_pointer`` says. It adds ``causes``, flat, shape (columns,
    runs), to each ``place`` in a row of ``Counting.totals``.

    ``cores`` are the numbers of the layer's cores, none on the host; each makes ``updates`` in a step.
    """

    shift: int
    most: int
    own: Whole
    run: Whole
    messages: Whole
    runs: Whole
    pointer: Whole
    receiver: Whole
    weights: Whole
    copy_pointer: Whole
    copy: Whole
    copy_messages: Whole
    causes: Whole
    place: Whole
    cores: Whole
    updates: Whole


class Sent(NamedTuple):
    """What each core of a layer fires and sends in each step, shape (cores, steps)."""

    spikes: UInt16
    messages: UInt32


class Loads(NamedTuple):
    """What spikes do in each step: ``received``, shape (receivers, steps), packed as ``events/busiest.py`` says;
    ``sender``, shape (SENDER, steps), is which core's updates and sending took longest so far, and what it sent.
    ``room`` is for counting one layer. All are empty where cores are not counted."""

    received: Int64
    sender: Int64
    room: Int32
