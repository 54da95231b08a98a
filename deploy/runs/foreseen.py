"""The memory and time of a run, told from its network; set beside measured peaks (benchmarks/memory/foreseen.py)."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from convert.memory.foreseen import Foreseen, exceeded, require_memory
from convert.network.extent import Extent

LIBRARIES = 190 * 2**20
"""Python, numpy, scipy and Numba, with what is compiled: measured."""

TENSORFLOW = 570 * 2**20
"""Beside those, where the model that was converted is measured, or is what runs: measured."""

RESERVED = 400 * 2**20
"""Addresses that these take beyond their memory: measured on a machine of two cores."""

RESERVED_BY_TENSORFLOW = 1200 * 2**20

RESERVED_BY_A_CORE = 72 * 2**20

ACTIVITY = 0.05
"""Spikes of a neuron and step for which there is room."""

FLOAT = 4


@dataclass(frozen=True)
class Load:
    """What is run: inputs at a time on ``threads``, each read out at ``windows``, ``batch`` through the original.

    ``measured`` is the batch in which the original is measured, 0 if it is not; ``tensorflow``: whether that is loaded.
    ``images`` is how many runs there are, ``crops`` the inputs of one; ``following`` how many of these are on their way
    at once, 0: each is alone. ``recorded`` is in how many steps an input has numbers, 0: it is an image.
    """

    steps: int
    windows: int
    images: int
    crops: int
    at_a_time: int
    threads: int
    batch: int
    measured: int
    tensorflow: bool
    following: int = 0
    recorded: int = 0


def run_of(extent: Extent, load: Load) -> Foreseen:
    """What a run on target fast takes; other targets take more, and are not foreseen."""
    weights = extent.kernel_weights + extent.single_weights
    inputs = load.at_a_time * load.crops
    shared = load.following > 0 or inputs < load.threads
    presented = 1 if shared else min(inputs, load.threads)
    waiting = max(1, min(inputs, load.following)) if shared else min(inputs, load.threads + 1)
    of_layer = (ACTIVITY * load.steps * max(1, min(inputs, load.following)) * 2 + 8 * FLOAT) * FLOAT
    parts = {
        "for libraries": float(LIBRARIES + (TENSORFLOW if load.tensorflow else 0)),
        "for weights": 30.0 * weights + 50.0 * extent.all,
        "for the network while it runs": presented * of_layer * extent.widest,
        "for readouts": (presented + waiting) * load.windows * FLOAT * extent.read
        + (inputs + 2) * load.windows * FLOAT * extent.outputs,
        "for recordings": 2.0 * FLOAT * (inputs + 2) * load.recorded * extent.inputs,
        "for the original": load.batch * FLOAT * (extent.inputs + 3 * extent.widest) + 32 * 2**20,
        "for measuring the original": load.measured * FLOAT * 3 * extent.widest,
    }
    of_spikes = load.steps * (1.5e-11 * extent.synapses + 2e-9 * extent.all)
    seconds = 4 + 3 * load.tensorflow + load.images * load.crops * (of_spikes + 7e-8 * load.windows * extent.outputs)
    source = f"{extent.all:,} neurons, {weights:,} weights, {load.windows} readouts, {load.threads} threads"
    addresses = RESERVED + (os.cpu_count() or 1) * RESERVED_BY_A_CORE
    return Foreseen(parts, seconds, addresses + (RESERVED_BY_TENSORFLOW if load.tensorflow else 0), source)


def require_room(extent: Extent, load: Load, asked: int | None) -> Load:
    """``load`` on as many threads as there is memory for: results do not depend on them.

    Raises ``UserError`` if there is too little for one thread, with the way out that helps.
    """
    for threads in range(load.threads, 0, -1):
        fewer = replace(load, threads=threads)
        if exceeded(run_of(extent, fewer), asked) is None:
            return fewer
    for way_out, less in (
        ("leave out the measuring with --no-measure", replace(fewer, measured=0)),
        (f"read out once with --every {load.steps}", replace(fewer, windows=1)),
        ("use --no-measure and read out once", replace(fewer, measured=0, windows=1)),
    ):
        if exceeded(run_of(extent, less), asked) is None:
            require_memory(run_of(extent, fewer), asked, [way_out])
    require_memory(run_of(extent, fewer), asked, ["use a machine with more, or a smaller model"])
    return fewer
