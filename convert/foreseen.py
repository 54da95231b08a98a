"""The memory and time of a conversion, told from the network that it will give and the number of images.

Every part is what the arrays of one step take; the factors beside them were set beside measured peaks
(benchmarks/memory/foreseen.py).
"""

from __future__ import annotations

import os
from dataclasses import replace

from convert.calibration.activity import BATCH, KEPT
from convert.calibration.fit_weights import IMAGES_AT_A_TIME
from convert.calibration.simulate import WORK
from convert.calibration.spike_trains import WORKERS
from convert.memory.foreseen import Foreseen, exceeded, require_memory
from convert.network import Network
from convert.network.extent import Extent, extent_of
from convert.options import Options
from convert.storage.recovery import NOTES

LIBRARIES = 760 * 2**20
"""Python, TensorFlow and NengoDL, once they have run: measured."""

RESERVED = 1900 * 2**20
"""Addresses that these take beyond their memory: measured on a machine of two cores."""

RESERVED_BY_A_CORE = 2 * 72 * 2**20
"""Stacks and heaps of threads: Linux reserves 64 MiB for the heap of each."""

RESERVED_SHARE = 0.25
"""Of what is taken, what heaps reserve beside it."""

FLOAT = 4


def conversion(extent: Extent, options: Options, images: int, workers: int) -> Foreseen:
    """What converting takes that looks at ``images``, on so many ``workers``."""
    steps = options.timesteps
    seen = max(1, min(images, WORK // max(1, extent.widest * steps)))
    weights = extent.kernel_weights + extent.single_weights
    kept = sum(min(neurons * images, KEPT) for neurons in extent.neurons)
    parts = {
        "for libraries": float(LIBRARIES),
        "for weights": 30.0 * weights,
        "for the images": 3.0 * FLOAT * images * extent.inputs,
        "for the activities of all layers": 3.0 * FLOAT * min(BATCH, images) * extent.all + 1.5 * FLOAT * kept,
        "for the spikes of calibration": seen * (4.0 * steps / 8 + 10 * FLOAT) * extent.widest
        + 1.5 * workers * steps * 6 * extent.widest,
        "for training": 4.0 * FLOAT * _batch(options) * extent.all,
        "for what kernels see of calibration images": 3.0 * FLOAT * min(IMAGES_AT_A_TIME, seen) * extent.patch,
    }
    of_spikes, of_layers = 7e-11 * extent.synapses * steps * seen, 0.8 * len(extent.neurons)
    seconds = 8 + of_layers + of_spikes + 1e-7 * images * extent.all
    source = f"{extent.all:,} neurons, {weights:,} weights, {images} images, {steps} steps"
    addresses = RESERVED + (os.cpu_count() or 1) * RESERVED_BY_A_CORE + RESERVED_SHARE * sum(parts.values())
    return Foreseen(parts, seconds, int(addresses), source)


def _batch(options: Options) -> int:
    """Images of a batch of training whose activities are held with their gradients; 0 without any training."""
    return max(16 if options.fine_tune_epochs else 0, 32 if options.spiking_batches else 0)


def _with_room(extent: Extent, options: Options, images: int) -> tuple[Foreseen, int]:
    """What converting takes, and on how many workers: fewer than cores where memory is short.

    Raises ``UserError`` if there is too little for one, with the number of calibration images for which there is
    enough, if there is one.
    """
    most = os.cpu_count() or 1
    for workers in range(most, 0, -1):
        found = conversion(extent, options, images, workers)
        if exceeded(found, options.memory) is None:
            return found, workers
    fewer = images
    while fewer > 1:
        fewer //= 2
        few = replace(options, calibration_images=fewer)
        if exceeded(conversion(extent, few, fewer, 1), options.memory) is None:
            require_memory(found, options.memory, [f"use --calibration-images {fewer}"])
    require_memory(found, options.memory, ["use a machine with more memory, or a smaller model"])
    return found, 1


def require_room(network: Network, options: Options, images: int) -> None:
    """Says what converting to ``network`` will take, and on how many workers. Raises ``UserError`` if
    there is too little memory for one."""
    found, workers = _with_room(extent_of(network), options, images)
    NOTES.info("foreseen: %s", found)
    if workers < WORKERS.get():
        NOTES.info("%d of %d cores work at a time, for all of them would take more memory", workers, WORKERS.get())
        WORKERS.set(workers)
