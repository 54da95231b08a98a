"""Target 'loihi': the chip itself, through nengo_loihi and NxSDK, placed as the partition says. See docs/board.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from convert.errors import UserError
from convert.storage.recovery import NOTES
from deploy.arrays import Float32, Float64
from deploy.emulator.encode import drives_hz
from deploy.events.counts import LayerCounts
from deploy.foreign import LoihiSimulator
from deploy.nengo_loihi.board_plan import BOARD_LIMITS, BoardPlan, plan_of, reads_whole_chip
from deploy.nengo_loihi.board_power import measured_power, probe_power
from deploy.nengo_loihi.build import ChipForm, chip_form, simulator

from .readout import spiking_run
from .registry import InputRun, Job, Runner, fitted, window_counts


def prepare(job: Job) -> Runner:
    """Uploads and runs on the board. Raises ``UserError`` where NxSDK is missing, and for what exceeds a limit.

    The network is uploaded again for each input, whose state is fresh then; once for all of a continuous run.
    """
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
        drives = drives_hz(job.network, inputs)
        plan = plan_of(job.network, job.partition, drives, job.readout_sources, BOARD_LIMITS)
        NOTES.info("the host's spikes are %s", "made before the run" if plan.precompute else "passed on by a snip")
        if job.continuous:
            yield from _uploaded(job, plan, drives, len(inputs))
            return
        for i in range(len(inputs)):
            yield from _uploaded(job, plan, {name: each[i : i + 1] for name, each in drives.items()}, 1)

    return run


def _uploaded(job: Job, plan: BoardPlan, drives: dict[str, Float64], inputs: int) -> Iterator[InputRun]:
    """The runs of ``inputs`` one after the other on the network, which is uploaded once."""
    chip, steps = chip_form(job.network, job.partition, drives, record=plan.record), job.network.timesteps
    sim = simulator(
        chip,
        job.network,
        job.partition,
        target="loihi",
        precompute=plan.precompute,
        snip_spikes=plan.snip_spikes,
    )
    board = sim.sims["loihi"].nxsdk_board
    probed = probe_power(board, steps * inputs)
    with sim:
        runs = [_presented(job, plan, chip, sim) for _ in range(inputs)]
    power = measured_power(board, steps) if probed else None
    yield from (replace(run, power=power) for run in runs)


def _presented(job: Job, plan: BoardPlan, chip: ChipForm, sim: LoihiSimulator) -> InputRun:
    sim.run_steps(job.network.timesteps)
    rasters = {name: np.asarray(sim.data[chip.probes[name]]) > 0 for name in plan.record}
    sim.clear_probes()
    counts = {name: window_counts(rasters[name], job.windows) for name in job.readout_sources}
    whole = reads_whole_chip(job.network, plan)
    layers = {name: LayerCounts(spikes=int(raster.sum())) for name, raster in rasters.items()} if whole else {}
    return spiking_run(job, counts, layers)
