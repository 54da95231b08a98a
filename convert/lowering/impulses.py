"""Impulses through a linear function of an image: its responses, and its matrix from as few images as will do."""

from __future__ import annotations

from itertools import product
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.frontends.original import Function
from convert.network import Shape

ROUNDING = 1e-7
"""Responses up to this, relative to the largest, are zeros."""

SMALL = 1024
"""Up to this many source pixels x channels, every single one is given an impulse."""


AT_A_TIME = 2**22
"""Numbers in the images, or in the responses, that go through a function at once."""


def responses_to(
    function: Function, source: Shape, target: Shape, rows: list[int], columns: list[int]
) -> NDArray[np.float32]:
    """The responses to one image per source channel, 1 at the pixels ``rows`` x ``columns`` of this channel.

    Shape (source channels, *target); what is only rounding is zero.
    """
    responses = np.empty((source[2], *target), dtype=np.float32)
    step = max(1, AT_A_TIME // max(prod(source), prod(target)))
    for first in range(0, source[2], step):
        channels = range(first, min(first + step, source[2]))
        images = np.zeros((len(channels), *source), dtype=np.float32)
        for image, channel in zip(images, channels, strict=True):
            image[np.ix_(rows, columns, [channel])] = 1
        responses[channels.start : channels.stop] = function(images)
    return without_rounding(responses)


def without_rounding(responses: NDArray[np.float32]) -> NDArray[np.float32]:
    """``responses``, in place, with what is only rounding set to zero."""
    rounding = ROUNDING * max(responses.max(), -responses.min())
    for response in responses:
        response[np.abs(response) <= rounding] = 0
    return responses


def matrix_of(function: Function, adjoint: Function, source: Shape, target: Shape) -> sparse.csr_array:
    """The matrix of ``function``, from as few images as will do.

    A vector of few neurons is seen from its side, through ``adjoint``; else many pixels share one image where their
    responses stay apart.
    """
    if target[:2] == (1, 1) and prod(target) < prod(source):
        return _by_rows(adjoint, source, target)
    spacing = [
        source[i] if prod(source) <= SMALL or target[i] == 1 else _reach(function, source, target, i) for i in range(2)
    ]
    parts = []
    for first in product(*(range(min(spacing[i], source[i])) for i in range(2))):
        rows, columns = (list(range(first[i], source[i], spacing[i])) for i in range(2))
        parts.append(_spread(function, source, target, rows, columns))
    data, out, into = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sparse.csr_array(sparse.coo_array((data, (out, into)), shape=(prod(target), prod(source))), dtype=np.float64)


def _by_rows(adjoint: Function, source: Shape, target: Shape) -> sparse.csr_array:
    """The matrix from the adjoint's responses to one target neuron each."""
    step = max(1, AT_A_TIME // prod(source))
    neurons = np.eye(target[2], dtype=np.float32).reshape(-1, *target)
    stacked = sparse.vstack(
        [
            sparse.csr_array(without_rounding(np.array(adjoint(neurons[i : i + step]))).reshape(-1, prod(source)))
            for i in range(0, target[2], step)
        ]
    )
    return sparse.csr_array(stacked, dtype=np.float64)


def _reach(function: Function, source: Shape, target: Shape, axis: int) -> int:
    """How far apart along ``axis`` two source pixels must be for their responses not to meet; the size if unbounded."""
    widest = 0
    for position in {0, source[axis] // 2, source[axis] - 1}:
        at = [source[0] // 2, source[1] // 2]
        at[axis] = position
        seen = responses_to(function, source, target, [at[0]], [at[1]]).any(axis=(0, 2 - axis, 3))
        where = np.nonzero(seen)[0]
        if len(where):
            centre = position * target[axis] / source[axis]
            widest = max(widest, ceil(max(abs(where[0] - centre), abs(where[-1] - centre))) + 1)
    return min(source[axis], ceil((2 * widest + 1) * source[axis] / target[axis]))


def _spread(
    function: Function, source: Shape, target: Shape, rows: list[int], columns: list[int]
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """(values, rows, columns) of the matrix for the pixels ``rows`` x ``columns``, whose responses do not meet."""
    responses = responses_to(function, source, target, rows, columns)
    channel, y, x, d = np.nonzero(responses)
    owner = [
        _owner(positions, index, source[i], target[i]) for i, (positions, index) in enumerate(((rows, y), (columns, x)))
    ]
    into = (owner[0] * source[1] + owner[1]) * source[2] + channel
    out = (y * target[1] + x) * target[2] + d
    return responses[channel, y, x, d], out.astype(np.int32), into.astype(np.int32)


def _owner(positions: list[int], index: NDArray[np.int64], source: int, target: int) -> NDArray[np.int64]:
    """The source position nearest to each target index."""
    candidates = np.asarray(positions)
    centres = (candidates + 0.5) * target / source - 0.5
    return np.asarray(candidates[np.abs(index[:, None] - centres[None, :]).argmin(axis=1)])
