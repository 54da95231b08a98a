"""Where spikes go, as counting needs it: what comes to cores that always receive the same is counted once.

The channel parts of a tile hear the same pixels with as many weights each: of 960 cores of a U-Net 404 stand for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from deploy.arrays import Bool, Int32, Int64
from deploy.events.alike import first_alike
from deploy.events.fan_out import Deliveries

from .arguments import Routes


@dataclass(frozen=True)
class Routing:
    """The routes of each layer's spikes, and to how many ``receivers`` they go: cores that differ in what they get."""

    routes: Mapping[str, Routes]
    receivers: int

    @classmethod
    def of(cls, deliveries: Mapping[str, Deliveries], cores: int) -> Routing:
        first = first_receiver(deliveries.values(), cores)
        own = first == np.arange(cores)
        number = (np.cumsum(own) - 1).astype(np.int32)
        return cls({name: _routes(found, own, number) for name, found in deliveries.items()}, int(own.sum()))


def first_receiver(deliveries: Iterable[Deliveries], cores: int) -> Int64:
    """For each core the first one that receives the same, whatever fires: mostly its own number."""
    alike: Sequence[Int64] = [_first_alike(found, cores) for found in deliveries]
    _, first, which = np.unique(np.stack(alike, axis=1), axis=0, return_index=True, return_inverse=True)
    return np.asarray(first[which.ravel()], np.int64)


def _first_alike(found: Deliveries, cores: int) -> Int64:
    """For each core one to which the spikes of these lines bring the same."""
    entries = sparse.csr_array((np.arange(len(found.core)), found.core, found.pointer), (found.lines, cores)).tocsc()
    return first_alike(entries.indptr.astype(np.int64), entries.indices, found.receiving[entries.data])


def _routes(found: Deliveries, counted: Bool, number: Int32) -> Routes:
    """Those to the cores that are ``counted``, by their ``number`` among these."""
    kept = counted[found.core]
    pointer = np.append(0, np.cumsum(kept))[found.pointer]
    return Routes(pointer, number[found.core[kept]], found.sending, found.receiving[kept], *found.copies_sending)
