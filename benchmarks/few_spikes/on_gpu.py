"""A batch of training by the compiled loops and, where JAX sees a GPU, by dense tensors there: the same step, timed.

    python -m benchmarks.few_spikes.on_gpu MODEL TRAIN [--steps 8] [--batch 32] [--batches 10]

The teacher's outputs are computed before. Times are of the wall: the loops take all cores of the machine.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np

from convert.training.recipes.surrogates import LOW_TRIANGLE
from convert.training.wave.aim import Aim, Goals
from convert.training.wave.batch import BatchGradient, Examples, Found
from convert.training.wave.layers import wave_layers
from convert.training.wave.parameters import WaveParameters
from convert.training.wave.schedule import Wave, starting_wave
from convert.training.wave.simulate import ThroughSteps
from convert.upstream.jax import has_gpu, load_jax

from .starting import Start

AIM = Aim(Goals(), 0.02, ThroughSteps(LOW_TRIANGLE))


def timed(wave: Wave, examples: Examples, batches: int, on_gpu: bool) -> tuple[Found, float, float]:
    """What one batch finds, the seconds until then, and the median of ``batches`` more, integers included."""
    parameters = WaveParameters(wave)
    of_batches, known, seconds = BatchGradient(parameters), {}, []
    if not on_gpu:
        of_batches.dense = None
    for _ in range(batches + 1):
        start = time.perf_counter()
        now = parameters.wave(parameters.values)
        found = of_batches.of(now, wave_layers(now, known), examples, AIM)
        seconds.append(time.perf_counter() - start)
    return found, seconds[0], median(seconds[1:])


def compare(wave: Wave, examples: Examples, batches: int) -> list[str]:
    """A line for each engine, and how far apart their gradients are."""
    images, cores = len(examples.images), len(os.sched_getaffinity(0))
    loops, _, loop_s = timed(wave, examples, batches, on_gpu=False)
    lines = [f"compiled loops, {cores} cores: {1e3 * loop_s / images:.2f} ms an image"]
    if not has_gpu():
        return [*lines, "JAX is not installed or sees no GPU"]
    tensors, first_s, tensor_s = timed(wave, examples, batches, on_gpu=True)
    card = load_jax().devices()[0].device_kind
    lines += [
        f"{card}: {1e3 * tensor_s / images:.2f} ms an image, {loop_s / tensor_s:.1f} times; first {first_s:.1f} s"
    ]
    apart = [np.abs(tensors.gradients[key] - of).max() / np.abs(of).max() for key, of in loops.gradients.items()]
    return [*lines, f"losses {loops.loss:.6f} and {tensors.loss:.6f}; gradients differ by {max(apart):.1e} at most"]


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--batches", type=int, default=10)
    given = parser.parse_args(arguments)
    start = Start.read(given.model, given.data, 128)
    images, labels = next(islice(start.batches(0), 1))
    images, labels = images[: given.batch], labels[: given.batch]
    wave = starting_wave(start.network, given.steps, start.rates.targets_hz)
    examples = Examples(images, *start.original.lesson(images), labels)
    print(*compare(wave, examples, given.batches), sep="\n")


if __name__ == "__main__":
    main()
