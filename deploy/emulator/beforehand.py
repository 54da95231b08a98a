"""What host populations do that no image drives: biases, pulses, what clears the layers. It is the same for each image.

A network of few spikes has a hundred of them; what they fire and cause is neither computed nor counted image by image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from deploy.arrays import Int64

from .counting import Counting
from .program import Program
from .results import Spikes, silence
from .sweeps import host_sweep, swept


@dataclass(frozen=True)
class Beforehand:
    """The spikes of some host populations in a presentation that starts from rest, and what these cause."""

    spikes: Mapping[str, Spikes]
    counting: Counting


_KNOWN: WeakKeyDictionary[Program, dict[tuple[bytes, bool], Beforehand]] = WeakKeyDictionary()


def known_beforehand(program: Program, stops: Int64, *, by_core: bool) -> Beforehand:
    """Of the host populations with a drive of their own, until the last of ``stops``; found once for each program."""
    known, key = _KNOWN.setdefault(program, {}), (stops.tobytes(), by_core)
    if key not in known:
        known[key] = _found(program, stops, by_core=by_core)
    return known[key]


def _found(program: Program, stops: Int64, *, by_core: bool) -> Beforehand:
    steps = int(stops[-1])
    spikes: dict[str, Spikes] = {}
    counting = Counting.none(program, stops, by_core=by_core)
    for layer in program.host_layers:
        if layer.drive_hz is not None:
            sweep = host_sweep(layer, layer.drive_hz, steps, silence(layer), None, None)
            spikes[layer.name] = swept(sweep, layer, steps, np.zeros(4, np.int64), None, 1)
            counting.add(program, [layer], spikes)
    return Beforehand(spikes, counting)
