"""Segments of a Keras model -> Network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.frontends.keras.cut import Cut, Segment
from convert.frontends.keras.rewrite import nodes_of
from convert.network import INPUT, Array, Input, Network, Population, Projection, Readout, Transform, host_population
from convert.upstream.tensorflow import load_tensorflow

from .impulses import Function
from .linearize import measure

LOUD = 2.0**12
"""By how much impulses are larger than 1."""


def lower(cut: Cut, advance: Callable[[int], None] = lambda steps: None) -> Network:
    """The network of ``cut`` in units of the Keras activations (``scale_hz`` = 1): one projection per source.

    ``advance`` is called once per segment.
    """
    populations, readouts = [], []
    projections: list[Projection] = []
    for segment in cut.segments:
        silent = _silent(segment)
        bias = np.asarray(silent[id(segment.function.outputs[0])], np.float64).reshape(segment.shape)
        if segment.activation is not None:
            readouts.append(Readout(segment.target, segment.shape, bias, segment.activation))
        else:
            make = host_population if INPUT in segment.sources else _chip_population
            populations.append(make(segment.target, segment.source_layer, bias, 1.0))
        for source in segment.sources:
            shape = cut.shapes[source]
            guesses = _guesses(projections, source, segment, cut)
            transform = measure(*_linear(segment, source, silent), shape, segment.shape, guesses)
            projections.append(Projection(source, segment.target, transform))
        advance(1)
    return Network(Input(cut.shapes[INPUT]), tuple(populations), tuple(projections), tuple(readouts))


def _chip_population(name: str, source_layer: str, bias_hz: Array, scale_hz: float) -> Population:
    rows, columns, channels = bias_hz.shape
    return Population(name, source_layer, (rows, columns, channels), bias_hz, scale_hz)


def _guesses(before: list[Projection], source: str, segment: Segment, cut: Cut) -> Iterator[Transform]:
    """What the transform from ``source`` may equal: a split ReLU's parts give and take the same but for the sign."""
    twins = [p.transform for p in before if p.source == source and cut.shapes.get(p.target) == segment.shape]
    if twins:
        yield twins[-1]
        yield twins[-1].scaled(-1.0)
    if before and before[-1].target == segment.target and cut.shapes[before[-1].source] == cut.shapes[source]:
        yield before[-1].transform.scaled(-1.0)


def _silent(segment: Segment) -> dict[int, Any]:
    """What each tensor of the segment is for silent sources, by id; its output is then the bias.

    The bias has the segment's shape: where zeros are padded it differs by pixel.
    """
    tf = load_tensorflow()
    values = {id(tensor): tf.zeros((1, *tensor.shape[1:])) for tensor in segment.function.inputs}
    for node in nodes_of(segment.function):
        values[id(node.outputs)] = _call(node, [values[id(tensor)] for tensor in node.keras_inputs])
    return values


def _call(node: Any, inputs: list[Any]) -> Any:
    return node.layer(inputs if len(inputs) > 1 else inputs[0])


def _linear(segment: Segment, source: str, silent: Mapping[int, Any]) -> tuple[Function, Function]:
    """The linear part of the segment with respect to one source, as a function on images, and its adjoint.

    Only layers that the source reaches are run. The images are made large before, and the response small after, so that
    no bias swallows the last bits of a weight.
    """
    tf = load_tensorflow()
    model = segment.function
    start, end = model.inputs[segment.sources.index(source)], model.outputs[0]

    def run(images: Any) -> Any:
        values = {id(start): images}
        for node in nodes_of(model):
            tensors = [id(tensor) for tensor in node.keras_inputs]
            if any(tensor in values for tensor in tensors):
                given = [values[t] if t in values else tf.repeat(silent[t], len(images), axis=0) for t in tensors]
                values[id(node.outputs)] = _call(node, given)
        return values[id(end)]

    def response(images: NDArray[np.float32]) -> NDArray[np.float32]:
        loud = tf.constant(images.reshape(len(images), *start.shape[1:])) * LOUD
        values = (run(loud) - silent[id(end)]) / LOUD
        return np.asarray(values, dtype=np.float32).reshape(len(images), *segment.shape)

    def adjoint(images: NDArray[np.float32]) -> NDArray[np.float32]:
        zeros = tf.zeros((len(images), *start.shape[1:]))
        with tf.GradientTape() as tape:
            tape.watch(zeros)
            values = run(zeros)
        seeds = tf.constant(images.reshape(len(images), *end.shape[1:]))
        return np.asarray(tape.gradient(values, zeros, output_gradients=seeds), dtype=np.float32)

    return response, adjoint
