"""A network beside the spikes that another simulator gave for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convert.errors import UserError
from convert.network import Network

from .measured import no_arrival

if TYPE_CHECKING:
    from convert.frontends.nir.reference import Reference

NOT_COMPARED = "not compared with another simulator: give its spikes with --reference"


def comparison(network: Network, reference: Reference) -> str:
    """How the last neurons' spikes agree with those of the reference, whose layers may all fire in one step."""
    from convert.calibration.simulate import simulated

    into = [p.source for p in network.into(network.readouts[0].name)]
    if len(into) != 1 or network.population(into[0]).shape != network.readouts[0].shape:
        raise UserError("--reference: the output of this network is no spikes of one layer; leave it out")
    run = network.with_(timesteps=reference.given.shape[1])
    fired = np.zeros_like(reference.spikes)
    for population, trains in simulated(run, no_arrival(run), reference.given):
        if population.name == into[0]:
            fired = np.stack([trains.of(k) > 0 for k in range(len(fired))])
    lags = range(network.depth()[into[0]] + 1)
    steps = reference.given.shape[1]
    same = [int((fired[:, lag:] & reference.spikes[:, : steps - lag]).sum()) for lag in lags]
    lag = int(np.argmax(same))
    wanted, apart = int(reference.spikes.sum()), np.abs(fired.sum(axis=1) - reference.spikes.sum(axis=1))
    return (
        f"compared with the reference, in floating point: {same[lag]} of its {wanted} spikes at the same steps, {lag} "
        f"later, of {int(fired.sum())} here; counts of a neuron are at most {int(apart.max(initial=0))} apart"
    )
