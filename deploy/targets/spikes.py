"""The run of an input on a target with spikes: the host reads its outputs from the counts."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.arrays import Int64
from deploy.runs.readout import outputs_of

from .registry import InputRun, Job, LayerCounts


def spiking_run(
    job: Job,
    counts: Mapping[str, Int64],
    layers: Mapping[str, LayerCounts],
    *,
    until: Mapping[str, Int64] | None = None,
) -> InputRun:
    """The run with the outputs of the network's first readout in every window; arguments as in ``InputRun``."""
    outputs = outputs_of(job.network, job.network.readouts[0], counts, job.windows)
    return InputRun(outputs, dict(layers), dict(counts), None if until is None else dict(until))
