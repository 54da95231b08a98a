"""What does not fit together in a network that was read."""

from __future__ import annotations

from functools import singledispatch
from math import prod

from convert.network.network import INPUT, Network
from convert.network.transforms import Convolution, Shape, SharedKernel, Transform


def misfits(network: Network) -> list[str]:
    """What does not fit together in ``network``, one sentence for each."""
    problems = []
    shapes = {INPUT: network.input.shape} | {target.name: target.shape for target in network.readouts}
    shapes |= {population.name: population.shape for population in network.populations}
    readouts = {readout.name for readout in network.readouts}
    for population in network.populations:
        for projection in network.into(population.name):
            if projection.source in readouts:
                problems.append(f"'{population.name}' takes from '{projection.source}', which is an output")
        if population.bias_hz.shape != population.shape:
            problems.append(f"the biases of '{population.name}' have shape {population.bias_hz.shape}")
    for readout in network.readouts:
        if readout.bias.shape != readout.shape:
            problems.append(f"the biases of '{readout.name}' have shape {readout.bias.shape}")
        if not network.into(readout.name):
            problems.append(f"no projection goes to the readout '{readout.name}'")
    for p in network.projections:
        if p.source not in shapes or p.target not in shapes:
            problems.append(f"a projection goes from '{p.source}' to '{p.target}', and one of them is missing")
        elif not _connects(p.transform, shapes[p.source], shapes[p.target]):
            problems.append(f"the projection from '{p.source}' to '{p.target}' does not fit their shapes")
    return problems + _unpunctual(network)


def _unpunctual(network: Network) -> list[str]:
    """What of ``network`` would not be over when the next image starts."""
    period = network.period
    return [
        f"'{p.name}' is not driven for a part of the {period} steps from image to image"
        for p in network.populations
        if period is not None and not p.on_chip and not (p.end_step and 0 < p.end_step - p.onset_step <= period)
    ]


@singledispatch
def _connects(transform: Transform, source: Shape, target: Shape) -> bool:
    """Whether the shapes are those that ``transform`` maps from and to."""
    return bool(transform.as_matrix(source, target).shape == (prod(target), prod(source)))


@_connects.register
def _(transform: SharedKernel, source: Shape, target: Shape) -> bool:
    channels = transform.kernel.shape[2:] == (source[2], target[2])
    if not isinstance(transform, Convolution):  # the target is what is left of it already
        return channels
    return channels and all(size > sum(margins) for size, margins in zip(source[:2], transform.crop, strict=True))
