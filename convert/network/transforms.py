"""What a projection does to rates and spikes: a kernel shared by all pixels, the adjoint of one, or single synapses.

Every geometric rule stands here once: which source position reaches which target position along an axis is
``Transform.taps``, and all that other files need (matrices, fan-outs, the partition's links) follows from it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.padding import Padding, leading_zeros, transposed_offset

Shape = tuple[int, int, int]
"""(rows, columns, channels), channels last; a plain vector of n is (1, 1, n)."""

Array = NDArray[np.float64]

Taps = NDArray[np.int64]
"""Shape (source positions, target positions) along one axis: the kernel tap that connects them, -1 for none."""

Gain = float | Array
"""One number, or one for each channel of the target."""

Margins = tuple[tuple[int, int], tuple[int, int]]
"""Rows left out (before, after) and columns left out (before, after)."""

WHOLE: Margins = ((0, 0), (0, 0))
"""Nothing is left out."""

DENSE = 0.9
"""Share of weights that are not zero, above which a kernel has no structure of zeros to keep."""


class Transform(Protocol):
    """A linear map from one population's shape to another's; ``source`` and ``target`` are these shapes."""

    @property
    def weights(self) -> Array:
        """The weights that are stored, in the order and shape that ``with_weights`` takes."""
        ...

    def with_weights(self, weights: Array) -> Transform:
        """The same connections with other ``weights``."""
        ...

    def scaled(self, gain: Gain, target: Shape | tuple[()] = ()) -> Transform:
        """All weights times ``gain``: a number, or one for each channel of ``target``."""
        ...

    def axes(self, source: Shape, target: Shape) -> tuple[Taps, Taps] | None:
        """The taps of rows and of columns; None where pixels share no kernel."""
        ...

    def as_matrix(self, source: Shape, target: Shape) -> sparse.csr_array:
        """Shape (target neurons, source neurons)."""
        ...

    def fan_out(self, source: Shape, target: Shape) -> NDArray[np.int64]:
        """The synapses of each source neuron, of the source's shape."""
        ...

    def largest_weights(self, target: Shape) -> Array:
        """The size of the largest weight into each target neuron, of the target's shape or (channels,)."""
        ...


@dataclass(frozen=True)
class SharedKernel(ABC):
    """What both convolutions have in common: ``kernel`` has shape (rows, columns, channels in, channels out).

    ``crop`` leaves out pixels of the larger side, as cropped skips and 'valid' convolutions do: of the source before a
    convolution, of the target after a transposed one.
    """

    kernel: Array
    strides: tuple[int, int] = (1, 1)
    padding: Padding = "same"
    crop: Margins = WHOLE

    @property
    def weights(self) -> Array:
        return self.kernel

    def with_weights(self, weights: Array) -> SharedKernel:
        return replace(self, kernel=weights)

    def scaled(self, gain: Gain, target: Shape | tuple[()] = ()) -> SharedKernel:
        return replace(self, kernel=self.kernel * gain)

    @abstractmethod
    def taps(self, axis: int, source: int, target: int) -> Taps:
        """The taps along ``axis`` (0 rows, 1 columns) of so many positions."""

    def seen(self, source: Shape) -> tuple[range, range]:
        """The rows and columns of the source that are looked at."""
        return range(source[0]), range(source[1])

    def axes(self, source: Shape, target: Shape) -> tuple[Taps, Taps]:
        return self.taps(0, source[0], target[0]), self.taps(1, source[1], target[1])

    def as_matrix(self, source: Shape, target: Shape) -> sparse.csr_array:
        rows, columns, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
        index_in = np.arange(prod(source)).reshape(source)
        index_out = np.arange(prod(target)).reshape(target)
        for (ky, kx), (ins, outs) in _pixels_by_tap(*self.axes(source, target)):
            i, o = index_in[np.ix_(*ins)], index_out[np.ix_(*outs)]
            weights = self.kernel[ky, kx]
            for c, d in zip(*np.nonzero(weights), strict=True):
                rows.append(o[..., d].ravel())
                columns.append(i[..., c].ravel())
                values.append(np.full(i[..., c].size, weights[c, d]))
        data = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sparse.csr_array(sparse.coo_array(data, shape=(prod(target), prod(source))))

    def fan_out(self, source: Shape, target: Shape) -> NDArray[np.int64]:
        rows, columns = ((taps >= 0).sum(axis=1) for taps in self.axes(source, target))
        return np.broadcast_to(np.outer(rows, columns)[:, :, None] * channels_kept(self.kernel), source)

    def largest_weights(self, target: Shape) -> Array:
        return np.asarray(np.abs(self.kernel).max(axis=(0, 1, 2)))


