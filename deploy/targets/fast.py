"""Target 'fast': the exact emulator of ``deploy.emulator``, several inputs at once on the cores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from deploy import emulator

from .registry import InputRun, Job, LayerCounts, Run


def prepare(job: Job) -> Run:
    """Compiles once; with ``continuous`` the state goes on from one call to the next."""
    program = emulator.compile_network(job.network, job.partition)
    state: emulator.State | None = None

    def run(inputs: NDArray[np.float32]) -> Iterator[InputRun]:
        nonlocal state
        drives = emulator.drives_hz(job.network, inputs)
        images = [{name: drive[i] for name, drive in drives.items()} for i in range(len(inputs))]
        results = emulator.stream(
            program,
            images,
            job.network.timesteps,
            threads=job.threads,
            windows=list(job.windows),
            continuous=job.continuous,
            state=state,
        )
        for result in results:
            state = result.state
            yield InputRun(
                {name: counts.astype(np.int64) for name, counts in result.readouts.items()},
                {name: _counts(counts) for name, counts in result.counts.items()},
                {name: np.array(counts.until, np.int64) for name, counts in result.counts.items()},
            )

    return run


def _counts(counts: emulator.LayerCounts) -> LayerCounts:
    return LayerCounts(
        spikes=counts.spikes,
        synops=counts.synops,
        neuron_updates=counts.neuron_updates,
        messages=counts.messages,
        interchip_messages=counts.interchip,
        overflows=sum(counts.overflow),
    )
