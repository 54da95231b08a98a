"""How a kernel fits one axis of a linear map: with zeros around it, or with pixels that it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from convert.padding import Padding, leading_zeros, positions, transposed_offset

from .taps import Pair


@dataclass(frozen=True)
class Axis:
    """Rows or columns: so many positions of the source and of the target, and a kernel of ``size`` taps.

    The first tap connects source position o * stride + ``low`` with target position o of a convolution, and target
    position i * stride + ``low`` with source position i of a transposed one.
    """

    source: int
    target: int
    size: int
    stride: int
    low: int


def conv_ends(axis: Axis, padding: Padding) -> Pair | None:
    """The fewest zeros before and after the kernel with which a convolution of the whole source fits; None if none."""

    def fits(before: int, after: int) -> bool:
        taps = axis.size + before + after
        sized = positions(axis.source, taps, axis.stride, padding) == axis.target
        return sized and leading_zeros(axis.source, axis.target, taps, axis.stride, padding) == before - axis.low

    return _ends(axis.size, fits)


def up_ends(axis: Axis, padding: Padding) -> Pair | None:
    """The same for a transposed convolution onto the whole target."""

    def fits(before: int, after: int) -> bool:
        taps = axis.size + before + after
        sized = positions(axis.target, taps, axis.stride, padding) == axis.source
        whole = padding == "valid" or axis.target == axis.source * axis.stride
        return sized and whole and transposed_offset(taps, axis.stride, padding) == before - axis.low

    return _ends(axis.size, fits)


def crops(axis: Axis, padding: Padding) -> Iterator[Pair]:
    """What a convolution without further zeros may leave out of the source, before and after what it looks at."""
    reach = (axis.target - 1) * axis.stride + axis.size
    if padding == "valid":
        sizes = range(reach, reach + 1)
    else:
        sizes = range(axis.target * axis.stride, (axis.target - 1) * axis.stride, -1)
    for kept in sizes:
        before = axis.low + leading_zeros(kept, axis.target, axis.size, axis.stride, padding)
        if before >= 0 and before + kept <= axis.source:
            yield before, axis.source - before - kept


def up_crops(axis: Axis) -> Iterator[Pair]:
    """What is left out of all that a transposed 'valid' convolution gives, before and after the target."""
    before, full = -axis.low, (axis.source - 1) * axis.stride + axis.size
    if before >= 0 and before + axis.target <= full:
        yield before, full - before - axis.target


def _ends(size: int, fits: Callable[[int, int], bool]) -> Pair | None:
    """The fewest zeros before and after a kernel axis of ``size`` taps with which it fits."""
    for extra in range(2 * size + 8):
        for before in range(extra + 1):
            if fits(before, extra - before):
                return before, extra - before
    return None
