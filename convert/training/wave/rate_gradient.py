"""The gradient of a wave as if each layer were a rectified-linear one, at the spikes that its sources really fire.

Of a layer with drive z = sum of weights x counts of its sources + steps x bias + pulse, in thresholds, the count n has
the derivative [z > 0] with respect to z. Steps are not looked at, so that a layer takes one product of matrices instead
of one a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from convert.training.wave.kernels import Fired, Float32, counted
from convert.training.wave.layers import Layer
from convert.training.wave.simulate import (
    Gradient,
    Passed,
    Scratch,
    Sums,
    Wanted,
    bring,
    to_source,
    to_weights,
)

Seen = Callable[[Fired, NDArray[np.bool_]], Fired]
"""From a layer's spikes, all in one step, and which of its neurons have a positive drive, to what other layers get."""


def all_spikes(fired: Fired, positive: NDArray[np.bool_]) -> Fired:
    return fired


def rate_gradient(
    layers: Sequence[Layer],
    images: Sequence[tuple[Passed, Mapping[str, Wanted]]],
    *,
    local: bool = False,
    seen: Seen = all_spikes,
) -> Gradient:
    """The sum over ``images``, each with the gradients of its loss with respect to spikes by layer; ``local`` lets none
    go from layer to layer, and layers get of each other's spikes those that are ``seen``.

    It notices of each layer how many neurons fire although their drive is not positive, and how many fire.
    """
    sums = Sums.none(layers)
    for passed, wanted in images:
        _add(layers, passed, wanted, local, seen, sums)
    return sums.gradient(layers)


def _add(
    layers: Sequence[Layer], passed: Passed, wanted: Mapping[str, Wanted], local: bool, seen: Seen, sums: Sums
) -> None:
    """Adds the gradient of one image."""
    scratch, together = passed.scratch, {name: _together(fired) for name, fired in passed.fired.items()}
    positive: dict[str, NDArray[np.bool_]] = {}
    for layer in layers:
        positive[layer.name] = _drive(layer, together, scratch) > 0
        active = counted(together[layer.name].neurons, positive[layer.name].size) > 0
        sums.noticed[layer.name] += np.array([np.sum(active & ~positive[layer.name]), np.sum(active)], np.float32)
        together[layer.name] = seen(together[layer.name], positive[layer.name])
    of_counts = {layer.name: scratch.zeros("of counts", layer.name, (1, positive[layer.name].size)) for layer in layers}
    for layer in reversed(layers):
        own, goal = of_counts.pop(layer.name), wanted.get(layer.name)
        if goal is not None:
            own += goal.by_count
            if goal.in_window is not None:
                own += goal.in_window
        own *= positive[layer.name]
        sums.of_constants[layer.name][0] += own[0] * np.float32(_steps(layer))
        sums.of_constants[layer.name][1] += own[0]
        of_drive = own.reshape(1, *layer.shape)
        for link in layer.links:
            to_weights(link.reach, together[link.source], 0, of_drive, sums.of_packed[link.place])
            if not local and link.source in of_counts:
                to_source(link.reach, 0, layer, of_drive, of_counts[link.source])


def _drive(layer: Layer, together: Mapping[str, Fired], scratch: Scratch) -> Float32:
    """What the spikes of all steps bring a layer, (neurons,), in integers."""
    total = scratch.zeros("rate drive", layer.name, (1, int(np.prod(layer.shape))))
    for link in layer.links:
        bring(link.reach, together[link.source], 0, total.reshape(1, *layer.shape))
    total += layer.neurons.bias * np.float32(_steps(layer)) + layer.neurons.pulse
    return np.asarray(total[0])


def _steps(layer: Layer) -> int:
    return layer.busy.stop - layer.busy.start


def _together(fired: Fired) -> Fired:
    """All spikes in one step."""
    return fired._replace(pointer=np.array([0, fired.neurons.size]))
