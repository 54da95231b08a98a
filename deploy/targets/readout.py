"""What the host does on a target with spikes: it reads the outputs from the counts of a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from convert.network import Network, Readout
from convert.network.forward import readout_of
from convert.network.numpy_form import apply
from deploy.arrays import Float32, Int64
from deploy.events.counts import LayerCounts

from .registry import Counts, InputRun, Job, Window

RATES = 2**22
"""Rates of one source of a readout that are held at once: 32 MB."""


def spiking_run(
    job: Job,
    counts: Mapping[str, Counts],
    layers: Mapping[str, LayerCounts],
    *,
    until: Mapping[str, Int64] | None = None,
    busiest: Int64 | None = None,
) -> InputRun:
    """The run with the outputs of the network's first readout, decoded if there is a decoder, in every window;
    arguments as in ``InputRun``."""
    outputs = outputs_of(job.network, job.network.readouts[0], counts, job.windows)
    if job.decoder is not None:
        outputs = job.decoder(outputs, np.array([stop - start for start, stop in job.windows]))
    return InputRun(outputs, dict(layers), dict(counts), None if until is None else dict(until), busiest)


def outputs_of(network: Network, readout: Readout, counts: Mapping[str, Counts], windows: Sequence[Window]) -> Float32:
    """The readout's activation for every window, shape (windows, *output shape), from the spikes of its sources.

    ``counts`` have shape (windows, neurons).
    """
    widest = max([1, *(prod(network.shape_of(p.source)) for p in network.into(readout.name))])
    at_a_time = max(1, RATES // widest)
    parts = [slice(start, start + at_a_time) for start in range(0, len(windows), at_a_time)]
    return np.concatenate([_outputs(network, readout, {k: c[p] for k, c in counts.items()}, windows[p]) for p in parts])


def _outputs(network: Network, readout: Readout, counts: Mapping[str, Counts], windows: Sequence[Window]) -> Float32:
    """The same, all windows at once."""
    lengths_s = np.array([stop - start for start, stop in windows], dtype=np.float64) * network.dt_s
    total = np.broadcast_to(readout.bias, (len(windows), *readout.shape)).astype(np.float64)
    for projection in network.into(readout.name):
        rates_hz = counts[projection.source] / lengths_s[:, None]
        images = rates_hz.reshape(len(windows), *network.shape_of(projection.source))
        total = total + apply(projection.transform, images, readout.shape)
    return np.asarray(readout_of(readout, total), np.float32)
