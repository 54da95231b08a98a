"""What the linear nodes of a NIR graph do, composed: one kernel for all pixels where that can be, else single weights.

Shapes are ours, channels last; NIR's (channels, rows, columns) is (rows, columns, channels) here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from scipy import sparse

from convert.network import Array, Convolution, Shape, SharedKernel, Sparse, Taps, Transform
from convert.network.transforms import Margins
from convert.padding import Padding, positions

DENSE = 0.5
"""Share of weights that are not zero, below which single weights take less room than a kernel: pools, groups."""

MOST_NEURONS = 2**27
"""Of a layer; the largest board that was built has 2**26.6. Source: 768 chips of 128 cores of 1,024 compartments."""

MOST_SCALED = 512
"""Channels up to which one factor for each is a kernel."""

MORE_ZEROS = 2
"""Zeros by which a kernel may grow at each end to be one that begins where torch's does."""


@dataclass(frozen=True)
class Window(SharedKernel):
    """A kernel whose first window begins at ``start`` (rows, columns); of the source, ``seen`` rows and columns count.

    >>> Window(np.ones((3, 1, 1, 1)), (2, 1), start=(-1, 0), end=(4, 1)).taps(0, 4, 2)
    array([[ 1, -1],
           [ 2,  0],
           [-1,  1],
           [-1,  2]])
    """

    start: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)

    def taps(self, axis: int, source: int, target: int) -> Taps:
        rows, stride = np.arange(source)[:, None], self.strides[axis]
        taps = rows - self.start[axis] - stride * np.arange(target)[None, :]
        inside = (taps >= 0) & (taps < self.kernel.shape[axis]) & (rows < self.end[axis])
        return np.where(inside, taps, -1)


@dataclass(frozen=True)
class Map:
    """A linear map of ``source`` to ``target``; by one kernel or by single weights; ``same``: every number as it is."""

    transform: Window | Sparse
    source: Shape
    target: Shape
    same: bool = False

    def matrix(self) -> sparse.csr_array:
        """Shape (target numbers, source numbers)."""
        return self.transform.as_matrix(self.source, self.target)

    def of(self, values: Array) -> Array:
        """What it makes of numbers of the source's shape."""
        return np.asarray((self.matrix() @ values.ravel()).reshape(self.target))

    def times(self, gains: Array) -> Map:
        """Each number of the target, whose shape ``gains`` has, multiplied by its own."""
        by_channel = gains.reshape(-1, self.target[2])
        if (by_channel == by_channel[0]).all():
            return Map(self.transform.scaled(by_channel[0], self.target), self.source, self.target)  # type: ignore[arg-type]
        matrix = sparse.csr_array(sparse.diags_array(gains.ravel()) @ self.matrix())
        return Map(Sparse(matrix), self.source, self.target)


def identity(shape: Shape) -> Map:
    """Every number as it is."""
    return Map(Sparse(sparse.csr_array(sparse.eye_array(prod(shape), format="csr"))), shape, shape, same=True)


def then(first: Map, second: Map) -> Map:
    """``second`` after ``first``: by one kernel if no window of the second reaches beyond what the first gives."""
    if first.same or second.same:
        return second if first.same else first
    a, b = first.transform, second.transform
    if isinstance(a, Window) and isinstance(b, Window):
        ends = [_joint_end(first, second, axis) for axis in (0, 1)]
        if ends[0] is not None and ends[1] is not None:
            start = (a.start[0] + a.strides[0] * b.start[0], a.start[1] + a.strides[1] * b.start[1])
            strides = (a.strides[0] * b.strides[0], a.strides[1] * b.strides[1])
            window = Window(_joint_kernel(a, b), strides, start=start, end=(ends[0], ends[1]))
            return Map(window, first.source, second.target)
    return Map(Sparse(sparse.csr_array(second.matrix() @ first.matrix())), first.source, second.target)


def _joint_end(first: Map, second: Map, axis: int) -> int | None:
    """Up to where positions of the source count for the composed kernel; None if it would see more than both do."""
    a, b = first.transform, second.transform
    assert isinstance(a, Window)
    assert isinstance(b, Window)
    stride, middle = a.strides[axis], min(first.target[axis], b.end[axis])
    if b.kernel.shape[axis] == b.strides[axis] == 1 and b.start[axis] == 0 and middle >= second.target[axis]:
        return a.end[axis]
    if a.start[axis] != 0 or a.kernel.shape[axis] > stride:
        return None
    return min(a.end[axis], stride * middle)


def _joint_kernel(a: Window, b: Window) -> Array:
    rows, columns = ((b.kernel.shape[i] - 1) * a.strides[i] + a.kernel.shape[i] for i in (0, 1))
    kernel = np.zeros((rows, columns, a.kernel.shape[2], b.kernel.shape[3]))
    for y, x in np.ndindex(b.kernel.shape[:2]):
        top, left = y * a.strides[0], x * a.strides[1]
        kernel[top : top + a.kernel.shape[0], left : left + a.kernel.shape[1]] += a.kernel @ b.kernel[y, x]
    return kernel


