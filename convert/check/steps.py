"""How many time steps an image needs to come through a network: the least, and about when it has."""

from __future__ import annotations

from collections.abc import Mapping

from convert.network import INPUT, Network

HOST_STEPS = 2.0
"""Before the host's spikes act on the chip. Measured: the first layer's drive arrives at step 3 in the two
models of docs/accuracy.md, one of them for the first spike."""


def least_timesteps(network: Network) -> int:
    """One step for each population on the longest path on the chip, and one for the output."""
    return 1 + max(network.depth().values())


def arrival_steps(network: Network, targets_hz: Mapping[str, float]) -> dict[str, float]:
    """About the step at which the drive has arrived at each population, whose neurons are to fire at ``targets_hz``.

    A layer passes the drive on when its neurons fire: the time between two of their spikes later. Where paths of
    several lengths join, half of the drive has come in the mean of their times.
    """
    fired = {INPUT: HOST_STEPS}
    arrived: dict[str, float] = {}
    for population in network.populations:
        sources = {projection.source for projection in network.into(population.name)}
        arrived[population.name] = sum(fired[source] for source in sources) / max(1, len(sources))
        interval = 1 / (targets_hz[population.name] * network.dt_s)
        fired[population.name] = arrived[population.name] + interval
    return {population.name: arrived[population.name] for population in network.chip_populations}
