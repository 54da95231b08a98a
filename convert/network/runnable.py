"""Whether a network can run: long enough, and with nothing that no target has."""

from __future__ import annotations

from scipy import sparse

from convert.errors import UserError, tell

from .network import INPUT, Network, Projection, TimeCourse
from .neuron import CHIP, DECAY_ONE


def require_timesteps(network: Network) -> None:
    """Raises ``UserError`` if a run would end before the first spikes can have come through all layers, or go on after
    the last ones have: the outputs are means over the steps between."""
    deepest = max(network.depth().values())
    end = network.input_end_step
    if end is not None and network.timesteps > end + deepest:
        raise UserError(
            f"{network.timesteps} timesteps go on after the image, which is shown for {end}, has passed the {deepest} "
            f"layers on the chip; use --timesteps {end + deepest}"
        )
    require_steps(network.timesteps, deepest)


def require_steps(timesteps: int, deepest: int) -> None:
    """Raises ``UserError`` if a spike needs more steps to pass the ``deepest`` layers on the chip."""
    if timesteps <= deepest:
        raise UserError(
            f"{timesteps} timesteps end before a spike has passed the {deepest} layers on the "
            f"chip, one step each; use --timesteps {4 * deepest} or more"
        )


def require_runnable(network: Network) -> None:
    """Raises ``UserError`` for neurons that no target runs."""
    problems = [
        f"population '{p.name}' is to lose {p.neuron.leak:g} of its voltage in a step, and the chip's decay is 0 to "
        f"{DECAY_ONE - 1}/{DECAY_ONE}; use a leak of 0 to {(DECAY_ONE - 1) / DECAY_ONE:.4f}"
        for p in network.chip_populations
        if not 0 <= p.neuron.leak <= (DECAY_ONE - 1) / DECAY_ONE
    ]
    problems += [
        f"population '{p.name}' on the host is to leak, and the host's neurons do not; let one on the chip leak"
        for p in network.populations
        if p.neuron.leak and not p.on_chip
    ]
    problems += [
        f"population '{p.name}' leaks, and what clears layers between images that follow each other is made for "
        "voltages that stay; convert without --follow"
        for p in network.chip_populations
        if p.neuron.leak and network.period is not None
    ]
    problems += [
        f"population '{p.name}' on the chip keeps its overshoot at a reset, and Loihi resets to 0; convert the model "
        "again"
        for p in network.chip_populations
        if p.neuron.reset is not CHIP.reset
    ]
    problems += [
        f"population '{p.target}' on the host is to take spikes from '{p.source}', which does not come before it, and "
        "what the chip fires does not come back to the host within a run; let it go back to a population on the chip"
        for p in network.going_back
        if not network.population(p.target).on_chip
    ]
    if network.going_back and network.period is not None:
        p = network.going_back[0]
        problems.append(
            f"spikes of '{p.source}' go back to '{p.target}', and images can follow each other through layers that "
            "each of them leaves behind only; convert without --follow"
        )
    problems += [
        f"population '{target}' is to take events through weights or on the chip, and the host sends them on as "
        "they are; let a host population of the input's shape take them, one to one"
        for target in _mixed_events(network)
    ]
    problems += [
        f"population '{p.name}' on the chip is to start or stop within a presentation, and only the host can; let "
        "a host population bring what is to start or stop"
        for p in network.chip_populations
        if p.onset_step or p.end_step is not None
    ]
    tell(problems)


def _mixed_events(network: Network) -> list[str]:
    """The targets of events that do not get each of them as it is."""
    if network.input.time_course is not TimeCourse.EVENTS:
        return []
    return [p.target for p in network.out_of(INPUT) if not _sends_on(network, p)]


def _sends_on(network: Network, projection: Projection) -> bool:
    """Whether a host population gets every event, one to one."""
    if not any(p.name == projection.target for p in network.populations) or len(network.into(projection.target)) > 1:
        return False
    target, transform = network.population(projection.target), projection.transform
    if target.on_chip or target.shape != network.input.shape:
        return False
    matrix = transform.as_matrix(network.input.shape, target.shape)
    return bool((matrix != sparse.eye_array(target.neurons, format="csr")).nnz == 0)
