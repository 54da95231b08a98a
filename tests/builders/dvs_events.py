"""Files of a DVS camera for nengo_loihi, and a network that one drives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nengo
import numpy as np

from convert.upstream.nengo_loihi import load_nengo_loihi


def write_events(path: Path, events: Sequence[tuple[int, int, int, int]]) -> Path:
    """(row, column, polarity, microseconds) each."""
    load_nengo_loihi()
    from nengo_loihi import dvs

    made = dvs.DVSEvents()
    made.init_events(n_events=len(events))
    made.events[:] = [(y, x, p, 0, t) for y, x, p, t in events]
    made.write_file(str(path))
    return path


def driven_by(path: Path, *, weight: float, blocks: int = 1) -> tuple[nengo.Network, nengo.Probe]:
    """A neuron for each of 3 x 4 pixels of 60 x 60 and two polarities, without bias; the probe of their spikes."""
    loihi = load_nengo_loihi()
    from nengo_loihi import dvs

    with nengo.Network(seed=0) as net:
        loihi.add_params(net)
        camera = nengo.Node(dvs.DVSFileChipProcess(file_path=str(path), channels_last=True, pool=(60, 60)))
        size = camera.size_out
        neurons = nengo.SpikingRectifiedLinear()
        layer = nengo.Ensemble(size, 1, neuron_type=neurons, gain=np.ones(size), bias=np.zeros(size))
        net.config[layer].block_shape = loihi.BlockShape((size // blocks,), (size,))
        nengo.Connection(camera, layer.neurons, transform=weight)
        probe = nengo.Probe(layer.neurons)
    return net, probe
