"""Impulses through a linear function of an image: its responses, and its matrix from as few images as will do."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .network import Shape

Function = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From (batch, rows, columns, channels) to (batch, rows, columns, channels), linear."""

ROUNDING = 1e-7
"""Responses up to this, relative to the largest, are zeros."""

SMALL = 1024
"""Up to this many source pixels x channels, every single one is given an impulse."""


def impulses(source: Shape, rows: list[int], columns: list[int]) -> NDArray[np.float32]:
    """One image for each given pixel and channel, ordered pixel first, channel fastest."""
    pixels = list(product(rows, columns))
    images = np.zeros((len(pixels), source[2], *source), dtype=np.float32)
    for i, (y, x) in enumerate(pixels):
        images[i, np.arange(source[2]), y, x, np.arange(source[2])] = 1
    return images.reshape(-1, *source)


def responses_to(function: Function, images: NDArray[np.float32], target: Shape) -> NDArray[np.float32]:
    """The responses, with what is only rounding set to zero."""
    step = max(1, 2**24 // max(prod(images.shape[1:]), prod(target)))
    responses = np.concatenate([function(images[i : i + step]) for i in range(0, len(images), step)])
    responses[np.abs(responses) <= ROUNDING * np.abs(responses).max()] = 0
    return responses


def matrix_of(function: Function, source: Shape, target: Shape) -> sparse.csr_array:
    """The matrix of ``function`` by impulses: many pixels in one image where their responses stay apart."""
    spacing = [
        source[i] if prod(source) <= SMALL or target[i] == 1 else _reach(function, source, target, i) for i in range(2)
    ]
    parts = []
    for first in product(*(range(min(spacing[i], source[i])) for i in range(2))):
        rows, columns = (list(range(first[i], source[i], spacing[i])) for i in range(2))
        parts.append(_spread(function, source, target, rows, columns, spacing))
    return sparse.csr_array(sum(parts[1:], parts[0]))


def _reach(function: Function, source: Shape, target: Shape, axis: int) -> int:
    """How far apart along ``axis`` two source pixels must be for their responses not to meet; the size if unbounded."""
    widest = 0
    for position in {0, source[axis] // 2, source[axis] - 1}:
        at = [source[0] // 2, source[1] // 2]
        at[axis] = position
        images = impulses(source, [at[0]], [at[1]])
        seen = np.abs(responses_to(function, images, target)).max(axis=(0, 3)).max(axis=1 - axis) > 0
        where = np.nonzero(seen)[0]
        if len(where):
            centre = position * target[axis] / source[axis]
            widest = max(widest, ceil(max(abs(where[0] - centre), abs(where[-1] - centre))) + 1)
    return min(source[axis], ceil((2 * widest + 1) * source[axis] / target[axis]))


def _spread(
    function: Function, source: Shape, target: Shape, rows: list[int], columns: list[int], spacing: list[int]
) -> sparse.csr_array:
    """The columns of the matrix for the pixels ``rows`` x ``columns``, whose responses do not meet."""
    images = np.zeros((source[2], *source), dtype=np.float32)
    for c in range(source[2]):
        images[c][np.ix_(rows, columns, [c])] = 1
    responses = responses_to(function, images, target)
    channel, y, x, d = np.nonzero(responses)
    owner = [
        _owner(positions, index, source[i], target[i]) for i, (positions, index) in enumerate(((rows, y), (columns, x)))
    ]
    into = (owner[0] * source[1] + owner[1]) * source[2] + channel
    out = (y * target[1] + x) * target[2] + d
    data = (responses[channel, y, x, d].astype(np.float64), (out, into))
    return sparse.csr_array(sparse.coo_array(data, shape=(prod(target), prod(source))))


def _owner(positions: list[int], index: NDArray[np.int64], source: int, target: int) -> NDArray[np.int64]:
    """The source position nearest to each target index."""
    candidates = np.asarray(positions)
    centres = (candidates + 0.5) * target / source - 0.5
    return np.asarray(candidates[np.abs(index[:, None] - centres[None, :]).argmin(axis=1)])
