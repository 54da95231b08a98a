"""A network with every kind of link, cut by hand, and its traffic neuron by neuron."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from convert.network import Network, Sparse
from partition.geometry.links import KernelLink, Link, MatrixLink
from partition.geometry.tile import Tile
from tests.builders.shaped_networks import chain, convolution, separable, transposed

TILES: dict[str, list[Tile]] = {
    "p1": [(8, 9, 4), (4, 5, 4), (3, 4, 2), (1, 9, 1)],
    "p2": [(4, 5, 6), (2, 3, 6), (1, 2, 3), (4, 1, 1)],
    "p3": [(8, 9, 5), (3, 3, 5), (5, 9, 2), (2, 2, 1)],
    "p4": [(8, 9, 4), (4, 3, 2), (1, 2, 3), (8, 9, 1)],
}
"""Some tiles of each chip population of ``every_link``."""


def every_link() -> Network:
    """Convolutions with and without strides, a transposed one, a separable and a random matrix; p0 is on the host."""
    rng = np.random.default_rng(1)
    transforms = {
        (0, 1): convolution(rng, 3, (3, 4)),
        (1, 2): convolution(rng, 3, (4, 6), 2),
        (2, 3): transposed(rng, 3, (6, 5)),
        (1, 3): convolution(rng, 5, (4, 5)),
        (3, 4): convolution(rng, 3, (5, 4)),
        (1, 4): separable(rng, (8, 9, 4), (8, 9, 4)),
        (2, 4): Sparse(sparse.random_array((288, 120), density=0.02, rng=rng, format="csr")),
    }
    return chain([(8, 9, 3), (8, 9, 4), (4, 5, 6), (8, 9, 5), (8, 9, 4)], transforms)


def connected(link: Link) -> np.ndarray:
    """Shape (source neurons, target neurons): whether there is a synapse, from the definition."""
    if isinstance(link, MatrixLink):
        return link.matrix.toarray().T != 0
    assert isinstance(link, KernelLink)
    pixels = (link.rows >= 0)[:, None, :, None] & (link.columns >= 0)[None, :, None, :]
    channels = np.ones((link.source_shape[2], link.target_shape[2]))
    return np.kron(pixels.reshape(np.prod(pixels.shape[:2]), -1), channels) > 0
