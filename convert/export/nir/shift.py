"""A bias that differs at the border, as what a convolution makes of one number for each channel added to its source.

An image whose mean is taken away before zeros are put around it gives such a bias.
"""

from __future__ import annotations

import numpy as np

from convert.network import Array, Convolution, Shape, Transform
from convert.network.numpy_form import apply

MOST_CHANNELS = 64
"""Of a source that is looked at."""

EXACT = 1e-6
"""What may be left of the largest bias."""


def shift_of(transform: Transform, source: Shape, bias: Array) -> tuple[Array, Array] | None:
    """The shift of each channel of ``source``, and the bias of each channel after ``transform``, which together are
    ``bias``, of the target's shape; None if there are none."""
    if not isinstance(transform, Convolution) or source[2] > MOST_CHANNELS or bias.shape[:2] == (1, 1):
        return None
    ones = np.zeros((source[2], *source))
    for channel in range(source[2]):
        ones[channel, :, :, channel] = 1
    shape = (bias.shape[0], bias.shape[1], bias.shape[2])
    responses: Array = np.asarray(apply(transform, ones, shape), np.float64).reshape(source[2], -1, bias.shape[2])
    by_pixel = bias.reshape(-1, bias.shape[2])
    centred, wanted = (values - values.mean(axis=-2, keepdims=True) for values in (responses, by_pixel))
    found = np.linalg.lstsq(centred.reshape(source[2], -1).T, wanted.ravel(), rcond=None)[0]
    rest = by_pixel - np.tensordot(found, responses, axes=1)
    left = np.abs(rest - rest.mean(axis=0)).max()
    return (found, rest.mean(axis=0)) if left <= EXACT * np.abs(bias).max() else None
