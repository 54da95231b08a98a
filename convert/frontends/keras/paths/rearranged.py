"""What Reshape, Flatten and Permute do to neurons: each goes to one place, told axis by axis.

Between two such layers, tensors need not be images; only where the last one of a row puts the neurons counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from convert.frontends.keras.paths.reach import shape_of
from convert.frontends.linear_path import Connected
from convert.upstream.types import Node, Tensor

REARRANGING = ("Reshape", "Flatten", "Permute")


@dataclass(frozen=True)
class Rearranged:
    """Which rows, columns and channels of ``source`` go to which of the target.

    ``weighted`` says whether each neuron gets a weight of its own on the way, ``in_order`` whether they stay in order.
    """

    source: Tensor
    rows: Connected
    columns: Connected
    channels: Connected
    weighted: bool
    in_order: bool


def rearranged(node: Node, producers: Mapping[int, Node], keeps: Callable[[Node], bool]) -> Rearranged:
    """What ``node`` does after those before it that rearrange, too, or leave each neuron in its place (``keeps``)."""
    chain = [node]
    while (before := producers.get(id(chain[-1].keras_inputs[0]))) is not None and len(before.keras_inputs) == 1:
        if not (_moves(before) or keeps(before)):
            break
        chain.append(before)
    while not _moves(chain[-1]):
        chain.pop()
    weighted = any(step.layer.weights for step in chain)
    source = chain[-1].keras_inputs[0]
    sizes = tuple(int(size) for size in source.shape[1:])
    place = np.arange(prod(sizes)).reshape(sizes)
    for step in reversed(chain):
        if type(step.layer).__name__ == "Permute":
            place = place.transpose([axis - 1 for axis in step.layer.dims])
        place = place.reshape([int(size) for size in step.outputs.shape[1:]])
    came_from = np.unravel_index(place.reshape(shape_of(node.outputs)), shape_of(source))
    parts = [_along(came_from[axis], axis, shape_of(source)[axis]) for axis in range(3)]
    in_order = bool((np.diff(place.ravel()) == 1).all())
    return Rearranged(source, parts[0], parts[1], parts[2], weighted, in_order)


def _moves(node: Node) -> bool:
    return type(node.layer).__name__ in REARRANGING


def _along(came_from: NDArray[np.intp], axis: int, size: int) -> Connected:
    """Which of ``size`` positions of the source reach which ones of the target along ``axis``."""
    connected = np.zeros((size, came_from.shape[axis]), bool)
    for target, found in enumerate(np.moveaxis(came_from, axis, 0)):
        connected[found, target] = True
    return connected
