"""What takes images through a wave's layers, and gradients back: event by event on a processor (``event_engine``), or
as dense tensors on a GPU (``dense_engine``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from convert.calibration.simulate import drive_hz
from convert.frontends.original import Images
from convert.network import INPUT, Network, Population
from convert.training.wave.kernels import Float32
from convert.training.wave.layers import Layer
from convert.training.wave.one_step import Noise
from convert.training.wave.schedule import Wave
from convert.training.wave.simulate import Gradient, Wanted
from convert.upstream.types import Tensor

Result = TypeVar("Result")

PerStep = Mapping[str, NDArray[np.float64] | Float32]
"""What drives host populations in a step, in thresholds, (images, rows, columns, channels); of those that send on
events how many there are, (recordings, steps, rows, columns, channels)."""


class Counted(Protocol):
    """An image that has passed."""

    def counts(self, layer: Layer, *, in_window: bool = False) -> Float32:
        """Spikes of each neuron, of all steps or of those in the layer's window."""
        ...


class Engine(Protocol):
    """Takes ``at_once`` images at a time."""

    at_once: int

    def passed(
        self, layers: Sequence[Layer], per_step: PerStep, steps: int, noises: Sequence[Noise | None]
    ) -> Sequence[Counted]:
        """Images, shown for ``steps``, through the layers, each with its noise if there is any."""
        ...

    def counts(self, layer: Layer, passed: Sequence[Any]) -> Tensor:
        """The spikes of the ``layer`` in all steps, (images, neurons): an array of whatever the engine computes by."""
        ...

    def gradient(
        self, layers: Sequence[Layer], passed: Sequence[Any], wanted: Mapping[str, Wanted], backward: Any
    ) -> Gradient:
        """The sum over the images that it has ``passed``; ``wanted`` has arrays (images, neurons)."""
        ...


def per_step(wave: Wave, images: Images) -> PerStep:
    """What drives the host populations of ``wave`` if it is shown raw ``images``, or recordings."""
    network = wave.network
    hosts = [p for p in network.populations if not p.on_chip]
    return {p.name: images if network.replays(p) else _driven(network, p, images) for p in hosts}


def _driven(network: Network, population: Population, images: Images) -> NDArray[np.float64]:
    return drive_hz(network, population, {INPUT: images}).astype(np.float64) * network.dt_s


def each(count: int, one: Callable[[int], Result]) -> dict[int, Result]:
    """``one`` of 0 up to ``count``, on all cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if cores == 1:
        return {k: one(k) for k in range(count)}
    with ThreadPoolExecutor(cores) as threads:
        return dict(enumerate(threads.map(one, range(count))))
