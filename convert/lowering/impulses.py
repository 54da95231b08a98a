"""Impulses through a linear map of images: its responses, and its matrix from as few images as will do."""

from __future__ import annotations

from math import ceil, prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .linear import Linear

ROUNDING = 1e-7
"""Responses up to this, relative to the largest, are zeros."""

SMALL = 1024
"""Up to this many source pixels x channels, every single one is given an impulse."""


AT_A_TIME = 2**22
"""Numbers in the images, or in the responses, that go through a map at once."""

Grid = tuple[list[int], list[int]]
"""Rows and columns."""


def responses_to(linear: Linear, rows: list[int], columns: list[int]) -> NDArray[np.float32]:
    """The responses to one image per source channel, 1 at the pixels ``rows`` x ``columns`` of this channel.

    Shape (source channels, *target); what is only rounding is zero.
    """
    source = linear.source
    responses = np.empty((source[2], *linear.target), dtype=np.float32)
    step = at_a_time(linear)
    for first in range(0, source[2], step):
        channels = range(first, min(first + step, source[2]))
        images = np.zeros((len(channels), *source), dtype=np.float32)
        for image, channel in zip(images, channels, strict=True):
            image[np.ix_(rows, columns, [channel])] = 1
        responses[channels.start : channels.stop] = linear.forward(images)
    return without_rounding(responses)


def at_a_time(linear: Linear) -> int:
    """How many images go through ``linear`` at once."""
    return max(1, AT_A_TIME // max(prod(linear.source), prod(linear.target)))


def without_rounding(responses: NDArray[np.float32]) -> NDArray[np.float32]:
    """``responses``, in place, with what is only rounding set to zero."""
    rounding = ROUNDING * max(responses.max(), -responses.min())
    for response in responses:
        response[np.abs(response) <= rounding] = 0
    return responses


def touched(linear: Linear, pixels: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which pixels of the target respond to each of ``pixels``, shape (pixels, rows, columns).

    All channels of a pixel are lit at once, at random: that they cancel out is out of the question.
    """
    light = np.random.default_rng(0).uniform(1, 2, linear.source[2])
    seen = np.empty((len(pixels), *linear.target[:2]), dtype=bool)
    step = at_a_time(linear)
    for first in range(0, len(pixels), step):
        some = pixels[first : first + step]
        images = np.zeros((len(some), *linear.source), dtype=np.float32)
        for image, (y, x) in zip(images, some, strict=True):
            image[y, x] = light
        seen[first : first + step] = without_rounding(np.array(linear.forward(images))).any(axis=3)
    return seen


def matrix_of(linear: Linear, where: NDArray[np.bool_] | None = None) -> sparse.csr_array:
    """The matrix of ``linear``, seen from the side that takes fewer images: from its source, or from its target.

    Pixels of the target that are not in ``where``, shape (rows, columns), are known to get nothing.
    """
    if where is None:
        where = np.ones(linear.target[:2], dtype=bool)
    light = np.random.default_rng(0).uniform(1, 2, (1, *linear.target)) * where[:, :, None]
    giving = np.asarray(without_rounding(np.array(linear.adjoint(light.astype(np.float32)))).any(axis=(0, 3)))
    forward, backward = _grids(linear, giving), _grids(linear.transposed, where)
    if len(backward) * linear.target[2] < len(forward) * linear.source[2]:
        return sparse.csr_array(_from_pixels(linear.transposed, backward).T)
    return _from_pixels(linear, forward)


def _grids(linear: Linear, giving: NDArray[np.bool_]) -> list[Grid]:
    """Pixels of the source, (rows, columns), whose responses do not meet, until all that are ``giving`` had a turn."""
    source, target = linear.source, linear.target
    if prod(source) <= SMALL:
        spacing = [source[0], source[1]]
    else:
        spacing = [source[i] if target[i] == 1 else _reach(linear, i, giving) for i in range(2)]
    grids = [tuple(list(range(first[i], source[i], spacing[i])) for i in range(2)) for first in np.ndindex(*spacing)]
    return [(rows, columns) for rows, columns in grids if giving[np.ix_(rows, columns)].any()]


def _from_pixels(linear: Linear, grids: list[Grid]) -> sparse.csr_array:
    """The matrix of ``linear``, from impulses at all pixels of a grid at once."""
    shape = (prod(linear.target), prod(linear.source))
    if not grids:
        return sparse.csr_array(shape, dtype=np.float64)
    parts = [_spread(linear, rows, columns) for rows, columns in grids]
    data, out, into = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sparse.csr_array(sparse.coo_array((data, (out, into)), shape=shape), dtype=np.float64)


def _reach(linear: Linear, axis: int, giving: NDArray[np.bool_]) -> int:
    """How far apart along ``axis`` two source pixels must be for their responses not to meet; the size if unbounded.

    Looked at in the first, the middle and the last line of the pixels that are ``giving``, each in its own middle.
    """
    source, target = linear.source, linear.target
    lines = np.flatnonzero(giving.any(axis=1 - axis))
    widest = 0
    for line in {int(lines[i]) for i in (0, len(lines) // 2, -1)} if len(lines) else ():
        along = np.flatnonzero(giving.take(line, axis))
        other = int(along[len(along) // 2])
        seen = touched(linear, [(line, other) if axis == 0 else (other, line)])
        where = np.flatnonzero(seen.any(axis=(0, 2 - axis)))
        if len(where):
            centre = line * target[axis] / source[axis]
            widest = max(widest, ceil(max(abs(where[0] - centre), abs(where[-1] - centre))) + 1)
    return min(source[axis], ceil((2 * widest + 1) * source[axis] / target[axis]))


def _spread(
    linear: Linear, rows: list[int], columns: list[int]
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """(values, rows, columns) of the matrix for the pixels ``rows`` x ``columns``, whose responses do not meet."""
    source, target = linear.source, linear.target
    responses = responses_to(linear, rows, columns)
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
