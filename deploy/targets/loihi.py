"""Target 'loihi': the chip itself, through nengo_loihi and NxSDK, placed as the partition says."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from convert.errors import UserError
from deploy.arrays import Float32
from deploy.emulator.encode import drives_hz
from deploy.events.counts import LayerCounts
from deploy.nengo_loihi.build import chip_form, simulator

from .readout import spiking_run
from .registry import InputRun, Job, Runner, fitted, window_counts


def prepare(job: Job) -> Runner:
    """Uploads and runs on the board. Raises ``UserError`` where NxSDK is missing."""
    if job.following:
        raise UserError(
            "target 'loihi' shows one image after the other as yet; leave out --continuous, or use --target fast, "
            "which gives the spikes of images behind each other"
        )
    if find_spec("nxsdk") is None:
        raise UserError(
            "target 'loihi' needs Intel's NxSDK (0.9 or later) and a board, and NxSDK is not installed here; "
            "run this bundle on a Loihi host, or use --target fast, which gives the same spikes"
        )

    job = fitted(job)

    def run(inputs: Float32, *, by_core: bool = True) -> Iterator[InputRun]:
        names = [p.name for p in job.network.populations]
        chip = chip_form(job.network, job.partition, drives_hz(job.network, inputs), record=names)
        with simulator(chip, job.network, job.partition, target="loihi") as sim:
            for _ in inputs:
                sim.run_steps(job.network.timesteps)
                rasters = {name: np.asarray(sim.data[chip.probes[name]]) > 0 for name in names}
                sim.clear_probes()
                counts = {name: window_counts(rasters[name], job.windows) for name in job.readout_sources}
                yield spiking_run(job, counts, {name: LayerCounts(spikes=int(rasters[name].sum())) for name in names})

    return run
