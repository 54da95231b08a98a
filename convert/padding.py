"""The rule of padding along one axis: how many positions a convolution keeps, and where its kernel begins."""

from __future__ import annotations

from typing import Literal

Padding = Literal["same", "valid"]
"""As in TensorFlow: 'same' keeps ceil(size / stride) positions, 'valid' those whose kernel lies inside."""


def positions(source: int, size: int, stride: int, padding: Padding) -> int:
    """The positions that a convolution of ``size`` taps keeps along an axis; below 1 where it does not fit.

    >>> positions(9, 3, 2, "same"), positions(9, 3, 2, "valid")
    (5, 4)
    """
    return -(-source // stride) if padding == "same" else (source - size) // stride + 1


def leading_zeros(source: int, target: int, size: int, stride: int, padding: Padding) -> int:
    """Positions that padding adds before the first one of a convolution's source. Source: TensorFlow, ``SAME``.

    >>> leading_zeros(8, 4, 3, 2, "same")  # of one zero in all, the first half, rounded down
    0
    """
    return max((target - 1) * stride + size - source, 0) // 2 if padding == "same" else 0


def transposed_offset(size: int, stride: int, padding: Padding) -> int:
    """Target positions by which a transposed convolution is moved to the front. Source: Keras' Conv2DTranspose."""
    return max(size - stride, 0) // 2 if padding == "same" else 0
