"""Segments of a trained network -> ``Network``: a population for each ReLU, a projection for each linear path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from convert.frontends.original import Segment
from convert.network import (
    INPUT,
    Array,
    Input,
    Network,
    Population,
    Projection,
    Readout,
    Shape,
    Transform,
    host_population,
)

from .linearize import linearize


def lower(
    segments: Sequence[Segment], shapes: Mapping[str, Shape], advance: Callable[[int], None] = lambda steps: None
) -> Network:
    """The network of ``segments`` in units of the original's activations (``scale_hz`` = 1).

    ``shapes`` are those of ``INPUT`` and of the populations; ``advance`` is called once per segment.
    """
    populations, readouts = [], []
    projections: list[Projection] = []
    for segment in segments:
        if segment.activation is not None:
            readouts.append(Readout(segment.target, segment.shape, segment.bias(), segment.activation))
        else:
            make = host_population if INPUT in segment.sources else _chip_population
            populations.append(make(segment.target, segment.source_layer, segment.bias(), 1.0))
        for source in segment.sources:
            guesses = _guesses(projections, source, segment, shapes)
            transform = linearize(*segment.linear(source), shapes[source], segment.shape, guesses)
            projections.append(Projection(source, segment.target, transform))
        advance(1)
    return Network(Input(shapes[INPUT]), tuple(populations), tuple(projections), tuple(readouts))


def _chip_population(name: str, source_layer: str, bias_hz: Array, scale_hz: float) -> Population:
    rows, columns, channels = bias_hz.shape
    return Population(name, source_layer, (rows, columns, channels), bias_hz, scale_hz)


def _guesses(
    before: list[Projection], source: str, segment: Segment, shapes: Mapping[str, Shape]
) -> Iterator[Transform]:
    """What the transform from ``source`` may equal: a split ReLU's parts give and take the same but for the sign."""
    twins = [p.transform for p in before if p.source == source and shapes.get(p.target) == segment.shape]
    if twins:
        yield twins[-1]
        yield twins[-1].scaled(-1.0)
    if before and before[-1].target == segment.target and shapes[before[-1].source] == shapes[source]:
        yield before[-1].transform.scaled(-1.0)
