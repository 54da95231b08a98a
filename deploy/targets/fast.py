"""Target 'fast': the exact emulator of ``deploy.emulator``, several inputs at once on the cores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from deploy import emulator
from deploy.arrays import Float32, Float64
from deploy.events.counts import LayerCounts

from .readout import spiking_run
from .registry import InputRun, Job, Runner


def prepare(job: Job) -> Runner:
    """Compiles once; with ``continuous`` the state goes on from one call to the next."""
    program = emulator.compile_network(job.network, job.partition)
    encode = emulator.encoder(job.network, by_images=True)
    state: emulator.EmulatorState | None = None

    def drives(image: Float32) -> dict[str, Float64]:
        return {name: drive[0] for name, drive in encode(image[None]).items()}

    def run(inputs: Float32, *, by_core: bool = True) -> Iterator[InputRun]:
        nonlocal state
        if job.following:
            yield from _behind_each_other(job, program, map(drives, inputs))
            return
        each = map(drives, inputs)
        results = emulator.stream(
            program,
            list(each) if len(inputs) < job.threads else each,  # few inputs share the threads, others come one by one
            job.network.timesteps,
            threads=job.threads,
            windows=list(job.windows),
            continuous=job.continuous,
            state=state,
            by_core=by_core,
        )
        for result in results:
            state = result.state
            yield spiking_run(
                job,
                result.readouts,
                {name: _counts(events) for name, events in result.counts.items()},
                until={name: np.array(events.until, np.int64) for name, events in result.counts.items()},
                busiest=None if result.busiest is None else result.busiest[:-1],
            )

    return run


def _behind_each_other(job: Job, program: emulator.Program, drives: Iterable[dict[str, Float64]]) -> Iterator[InputRun]:
    """Inputs that follow each other; what they caused is counted for all of their steps only."""
    for result in emulator.follow(program, drives, threads=job.threads, windows=list(job.windows)):
        layers = {name: _counts(events) for name, events in result.counts.items()}
        yield spiking_run(job, result.readouts, layers)


def _counts(events: emulator.LayerEvents) -> LayerCounts:
    return LayerCounts(
        spikes=events.spikes,
        synops=events.synops,
        neuron_updates=events.neuron_updates,
        messages=events.messages,
        interchip_messages=events.interchip,
        conv_synops=events.conv_synops,
        overflows=sum(events.overflow),
    )
