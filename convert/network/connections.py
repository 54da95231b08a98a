"""Single synapses that are foreseen but not made: who is connected with whom, rows, columns and channels apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .transforms import Array, Gain, Shape, Sparse

Connected = NDArray[np.bool_]
"""Shape (source positions, target positions) along rows, columns or channels."""


def connected_apart(
    matrix: sparse.csr_array, source: Shape, target: Shape
) -> tuple[Connected, Connected, Connected] | None:
    """Which rows, columns and channels ``matrix`` connects, if all of these together are just its synapses.

    ``matrix`` has shape (target neurons, source neurons) and no entry twice. None if they are not: a path that
    mixes pixels with channels, for one.
    """
    of_synapse = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    parts = []
    for sources, targets in zip(*(_positions(shape) for shape in (source, target)), strict=True):
        part = np.zeros((int(sources.max(initial=0)) + 1, int(targets.max(initial=0)) + 1), np.bool_)
        part[sources[matrix.indices], targets[of_synapse]] = True
        parts.append(part)
    if np.prod([np.count_nonzero(part) for part in parts]) != matrix.nnz:
        return None
    return (parts[0], parts[1], parts[2])


def _positions(shape: Shape) -> list[NDArray[np.int64]]:
    """The row, the column and the channel of each neuron."""
    return [np.asarray(axis.ravel()) for axis in np.indices(shape)]


@dataclass(frozen=True)
class Connections:
    """A weight of 1 for each pair of neurons whose rows, columns and channels are all connected: a ``Transform``.

    A source that is a vector may lie in rows and columns here: what counts is the order of its neurons.
    It takes three small arrays where ``Sparse`` takes a number for each pair, so that millions of pairs cost nothing.

    >>> both = Connections(np.eye(2, dtype=bool), np.ones((1, 1), bool), np.ones((1, 2), bool))
    >>> both.as_matrix((2, 1, 1), (2, 1, 2)).toarray()
    array([[1., 0.],
           [1., 0.],
           [0., 1.],
           [0., 1.]])
    """

    rows: Connected
    columns: Connected
    channels: Connected

    @property
    def parts(self) -> tuple[Connected, Connected, Connected]:
        """Rows, columns and channels, in the order of a shape."""
        return self.rows, self.columns, self.channels

    @property
    def weights(self) -> Array:
        return np.broadcast_to(np.float64(1), (int(np.prod([np.count_nonzero(part) for part in self.parts])),))

    def with_weights(self, weights: Array) -> Sparse:
        return self._single().with_weights(weights)

    def scaled(self, gain: Gain, target: Shape | tuple[()] = ()) -> Sparse:
        return self._single().scaled(gain, target)

    def axes(self, source: Shape, target: Shape) -> None:
        return None

    def as_matrix(self, source: Shape, target: Shape) -> sparse.csr_array:
        return self._single().matrix

    def fan_out(self, source: Shape, target: Shape) -> NDArray[np.int64]:
        rows, columns, channels = (part.sum(axis=1) for part in self.parts)
        return np.asarray((rows[:, None, None] * columns[None, :, None] * channels).reshape(source))

    def largest_weights(self, target: Shape) -> Array:
        rows, columns, channels = (np.asarray(part.any(axis=0)) for part in self.parts)
        return np.asarray(rows[:, None, None] * columns[None, :, None] * channels, np.float64)

    def _single(self) -> Sparse:
        rows, columns, channels = (sparse.csr_array(part.T.astype(np.float64)) for part in self.parts)
        return Sparse(sparse.csr_array(sparse.kron(sparse.kron(rows, columns, "csr"), channels, "csr")))
