"""Relays: neurons that pass a layer's spikes on, one step later, from the chips where they are needed.

A spike goes once to every core that it reaches. Where a layer's whole output changes chips, each spike crosses once for
every such core; to a relay it crosses once, and what the relay sends stays on its chip. TrueNorth's splitters do the
same for neurons that have one target each (Amir et al., IJCNN 2013, doi 10.1109/IJCNN.2013.6707078). A relay is the OR
of one neuron's spikes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scipy import sparse

from .network import Network, Population, Projection
from .or_pooling import joined_spikes

RELAY_LAYER = "Relay"
"""The source layer of relays: no layer of the model."""


def relay_problems(network: Network, names: Sequence[str]) -> list[str]:
    """Why these populations can have no relays, one sentence for each reason."""
    able = [p.name for p in network.chip_populations if _beyond(network, p.name)]
    problems = []
    if unable := [f"'{name}'" for name in names if name not in able]:
        problems.append(
            f"relays cannot follow {', '.join(unable)}: of no layer so called do others on the chip take spikes; they "
            f"can follow {', '.join(able) or 'no layer of this model'}"
        )
    if names and network.going_back:
        problems.append("relays delay spikes by a step, which a loop of layers does not bear; leave out --relay")
    return problems


def with_relays(network: Network, names: Sequence[str]) -> Network:
    """``network`` where layers on the chip take the spikes of the populations ``names`` from relays, a step later.

    The host reads what these fire themselves.
    """
    populations: list[Population] = []
    to_relays: list[Projection] = []
    for population in network.populations:
        populations.append(population)
        if population.name in names:
            one_to_one = sparse.csr_array(sparse.eye_array(population.neurons, format="csr"))
            windows = (population.name, one_to_one, population.shape, network.dt_s)
            relays, projection = joined_spikes(relay_of(population.name), RELAY_LAYER, *windows)
            populations.append(replace(relays, scale_hz=population.scale_hz))
            to_relays.append(projection)
    beyond = {id(p) for name in names for p in _beyond(network, name)}
    projections = [replace(p, source=relay_of(p.source)) if id(p) in beyond else p for p in network.projections]
    return network.with_(populations=tuple(populations), projections=(*projections, *to_relays))


def relay_of(name: str) -> str:
    """The name of the relays of population ``name``."""
    return f"{name}_relay"


def later(before: Network, after: Network) -> Mapping[str, int]:
    """By how many steps the first spikes come later to each chip population of ``before`` in ``after``."""
    was, now = before.first_steps(), after.first_steps()
    return {p.name: now[p.name] - was[p.name] for p in before.chip_populations}


def _beyond(network: Network, name: str) -> list[Projection]:
    """The projections from ``name`` to other populations on the chip."""
    on_chip = {p.name for p in network.chip_populations}
    return [p for p in network.out_of(name) if p.target in on_chip]
