"""Images through a wave on a processor: event by event, an image on each core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convert.frontends.original import Images
from convert.training.wave.aim import Backward
from convert.training.wave.engine import PerStep, each, per_step
from convert.training.wave.kernels import Float32
from convert.training.wave.layers import Layer
from convert.training.wave.one_step import Noise
from convert.training.wave.parameters import summed
from convert.training.wave.schedule import Wave
from convert.training.wave.simulate import Gradient, Passed, Scratch, Wanted, pass_image

AT_ONCE = 8
"""Images whose voltages are held at a time: those of a ResNet-20 take 20 MB each."""

TOGETHER = 2
"""Of these, images whose gradients one thread adds up: sums are the same on any number of cores."""


class EventEngine:
    """Passes and gradients, one after the other, in arrays that are kept."""

    at_once = AT_ONCE

    def __init__(self) -> None:
        self.scratch: list[Scratch] = []

    def passed(
        self, layers: Sequence[Layer], per_step: PerStep, steps: int, noises: Sequence[Noise | None]
    ) -> list[Passed]:
        self.scratch += [Scratch() for _ in range(len(noises) - len(self.scratch))]

        def one(k: int) -> Passed:
            of_image = {name: drive[k] for name, drive in per_step.items()}
            return pass_image(layers, of_image, steps, self.scratch[k], noises[k])

        found = each(len(noises), one)
        return [found[k] for k in range(len(noises))]

    def counts(self, layer: Layer, passed: Sequence[Passed]) -> Float32:
        return np.stack([image.counts(layer) for image in passed])

    def gradient(
        self, layers: Sequence[Layer], passed: Sequence[Passed], wanted: Mapping[str, Wanted], backward: Backward
    ) -> Gradient:
        def of_image(k: int) -> dict[str, Wanted]:
            return {
                name: Wanted(goal.by_count[k], None if goal.in_window is None else goal.in_window[k])
                for name, goal in wanted.items()
            }

        def some(group: int) -> Gradient:
            chosen = range(group * TOGETHER, min(len(passed), (group + 1) * TOGETHER))
            return backward(layers, [(passed[k], of_image(k)) for k in chosen])

        return summed(each(-(-len(passed) // TOGETHER), some))


def passes(wave: Wave, layers: Sequence[Layer], images: Images, engine: EventEngine | None = None) -> list[Passed]:
    """Raw ``images`` through the wave, in arrays of ``engine``, which hold them until its next ones come."""
    return (engine or EventEngine()).passed(layers, per_step(wave, images), wave.steps, [None] * len(images))