def as_transform(found: Map) -> Transform:
    """The map as the network holds it: a convolution if one of ours does the same, else single weights."""
    window = found.transform
    if not isinstance(window, Window):
        return window
    if np.mean(window.kernel != 0) < DENSE:
        return Sparse(found.matrix())
    paddings: tuple[Padding, Padding] = ("valid", "same")
    for padding in paddings:
        of_rows, of_columns = (_fit(found, axis, padding) for axis in (0, 1))
        if of_rows is not None and of_columns is not None:
            (rows, top), (columns, left) = of_rows, of_columns
            margins: Margins = (rows, columns)
            kernel = np.pad(window.kernel, (top, left, (0, 0), (0, 0)))
            return Convolution(kernel, window.strides, padding, margins)
    return Sparse(found.matrix())


Fit = tuple[tuple[int, int], tuple[int, int]]
"""Positions left out at the two ends of the source, and zeros added at those of the kernel."""


def _fit(found: Map, axis: int, padding: Padding) -> Fit | None:
    """The crop and the zeros with which a convolution has the same taps along ``axis``."""
    window = found.transform
    assert isinstance(window, Window)
    size, stride = window.kernel.shape[axis], window.strides[axis]
    source, target = found.source[axis], found.target[axis]
    wanted = window.taps(axis, source, target)
    more = range(MORE_ZEROS + 1)
    crops = product(sorted({0, max(0, window.start[axis])}), sorted({0, source - window.end[axis], *range(size)}))
    for (before, after), zeros in product(crops, sorted(product(more, more), key=sum)):
        kept, longer = source - before - after, size + sum(zeros)
        if kept < 1 or positions(kept, longer, stride, padding) != target:
            continue
        shape = [1, 1]
        shape[axis] = longer
        strides = (stride, 1) if axis == 0 else (1, stride)
        crop: Margins = ((before, after), (0, 0)) if axis == 0 else ((0, 0), (before, after))
        taps = Convolution(np.zeros((*shape, 1, 1)), strides, padding, crop).taps(axis, source, target)
        real = np.where((taps >= zeros[0]) & (taps < zeros[0] + size), taps - zeros[0], -1)
        if np.array_equal(real, wanted):
            return (before, after), zeros
    return None


def dense(weight: Array, source: Shape) -> Map:
    """An affine map (outputs, inputs) of a vector, which may be a flattened map of NIR's order."""
    outputs = len(weight)
    rows, columns, channels = source
    kernel = weight.reshape(outputs, channels, rows, columns).transpose(2, 3, 1, 0)
    return Map(Window(kernel, start=(0, 0), end=(rows, columns)), source, (1, 1, outputs))


def convolution(
    weight: Array, source: Shape, strides: tuple[int, int], padding: Margins, dilation: tuple[int, int], groups: int
) -> Map:
    """torch's convolution, ``weight`` (channels out, channels in of a group, rows, columns)."""
    spread = np.zeros((*weight.shape[:2], *((n - 1) * d + 1 for n, d in zip(weight.shape[2:], dilation, strict=True))))
    spread[:, :, :: dilation[0], :: dilation[1]] = weight
    out, per_group = spread.shape[:2]
    kernel = np.zeros((*spread.shape[2:], per_group * groups, out))
    for group in range(groups):
        into = slice(group * out // groups, (group + 1) * out // groups)
        kernel[:, :, group * per_group : (group + 1) * per_group, into] = spread[into].transpose(2, 3, 1, 0)
    return _windows(kernel, source, strides, padding)


def pool(source: Shape, size: tuple[int, int], strides: tuple[int, int], padding: Margins, weight: float) -> Map:
    """The sum of each window of each channel, times ``weight``."""
    _windows_of(size, source, strides, padding)
    kernel = np.broadcast_to(np.eye(source[2]) * weight, (*size, source[2], source[2]))
    return _windows(np.array(kernel), source, strides, padding)


def scale(factors: Array) -> Map:
    """Each number times its own factor."""
    rows, columns, channels = factors.shape
    if channels > MOST_SCALED or (factors != factors[0, 0]).any():
        return identity((rows, columns, channels)).times(factors)
    window = Window(np.diag(factors[0, 0])[None, None], start=(0, 0), end=(rows, columns))
    return Map(window, (rows, columns, channels), (rows, columns, channels))


def _windows_of(size: tuple[int, ...], source: Shape, strides: tuple[int, int], padding: Margins) -> tuple[int, int]:
    """The rows and columns of windows. Raises ``ValueError`` if there is none, or more than any board holds."""
    rows, columns = ((source[i] + sum(padding[i]) - size[i]) // strides[i] + 1 for i in (0, 1))
    if min(rows, columns) < 1:
        raise ValueError(f"windows of {size[0]} x {size[1]} do not fit {source[0]} x {source[1]} pixels")
    if rows * columns > MOST_NEURONS:
        raise ValueError(f"{rows:,} x {columns:,} windows are more than the {MOST_NEURONS:,} neurons of any board")
    return rows, columns


def _windows(kernel: Array, source: Shape, strides: tuple[int, int], padding: Margins) -> Map:
    rows, columns = _windows_of(kernel.shape[:2], source, strides, padding)
    target = (rows, columns, kernel.shape[3])
    if kernel.shape[2] != source[2]:
        raise ValueError(f"its weights take {kernel.shape[2]} channels, and {source[2]} come in")
    start = (-padding[0][0], -padding[1][0])
    return Map(Window(kernel, strides, start=start, end=source[:2]), source, target)
