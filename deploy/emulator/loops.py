"""Layers that reach each other, step by step: what fired in a step arrives in the next, in whatever order they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from deploy.arrays import Int64

from .program import ChipLayer
from .results import EmulatorState, Spikes, silence
from .sweeps import chip_sweep, swept


def looped(
    layers: Sequence[ChipLayer],
    spikes: Mapping[str, Spikes],
    steps: int,
    state: EmulatorState | None,
    after: EmulatorState | None,
    overflow: Mapping[str, Int64],
) -> dict[str, Spikes]:
    """The spikes of all ``layers`` in ``steps`` steps; ``spikes`` are those of the layers before them.

    Without ``state`` they start from rest; ``after`` gets what they end with. ``overflow`` is counted on.
    """
    before = _rest(layers) if state is None else state
    fired = {layer.name: [before.arriving[layer.name]] for layer in layers}
    outer = {source: spikes[source] for layer in layers for source in layer.links.sources if source not in fired}
    for step in range(steps):
        arriving = {name: _only(lists[-1]) for name, lists in fired.items()}
        arriving |= {name: _only(given.only(step)) for name, given in outer.items()}
        now = EmulatorState({}, {}, {})
        for layer in layers:
            sweep = chip_sweep(layer, arriving, 1, silence(layer), before, now)
            fired[layer.name].append(swept(sweep, layer, 1, overflow[layer.name], None, 1).last())
        before = now
    if after is not None:
        after.current.update(before.current)
        after.voltage.update(before.voltage)
    return {name: joined(lists) for name, lists in fired.items()}


def joined(lists: Sequence[Spikes]) -> Spikes:
    """One list after the other, each given as list 0 of spikes of its own."""
    number = np.stack([np.diff(each.pointer, axis=1)[:, 0] for each in lists], axis=1)
    ends = np.cumsum(number, axis=1)
    pointer = np.zeros((len(number), len(lists) + 1), np.int64)
    pointer[:, 1:] = ends
    pointer += np.cumsum([0, *ends[:-1, -1]])[:, None]
    parts = [each.events[a:b] for strip in range(len(number)) for each in lists for a, b in [each.pointer[strip, :2]]]
    return Spikes(np.concatenate(parts), pointer)


def _rest(layers: Sequence[ChipLayer]) -> EmulatorState:
    zeros = {layer.name: np.zeros((layer.shape[0], layer.row_stride), np.int32) for layer in layers}
    return EmulatorState(zeros, dict(zeros), {layer.name: silence(layer) for layer in layers})


def _only(fired: Spikes) -> Spikes:
    """What arrives in one step, for loops that run one: list 0, and an empty list 1."""
    return Spikes(fired.events, np.concatenate([fired.pointer, fired.pointer[:, -1:]], axis=1))
