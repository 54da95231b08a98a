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
    host_population,
)

from .linear import Linear
from .linearize import Map, linearize


def lower(
    segments: Sequence[Segment], shapes: Mapping[str, Shape], advance: Callable[[int], None] = lambda steps: None
) -> Network:
    """The network of ``segments`` in units of the original's activations (``scale_hz`` = 1).

    ``shapes`` are those of ``INPUT`` and of the populations; ``advance`` is called once per segment.
    """
    populations, readouts = [], []
    maps: dict[tuple[str, str], Map] = {}
    for segment in segments:
        if segment.activation is not None:
            readouts.append(Readout(segment.target, segment.shape, segment.bias(), segment.activation))
        else:
            make = host_population if INPUT in segment.sources else _chip_population
            populations.append(make(segment.target, segment.source_layer, segment.bias(), 1.0))
        for source in segment.sources:
            guesses = _guesses(maps, source, segment, shapes)
            maps[source, segment.target] = linearize(
                Linear(*segment.linear(source), shapes[source], segment.shape), guesses
            )
        advance(1)
    projections = tuple(Projection(*ends, transform) for ends, parts in maps.items() for transform in parts)
    return Network(Input(shapes[INPUT]), tuple(populations), projections, tuple(readouts))


def deepest(segments: Sequence[Segment]) -> int:
    """Populations on the chip that a spike passes on its longest way: what ``Network.depth`` will say."""
    depth = {INPUT: 0}
    for segment in segments:
        if segment.activation is None:
            before = max((depth[source] for source in segment.sources), default=0)
            depth[segment.target] = before + (INPUT not in segment.sources)
    return max(depth.values())


def _chip_population(name: str, source_layer: str, bias_hz: Array, scale_hz: float) -> Population:
    rows, columns, channels = bias_hz.shape
    return Population(name, source_layer, (rows, columns, channels), bias_hz, scale_hz)


def _guesses(
    maps: Mapping[tuple[str, str], Map], source: str, segment: Segment, shapes: Mapping[str, Shape]
) -> Iterator[Map]:
    """What the map from ``source`` may equal: a split ReLU's parts give and take the same but for the sign."""
    twins = [
        found for (other, target), found in maps.items() if other == source and shapes.get(target) == segment.shape
    ]
    if twins:
        yield twins[-1]
        yield _negative(twins[-1])
    if maps:
        (before, target), found = next(reversed(list(maps.items())))
        if target == segment.target and shapes[before] == shapes[source]:
            yield _negative(found)


def _negative(found: Map) -> Map:
    return tuple(transform.scaled(-1.0) for transform in found)
