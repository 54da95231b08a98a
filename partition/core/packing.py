"""How the neurons of a tile lie in the compartments of its core.

A synapse list is stored once and moved by the base of the axon that uses it. At the border of a tile a list is cut
short, and every way of cutting it is stored as well; with a base of 256 or more it is stored again. Both can be bought
off: with channels first, bases count pixels and stay small; where unused compartments lie around rows or columns, a
list that reaches over the border falls on them and need not be cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partition.geometry.tile import Tile


@dataclass(frozen=True)
class Packing:
    """The order of the neurons of a tile, and the unused places beside it that synapse lists may run into.

    ``rows`` and ``columns`` are (before, after) in pixels; (0, 0) cuts the lists at the border. Without channels
    first the order is rows, columns, channels, the last one fastest.
    """

    channels_first: bool
    rows: tuple[int, int]
    columns: tuple[int, int]

    def compartments(self, tile: Tile) -> int:
        """The number of compartments that a tile takes, used or not."""
        pixels = self.rows[1] * self.row_stride(tile) + self.columns[1]
        last = self.place(tile, tile[0] - 1, tile[1] - 1, tile[2] - 1)
        return int(last) + 1 + (pixels if self.channels_first else pixels * tile[2])

    def places(self, tile: Tile) -> NDArray[np.int64]:
        """The compartment of each neuron, of the tile's shape."""
        y, x, c = np.ogrid[: tile[0], : tile[1], : tile[2]]
        return np.asarray(self.place(tile, y, x, c))

    def place(self, tile: Tile, row: Any, column: Any, channel: Any) -> Any:
        """The compartment at a row and a column of ``tile``, which may lie outside of it by the unused ones."""
        stride = self.row_stride(tile)
        pixel = (row + self.rows[0]) * stride + column + self.columns[0]
        return channel * self.plane(tile) + pixel if self.channels_first else pixel * tile[2] + channel

    def row_stride(self, tile: Tile) -> int:
        """Pixels from one row to the next; what is unused at the end of a row serves the beginning of the next."""
        return tile[1] + max(self.columns)

    def plane(self, tile: Tile) -> int:
        """Pixels from one channel to the next, with channels first."""
        return (tile[0] + max(self.rows)) * self.row_stride(tile)


PLAIN = Packing(False, (0, 0), (0, 0))
"""What nengo_loihi does by itself."""
