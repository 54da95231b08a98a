"""What the host of a ``nengo_loihi.Simulator`` sends to its chip, without running the chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from convert.errors import UserError
from deploy.arrays import Int32
from deploy.foreign import LoihiSimulator, LoihiSpikes


def host_spikes(simulator: LoihiSimulator, steps: int) -> list[Int32]:
    """How often each neuron of each input of the model spikes in the next ``steps`` steps, shapes (steps, neurons).

    The simulator is advanced on its host side only, so it can be run no more; ``host_spikes`` may be called again for
    the steps that follow. Raises ``UserError`` if the chip's output reaches the chip again, or if it has been run.
    """
    offset = _taken(simulator)
    simulator._runner.run_steps = _HostOnly(offset + steps)
    inputs = list(simulator.model.inputs)
    rasters = {id(spikes): np.zeros((steps, spikes.n_neurons), np.int32) for spikes in inputs}
    host = simulator.sims.get("host_pre") if simulator.precompute else simulator.sims.get("host")
    if host is not None:
        host.run_steps(steps)
        simulator._runner._host2chip(_Collector(rasters, offset))
    for spikes in inputs:
        for step in spikes.permanent:
            if offset < step <= offset + steps:
                np.add.at(rasters[id(spikes)][step - offset - 1], np.asarray(spikes.spikes[step], np.int64), 1)
    return [rasters[id(spikes)] for spikes in inputs]


def _taken(simulator: LoihiSimulator) -> int:
    """The steps that the host has been advanced already; refuses a simulator that this cannot be done with."""
    if simulator.closed:
        raise UserError("the Simulator is closed: call host_spikes inside its `with` block")
    if simulator.n_steps:
        raise UserError(
            f"the Simulator has run {simulator.n_steps} steps, so its chip is not at rest: "
            "call host_spikes on one that has not been run"
        )
    if not simulator.precompute and not simulator.model.split.precomputable():
        raise UserError(
            "the host's spikes are not known beforehand, for the network feeds the chip's output back to the chip: "
            "run it step by step in deploy.emulator.Simulator, which is as exact"
        )
    ran = simulator._runner.run_steps
    return ran.steps if isinstance(ran, _HostOnly) else 0


@dataclass(frozen=True)
class _HostOnly:
    """Takes the place of the steps of a simulator whose host is ``steps`` steps ahead of its chip."""

    steps: int

    def __call__(self, steps: int) -> NoReturn:
        raise UserError(
            f"host_spikes has advanced the host of this Simulator by {self.steps} steps and not its chip: "
            f"to run {steps} steps of both, build another Simulator"
        )


@dataclass(frozen=True)
class _Collector:
    """Stands in for the chip when the host sends its spikes."""

    rasters: dict[int, Int32]
    offset: int

    def host2chip(self, spikes: LoihiSpikes, errors: LoihiSpikes) -> None:
        for spike_input, step, neurons in spikes:
            np.add.at(self.rasters[id(spike_input)][step - self.offset - 1], neurons, 1)
