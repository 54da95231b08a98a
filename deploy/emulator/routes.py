"""Where spikes go, as counting needs it: what comes to cores that always receive the same is counted once.

The channel parts of a tile hear the same pixels with as many weights each: of 960 cores of a U-Net 404 stand for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from deploy.arrays import Int32, Int64, UInt16
from deploy.events.alike import first_alike
from deploy.events.fan_out import Deliveries, Fanout

from .arguments import Tables
from .counting_tables import flat
from .groups import Groups

COUNTED = ("spikes", "synops", "neuron_updates", "messages", "interchip", "conv_synops")
"""What is counted of each layer, in the order of ``LayerEvents``."""


@dataclass(frozen=True)
class Routing:
    """How the spikes of each layer are counted, and to how many ``receivers`` they go: cores that differ in what they
    get. ``of_event`` and ``tables`` are ``Tables``; ``groups`` and ``cores`` are how many each layer has."""

    of_event: Mapping[str, UInt16 | Int32]
    tables: Mapping[str, Int32]
    receivers: int
    groups: Int64
    cores: Int64

    @classmethod
    def of(cls, layers: Mapping[str, tuple[Groups, Fanout]], updates: Int64) -> Routing:
        """``updates`` are those of each core in a step."""
        first = first_receiver((fanout.deliveries for _, fanout in layers.values()), len(updates))
        own = first == np.arange(len(updates))
        receiver = np.where(own, np.cumsum(own) - 1, -1)
        columns = {name: n * len(COUNTED) for n, name in enumerate(layers)}
        tables = {
            name: _tables(groups, fanout, receiver, updates, columns[name], columns)
            for name, (groups, fanout) in layers.items()
        }
        return cls(
            {name: groups.of_event for name, (groups, _) in layers.items()},
            {name: flat(table) for name, table in tables.items()},
            int(own.sum()),
            np.array([len(table.own) for table in tables.values()]),
            np.array([len(table.cores) for table in tables.values()]),
        )


def first_receiver(deliveries: Iterable[Deliveries], cores: int) -> Int64:
    """For each core the first one that receives the same, whatever fires: mostly its own number."""
    alike: Sequence[Int64] = [_first_alike(found, cores) for found in deliveries]
    _, first, which = np.unique(np.stack(alike, axis=1), axis=0, return_index=True, return_inverse=True)
    return np.asarray(first[which.ravel()], np.int64)


def _first_alike(found: Deliveries, cores: int) -> Int64:
    """For each core one to which the spikes of these lines bring the same."""
    entries = sparse.csr_array((np.arange(len(found.core)), found.core, found.pointer), (found.lines, cores)).tocsc()
    return first_alike(entries.indptr.astype(np.int64), entries.indices, found.weights[entries.data])


def _tables(
    groups: Groups, fanout: Fanout, receiver: Int64, updates: Int64, own: int, columns: Mapping[str, int]
) -> Tables:
    """Of spikes that go to the ``receiver`` of each core, -1 where it is not counted; a layer's counts have columns
    from ``own`` on, those of all layers are in ``columns``."""
    found, lines = fanout.deliveries, groups.line[groups.runs[:-1]]
    pointer, entries = _entries(found.pointer, lines)
    to = receiver[found.core[entries]]
    kept = to >= 0
    copy_first, copy_core, copy_messages = found.copies_sending
    copy_pointer, copied = _entries(copy_first, lines)
    copies, copy = np.unique(copy_core, return_inverse=True)
    cores = np.concatenate([groups.cores, copies])
    causes = _causes(fanout, own, columns)
    return Tables(
        shift=groups.shift,
        most=groups.most,
        own=groups.own,
        run=groups.run,
        messages=found.sending[groups.line],
        runs=groups.runs,
        pointer=np.append(0, np.cumsum(kept))[pointer],
        receiver=to[kept],
        weights=found.weights[entries][kept],
        copy_pointer=copy_pointer,
        copy=len(groups.cores) + copy.ravel()[copied],
        copy_messages=copy_messages[copied],
        causes=np.concatenate([table[groups.counted] for table in causes.values()]),
        place=np.array([*causes]),
        cores=cores,
        updates=updates[cores],
    )


def _entries(pointer: Int64, lines: Int64) -> tuple[Int64, Int64]:
    """The bounds of the lists of these ``lines``, one after another, and the places of their entries."""
    lengths = np.diff(pointer)[lines]
    bounds = np.append(0, np.cumsum(lengths))
    return bounds, np.arange(bounds[-1]) + np.repeat(pointer[lines] - bounds[:-1], lengths)


def _causes(fanout: Fanout, own: int, columns: Mapping[str, int]) -> dict[int, Int64]:
    """What a spike of each line causes, by column: spikes and messages of its own layer, synops where they arrive."""
    own_counts = (("spikes", fanout.fired), ("messages", fanout.messages), ("interchip", fanout.interchip))
    found = {own + COUNTED.index(name): table for name, table in own_counts}
    for target, synops in fanout.synops.items():
        found[columns[target] + COUNTED.index("synops")] = synops
        found[columns[target] + COUNTED.index("conv_synops")] = fanout.conv_synops[target]
    return found
