"""A training that starts where another one ended: the weights of a bundle, for other steps or a penalty."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from convert.calibration.bias_onset import BIAS_SOURCE
from convert.errors import UserError
from convert.network import BIAS_SOURCE_LAYER, Array, Network, Population, Projection
from convert.training.wave.schedule import PULSE_SOURCE, ROUNDED, Wave


def started_from(wave: Wave, trained: Network) -> Wave:
    """``wave`` with the weights, biases and pulses of ``trained``, which a wave of any steps has delivered.

    Raises ``UserError`` if that has other populations or connections, or no end of the image's steps.
    """
    network = wave.network
    require_few_steps(trained)
    require_populations(network, trained)
    theirs = {(p.source, p.target): p for p in trained.projections}
    _require_same(_other_connections(network, theirs))
    projections = tuple(
        replace(p, transform=p.transform.with_weights(theirs[p.source, p.target].transform.weights))
        for p in network.projections
    )
    readouts = tuple(
        replace(mine, bias=other.bias) for mine, other in zip(network.readouts, trained.readouts, strict=True)
    )
    pulses = {p.name: _brought(trained, PULSE_SOURCE, p) for p in network.chip_populations}
    populations = tuple(_with_bias(p, wave, trained) for p in network.populations)
    changed = network.with_(populations=populations, projections=projections, readouts=readouts)
    return Wave(changed, wave.steps, pulses)


def require_few_steps(trained: Network) -> None:
    """Raises ``UserError`` if the image of ``trained`` is shown in all steps."""
    if not any(p.end_step is not None and p.source_layer != BIAS_SOURCE_LAYER for p in trained.populations):
        raise UserError("the bundle to start from was not trained for a few steps; give one that --steps has made")


def require_populations(network: Network, trained: Network, left_out: Collection[str] = ()) -> None:
    """Raises ``UserError`` if ``trained`` has not the populations of ``network``, but for those ``left_out``, and its
    readouts."""
    shapes = {p.name: p.shape for p in trained.populations if p.source_layer != BIAS_SOURCE_LAYER}
    shapes |= {r.name: r.shape for r in trained.readouts}
    mine = {p.name: p.shape for p in network.populations if p.name not in left_out}
    mine |= {r.name: r.shape for r in network.readouts}
    both = sorted(mine.keys() & shapes.keys())
    problems = [f"'{name}' is not in both" for name in sorted(mine.keys() ^ shapes.keys())]
    _require_same(problems + [f"'{n}' is {shapes[n]}, not {mine[n]}" for n in both if shapes[n] != mine[n]])


def _other_connections(network: Network, theirs: Mapping[tuple[str, str], Projection]) -> list[str]:
    """The connections of ``network`` that are not among ``theirs`` with as many weights."""
    problems = []
    for p in network.projections:
        other = theirs.get((p.source, p.target))
        if other is None or other.transform.weights.shape != p.transform.weights.shape:
            problems.append(f"what leads from '{p.source}' to '{p.target}' is not the same")
    return problems


def _require_same(problems: Sequence[str]) -> None:
    if problems:
        raise UserError(f"the bundle to start from is of another model: {problems[0]}; give one of the same model")


def _with_bias(population: Population, wave: Wave, trained: Network) -> Population:
    """``population`` with its bias in ``trained``; a host's has what rounds its count."""
    theirs = trained.population(population.name)
    if population.on_chip:
        bias_hz = _brought(trained, BIAS_SOURCE, population) / trained.dt_s
    else:
        assert theirs.end_step is not None
        bias_hz = theirs.bias_hz + ROUNDED / trained.dt_s * (1 / wave.steps - 1 / theirs.end_step)
    return replace(population, bias_hz=bias_hz)


def _brought(trained: Network, kind: str, population: Population) -> Array:
    """What host neurons of a ``kind`` bring to ``population`` in a step, in thresholds."""
    total = np.zeros(population.shape)
    for p in trained.into(population.name):
        source = trained.population(p.source)
        if source.source_layer == BIAS_SOURCE_LAYER and source.name.startswith(f"{kind}@"):
            matrix = p.transform.as_matrix(source.shape, population.shape)
            total += matrix.toarray().reshape(population.shape)
    return total
