"""The linear paths of a segment, foreseen from the settings of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convert.frontends.keras.cut import AnySegment
from convert.frontends.keras.nodes import nodes_of
from convert.frontends.keras.paths.reach import reach_of, shape_of
from convert.frontends.keras.paths.rearranged import REARRANGING, rearranged
from convert.frontends.linear_path import Axis, Connected, LinearPath, staying
from convert.upstream.types import Layer, Node, Tensor

MIXING = ("Conv", "SeparableConv", "Dense", "Concatenate", "Permute")
"""What the names of classes begin with that bring channels together."""


def paths_into(segment: AnySegment) -> dict[str, LinearPath]:
    """The path from each source of ``segment`` to its drive, by source."""
    end, nodes = segment.function.outputs[0], nodes_of(segment.function)
    producers = {id(node.outputs): node for node in nodes}
    found: dict[int, LinearPath | None] = {id(end): None}
    for node in reversed(nodes):
        if id(node.outputs) not in found:
            continue
        here = found.pop(id(node.outputs))
        for tensor, step in _steps_over(node, producers):
            path = here if step is None else step.before(here)
            if id(tensor) in found:
                path = _whole(path, tensor).beside(_whole(found[id(tensor)], tensor))
            found[id(tensor)] = path
    return {
        name: _whole(found[id(tensor)], tensor)
        for name, tensor in zip(segment.sources, segment.function.inputs, strict=True)
    }


def _whole(path: LinearPath | None, tensor: Tensor) -> LinearPath:
    """``path``; None is that of a ``tensor`` to itself."""
    return staying(shape_of(tensor)) if path is None else path


def _steps_over(node: Node, producers: Mapping[int, Node]) -> list[tuple[Tensor, LinearPath | None]]:
    """The tensors that ``node`` takes and the path of each over it; None where each neuron stays what it is."""
    if type(node.layer).__name__ in REARRANGING and not _keeps(node):
        moved = rearranged(node, producers, _keeps)
        if moved.in_order and id(moved.source) not in producers and shape_of(moved.source)[:2] == (1, 1):
            return [(moved.source, replace(staying(shape_of(node.outputs)), of_a_vector=True))]
        rows, columns = (_of_moved(axis, moved.weighted) for axis in (moved.rows, moved.columns))
        return [(moved.source, LinearPath(rows, columns, moved.channels))]
    return [
        (tensor, None if _keeps(node, place) else path_over(node, place))
        for place, tensor in enumerate(node.keras_inputs)
    ]


def _keeps(node: Node, place: int = 0) -> bool:
    """Whether each neuron of input number ``place`` reaches its own of the output and no other."""
    source, target = shape_of(node.keras_inputs[place]), shape_of(node.outputs)
    kind = type(node.layer).__name__
    if source != target or kind in ("Reshape", "Flatten"):
        return source == target
    return not kind.startswith(MIXING) and reach_of(node, source, target).local


def path_over(node: Node, place: int) -> LinearPath:
    """What the call ``node`` of a layer does to its input number ``place``."""
    layer, target = node.layer, shape_of(node.outputs)
    sources = [shape_of(tensor) for tensor in node.keras_inputs]
    reach = reach_of(node, sources[place], target)
    rows = _weighted(layer, reach.rows)
    columns = rows if reach.columns is reach.rows else _weighted(layer, reach.columns)
    before = sum(shape[2] for shape in sources[:place])
    return LinearPath(rows, columns, channels_over(layer, sources[place][2], target[2], before))


def channels_over(layer: Layer, source: int, target: int, before: int = 0) -> Connected:
    """Which of ``source`` channels of an input reach which of ``target`` channels of the output.

    ``before`` are the channels of the inputs in front of this one, for layers that put them one behind the other.
    """
    kind = type(layer).__name__.replace("1D", "").replace("2D", "")
    if kind in ("Conv", "ConvTranspose", "Dense"):
        kernel = layer.get_weights()[0] != 0
        connected = kernel.any(axis=tuple(range(kernel.ndim - 2)))
        return connected.T if kind == "ConvTranspose" else _in_groups(connected, source // connected.shape[0])
    if kind == "DepthwiseConv":
        return np.repeat(np.eye(source, dtype=bool), target // source, axis=1)
    if kind == "Concatenate" and target > source:
        return np.eye(source, target, k=before, dtype=bool)
    if source != target or kind.startswith(MIXING):
        return np.ones((source, target), bool)
    return np.eye(source, dtype=bool)


def _in_groups(kernel: Connected, groups: int) -> Connected:
    """The channels that a ``kernel`` of shape (channels of a group, target channels) connects."""
    inside, target = kernel.shape
    connected = np.zeros((groups, inside, target), bool)
    connected[np.arange(target) // (target // groups), :, np.arange(target)] = kernel.T
    return connected.reshape(groups * inside, target)


def _of_moved(connected: Connected, weighted: bool) -> Axis:
    """Numbers where rearranged positions are ``connected``: each its own where nothing is shared."""
    shared = not weighted and not connected.all()
    return _at_taps(connected) if shared else np.where(connected, _draw(connected.shape), 0.0)


def _weighted(layer: Layer, connected: Connected) -> Axis:
    """Numbers where positions are ``connected``, drawn by chance: the same for layers that connect alike.

    What averages gives weights of 1 in all, at the border too.
    """
    weights = _at_taps(connected)
    if "Pooling" in type(layer).__name__ or "UpSampling" in type(layer).__name__:
        return np.asarray(weights / np.maximum(weights.sum(axis=0), 1e-30))
    return weights


def _at_taps(connected: Connected) -> Axis:
    taps = _taps(connected)
    return np.where(connected, _draw((int(np.ptp(taps)) + 1,))[taps - taps.min()], 0.0)


def _draw(shape: tuple[int, ...]) -> Axis:
    return np.random.default_rng(0).uniform(1, 2, shape)


def _taps(connected: Connected) -> NDArray[np.int64]:
    """Which pairs of positions (source, target) share a weight: those with the same number."""
    source, target = (np.arange(size) for size in connected.shape)
    if len(source) < len(target):
        return target[None, :] - _stride(connected.T) * source[:, None]
    return source[:, None] - _stride(connected) * target[None, :]


def _stride(connected: Connected) -> int:
    """By how many source positions a layer goes on from one target position to the next."""
    used = connected[:, connected.any(axis=0)]
    first, last = used.argmax(axis=0), used.shape[0] - 1 - used[::-1].argmax(axis=0)
    steps = [int(np.median(np.diff(ends))) for ends in (first, last) if len(ends) > 1]
    return max(steps, default=0) or max(1, round(connected.shape[0] / connected.shape[1]))
