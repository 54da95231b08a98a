"""Where the neurons of a population lie in a tensor of NIR, channels first.

A transposed convolution makes more pixels than it takes, and no node of NIR does. So pixels may be channels: of a
population whose pixels lie in blocks of 2 x 2, each is four channels of half as many rows and columns, in the order
of torch's PixelShuffle. All pixels in one block are a vector, in the order of NIR's Flatten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.network import Shape

Places = NDArray[np.int64]
"""Of each neuron, in the order of our shape, its place in the flattened tensor of NIR."""

Blocks = tuple[int, int]
"""Rows and columns of pixels that are channels of one."""


@dataclass(frozen=True)
class Layout:
    """``shape`` is ours, (rows, columns, channels); ``sequence``: NIR has no rows, for no map of the network has."""

    shape: Shape
    blocks: Blocks = (1, 1)
    sequence: bool = False

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns that are left."""
        return self.shape[0] // self.blocks[0], self.shape[1] // self.blocks[1]

    @property
    def channels(self) -> int:
        return self.shape[2] * self.blocks[0] * self.blocks[1]

    @property
    def is_vector(self) -> bool:
        return self.grid == (1, 1)

    @property
    def size(self) -> tuple[int, ...]:
        """The tensor's."""
        if self.is_vector:
            return (self.channels,)
        return (self.channels, self.grid[1]) if self.sequence else (self.channels, *self.grid)

    @property
    def places(self) -> Places:
        """Shape (rows, columns, channels)."""
        (height, width), (rows, columns) = self.blocks, self.grid
        y, x, c = np.indices(self.shape)
        channel = (c * height + y % height) * width + x % width
        return np.asarray((channel * rows + y // height) * columns + x // width)

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """``values`` of our shape as the tensor."""
        found = np.empty(values.size)
        found[self.places.ravel()] = values.ravel()
        return found.reshape(self.size)

    def positions(self, neurons: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The channel, row and column of ``neurons``, numbers in our order."""
        channel, row, column = np.unravel_index(self.places.ravel()[neurons], (self.channels, *self.grid))
        return channel, row, column


def by_channel(layout: Layout, values: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """``values`` if they are the same for all of a channel's places, one for each channel; None if not."""
    found = layout.of(values).reshape(layout.channels, -1)
    return found[:, 0].astype(np.float32) if (found == found[:, :1]).all() else None
