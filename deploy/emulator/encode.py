"""What the host does: images to the drives of its neurons. Their spikes come from ``kernels.run_host``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network import INPUT, ConvertedNetwork, Projection, Shape, Sparse
from partition.geometry import link

Array = NDArray[np.float64]


def drives_hz(network: ConvertedNetwork, images: NDArray[np.generic]) -> dict[str, Array]:
    """The input current in Hz of every host population for each image, shape (images, neurons).

    ``images`` has shape (images, *network.input_shape). Image by image, so that no result depends on the others.
    """
    raw = np.asarray(images, np.float64).reshape(len(images), -1)
    drives = {}
    for population in network.populations:
        if not population.on_chip:
            bias = np.ravel(population.bias_hz)
            drive = np.tile(bias, (len(raw), 1))
            for projection in network.into(population.name):
                matrix = _matrix(network, projection)
                for i, image in enumerate(raw):
                    drive[i] += matrix @ image
            drives[population.name] = drive
    return drives


def _matrix(network: ConvertedNetwork, projection: Projection) -> sparse.csr_array:
    """The projection as a matrix, shape (target neurons, source neurons)."""
    transform = projection.transform
    if isinstance(transform, Sparse):
        return transform.matrix
    if projection.source != INPUT:
        raise ValueError(f"{projection.source} -> {projection.target}: a host population reads the image only")
    geometry = link(network, projection)
    rows, columns = geometry.rows, geometry.columns
    assert rows is not None and columns is not None
    source, target = geometry.source_shape, geometry.target_shape
    i, y = np.nonzero(rows >= 0)
    j, x = np.nonzero(columns >= 0)
    weights = transform.kernel[rows[i, y][:, None], columns[j, x][None, :]]
    places = _places(source, i, j)[:, :, :, None], _places(target, y, x)[:, :, None, :]
    full = np.broadcast_arrays(weights, *places)
    values, come, go = (array.ravel() for array in full)
    return sparse.coo_array((values, (go, come)), shape=(int(np.prod(target)), int(np.prod(source)))).tocsr()


def _places(shape: Shape, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Neurons of all channels at each (row, column), shape (rows, columns, channels)."""
    pixel = rows[:, None] * shape[1] + columns[None, :]
    return np.asarray(pixel[:, :, None] * shape[2] + np.arange(shape[2]))


