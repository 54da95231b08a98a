"""Neurons of which a spike is counted alike."""

from __future__ import annotations

from math import prod

import numpy as np

from convert.network import Shape
from deploy.events.fan_out import Fanout

from .arguments import Groups


def groups_of(shape: Shape, shift: int, fanout: Fanout) -> Groups:
    """The neurons of a population in groups of those whose spikes do the same; an event's row begins at ``shift``."""
    found, neurons = fanout.deliveries, prod(shape)
    line = np.arange(neurons) // (neurons // found.lines)
    cores = int(found.own.max(initial=0)) + 2
    alike = found.alike[line] * cores + found.own + 1
    each, first, group = np.unique(alike, return_index=True, return_inverse=True)
    starts = np.flatnonzero(np.append(True, np.diff(each // cores)))
    of_event = np.zeros((shape[0], 1 << shift), np.uint16 if len(each) <= 1 << 16 else np.int32)
    of_event[:, : shape[1] * shape[2]] = group.reshape(shape[0], -1)
    counted = first // (neurons // len(fanout.lines))
    return Groups(of_event.ravel(), line[first], found.own[first], counted, np.append(starts, len(each)))