@dataclass(frozen=True)
class Convolution(SharedKernel):
    """Correlation with one kernel for every pixel, as ``nengo.Convolution`` and ``keras.layers.Conv2D`` do it.

    target[o] = sum over taps k of source[crop + o * stride + k - leading zeros] * kernel[k].

    >>> edge = Convolution(np.array([1.0, -1.0]).reshape(2, 1, 1, 1), padding="valid")
    >>> edge.as_matrix((3, 1, 1), (2, 1, 1)).toarray()
    array([[ 1., -1.,  0.],
           [ 0.,  1., -1.]])
    """

    def seen(self, source: Shape) -> tuple[range, range]:
        (top, bottom), (left, right) = self.crop
        return range(top, source[0] - bottom), range(left, source[1] - right)

    def taps(self, axis: int, source: int, target: int) -> Taps:
        size, stride, (before, after) = self.kernel.shape[axis], self.strides[axis], self.crop[axis]
        kept = source - before - after
        zeros = leading_zeros(kept, target, size, stride, self.padding)
        taps = np.full((source, target), -1, np.int64)
        taps[before : source - after] = _inside(
            np.arange(kept)[:, None] + zeros - stride * np.arange(target)[None, :], size
        )
        return taps


@dataclass(frozen=True)
class ConvolutionTranspose(SharedKernel):
    """The adjoint of ``Convolution``, as ``keras.layers.Conv2DTranspose`` does it.

    Source pixel i adds ``kernel`` to the target pixels from i * stride - offset - crop on; what falls outside is lost.

    >>> double = ConvolutionTranspose(np.ones((2, 1, 1, 1)), (2, 1), "valid")
    >>> double.taps(0, 2, 4)  # of rows: source 0 reaches targets 0 and 1, source 1 targets 2 and 3
    array([[ 0,  1, -1, -1],
           [-1, -1,  0,  1]])
    """

    def taps(self, axis: int, source: int, target: int) -> Taps:
        size, stride = self.kernel.shape[axis], self.strides[axis]
        offset = transposed_offset(size, stride, self.padding) + self.crop[axis][0]
        return _inside(np.arange(target)[None, :] + offset - stride * np.arange(source)[:, None], size)


@dataclass(frozen=True)
class Sparse:
    """One weight for each connected pair: ``matrix`` has shape (target neurons, source neurons)."""

    matrix: sparse.csr_array

    @property
    def weights(self) -> Array:
        self.matrix.sort_indices()  # matrices with other weights share them
        return np.asarray(self.matrix.data)

    def with_weights(self, weights: Array) -> Sparse:
        m = self.matrix
        return Sparse(sparse.csr_array((weights, m.indices, m.indptr), shape=m.shape))

    def scaled(self, gain: Gain, target: Shape | tuple[()] = ()) -> Sparse:
        if np.ndim(gain) == 0:
            return self.with_weights(self.weights * gain)
        rows = np.broadcast_to(gain, target).ravel()
        return Sparse(sparse.csr_array(sparse.diags_array(rows) @ self.matrix))

    def axes(self, source: Shape, target: Shape) -> None:
        return None

    def as_matrix(self, source: Shape, target: Shape) -> sparse.csr_array:
        return self.matrix

    def fan_out(self, source: Shape, target: Shape) -> NDArray[np.int64]:
        synapses = np.bincount(self.matrix.indices, minlength=self.matrix.shape[1])
        return np.asarray(synapses.reshape(source))

    def largest_weights(self, target: Shape) -> Array:
        return np.asarray(abs(self.matrix).max(axis=1).toarray().reshape(target))


def dense_convolution(transform: Transform) -> Convolution | None:
    """``transform`` if it is a convolution whose kernel has no structure of zeros (depthwise, grouped, identity)."""
    if isinstance(transform, Convolution) and bool(np.mean(transform.kernel != 0) > DENSE):
        return transform
    return None


def channels_kept(kernel: Array) -> int:
    """The most weights that are not 0 of a tap and a channel in: so many does a list store for each tap."""
    return int(np.count_nonzero(kernel, axis=-1).max(initial=0))


def _inside(taps: NDArray[np.int64], size: int) -> Taps:
    """``taps`` with -1 for those that the kernel does not have."""
    return np.where((taps >= 0) & (taps < size), taps, -1)


Pixels = tuple[tuple[Taps, Taps], tuple[Taps, Taps]]
"""((rows, columns) of the source, (rows, columns) of the target) that one tap connects."""


def _pixels_by_tap(rows: Taps, columns: Taps) -> Iterator[tuple[tuple[int, int], Pixels]]:
    """Each tap of a kernel, rows first, with what it connects."""
    of_rows, of_columns = ([np.nonzero(t == tap) for tap in range(int(t.max(initial=-1)) + 1)] for t in (rows, columns))
    for ky, (i, y) in enumerate(of_rows):
        for kx, (j, x) in enumerate(of_columns):
            yield (ky, kx), ((i, j), (y, x))
