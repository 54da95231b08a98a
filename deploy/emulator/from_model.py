"""A flattened nengo_loihi ``Model`` of integers -> the same spikes and voltages, step by step.

For networks that do not come from this toolchain: recurrent ones, leaky neurons with refractory periods, decoded
connections. What reaches a compartment is kept as nengo_loihi keeps it: weights shared by many axons, moved by a base.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convert.errors import UserError
from deploy.arrays import Bool, Int32
from deploy.foreign import LoihiSimulator, LoihiSpikes

from . import stepping
from .flat_model import FlatModel
from .stepping import Compartments, Fan, Moving, Seen


@dataclass(frozen=True)
class ModelState:
    """Everything that lasts from step to step: shape (N,), and the sources (M,) that fired in the last step."""

    current: Int32
    voltage: Int32
    refractory: Int32
    fired: Bool


@dataclass(frozen=True)
class ModelRun:
    """Shape (steps, N): spikes and, if recorded, voltages; the state after the last step."""

    spikes: Bool
    voltages: Int32 | None
    state: ModelState
    synops: int
    overflow: tuple[int, int, int, int]


def run_model(
    flat: FlatModel,
    inputs: Sequence[Bool],
    steps: int,
    *,
    state: ModelState | None = None,
    voltages: bool = False,
) -> ModelRun:
    """``steps`` time steps; ``inputs[i]``, shape (steps, neurons), are the spikes of the model's input i.

    A spike of step t, from an input or from the chip, arrives in step t + 1, that of the last step in the next run.
    """
    n, m = flat.compartments, flat.sources
    heads = [*flat.inputs.tolist(), m]
    widths = [b - a for a, b in pairwise(heads)]
    if [spikes.shape for spikes in inputs] != [(steps, width) for width in widths]:
        raise UserError(
            f"the model takes {len(widths)} inputs of shape (steps, neurons) = {[(steps, w) for w in widths]}, "
            f"not {[spikes.shape for spikes in inputs]}"
        )
    given = np.concatenate([np.zeros((steps, 0), bool), *inputs], axis=1)
    zeros = np.zeros(n, np.int32)
    start = state or ModelState(zeros, zeros, zeros, np.zeros(m, bool))
    current, voltage, refractory = start.current.copy(), start.voltage.copy(), start.refractory.copy()
    fired = start.fired.copy()
    spikes = np.zeros((steps, n), bool)
    seen = np.zeros((steps if voltages else 0, n), np.int32)
    overflow = np.zeros(4, np.int64)
    synops = stepping.run_steps(
        steps,
        given,
        Fan(flat.fan_pointer, flat.fan_row, flat.fan_base, flat.row_pointer, flat.targets, flat.weights),
        Compartments(flat.vth, flat.vmin, flat.vmax, flat.bias, flat.decay_u, flat.decay_v, flat.refractory),
        Moving(current, voltage, refractory, fired),
        Seen(spikes, seen, overflow),
    )
    q, u, u2, v = (int(count) for count in overflow)
    after = ModelState(current, voltage, refractory, fired)
    return ModelRun(spikes, seen if voltages else None, after, int(synops), (q, u, u2, v))


def host_spikes(simulator: LoihiSimulator, steps: int) -> list[Bool]:
    """What the host of a ``nengo_loihi.Simulator`` sends to each input of its model in ``steps`` steps.

    The simulator is advanced on its host side only. Its network must not feed the chip's output back to the chip.
    """
    if simulator.model.host2chip_senders and not simulator.precompute:
        raise UserError(
            "the host's spikes are not known beforehand: build the Simulator with precompute=True; if that fails, the "
            "network feeds the chip's output back to it: run it in nengo_loihi"
        )
    inputs = list(simulator.model.inputs)
    rasters = {id(spikes): np.zeros((steps, spikes.n_neurons), bool) for spikes in inputs}
    offset = 0
    if "host_pre" in simulator.sims:
        offset = simulator.sims["host_pre"].n_steps
        simulator.sims["host_pre"].run_steps(steps)
        simulator._runner._host2chip(_Collector(rasters, offset))
    for spikes in inputs:
        for step in spikes.permanent:
            if offset < step <= offset + steps:
                rasters[id(spikes)][step - offset - 1, spikes.spikes[step]] = True
    return [rasters[id(spikes)] for spikes in inputs]


@dataclass(frozen=True)
class _Collector:
    """Stands in for the chip when the host sends its spikes."""

    rasters: dict[int, Bool]
    offset: int

    def host2chip(self, spikes: LoihiSpikes, errors: LoihiSpikes) -> None:
        for spike_input, step, neurons in spikes:
            self.rasters[id(spike_input)][step - self.offset - 1, neurons] = True
