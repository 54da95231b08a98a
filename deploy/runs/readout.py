"""What the host does: spike counts in a window -> the model's outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from convert.data.evaluate import activate
from convert.network import Network, Readout, Sparse
from deploy.targets.registry import Window

WINDOW = 0.5
"""The share of the steps, the last ones, whose rates the host averages."""
EVERY = {"classification": 4, "segmentation": 8}
"""Steps between checkpoints, fewer in a short run: a checkpoint of a segmentation is a whole image to keep."""


def windows_at(network: Network, checkpoints: Sequence[int], share: float = WINDOW) -> list[Window]:
    """For each number of steps the window that is averaged: the last ``share`` of them, but nothing before the first
    spikes can have come through all layers."""
    depths = network.depth()
    readouts = {readout.name for readout in network.readouts}
    lag = max(depths[p.source] for p in network.projections if p.target in readouts)
    return [(min(max(int(stop * (1 - share)), lag), stop - 1), stop) for stop in checkpoints]


def last_arrival_step(network: Network) -> int:
    """The step at which the last layer's drive has arrived: its depth, or when the last bias starts."""
    return max(*network.depth().values(), *(p.onset_step + 1 for p in network.populations if not p.on_chip))


def checkpoints_of(timesteps: int, every: int) -> list[int]:
    """Every so many steps, ending with all of them."""
    return sorted({*range(every, timesteps, every), timesteps})


def outputs_of(
    network: Network,
    readout: Readout,
    counts: Mapping[str, NDArray[np.int64]],
    windows: Sequence[Window],
) -> NDArray[np.float32]:
    """The readout's activation for every window, shape (windows, *Keras output shape)."""
    lengths_s = np.array([stop - start for start, stop in windows], dtype=np.float64) * network.dt_s
    total = np.broadcast_to(readout.bias, (len(windows), *readout.shape)).astype(np.float64)
    for projection in network.into(readout.name):
        rates_hz = counts[projection.source] / lengths_s[:, None]
        if isinstance(projection.transform, Sparse):
            total = total + (projection.transform.matrix @ rates_hz.T).T.reshape(total.shape)
        else:
            from convert.network.tensorflow_form import apply

            images = rates_hz.reshape(len(windows), *network.shape_of(projection.source)).astype(np.float32)
            total = total + np.asarray(apply(projection.transform, images, readout.shape), dtype=np.float64)
    shape = readout.shape if readout.shape[:2] != (1, 1) else readout.shape[2:]
    return np.float32(activate(total, readout.activation)).reshape(len(windows), *shape)
