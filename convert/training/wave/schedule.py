"""A short image passes the layers as a wave: each is busy for as many steps as the image is shown, one later.

The host sends spikes for so many steps and falls silent; a layer's bias acts in the layer's own window only, and a
pulse at the window's first step starts its neurons off. What comes over a shorter path arrives before the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from convert.calibration.bias_onset import BIAS_SOURCE, Brought, with_host_sources
from convert.network import Array, Network
from convert.network.rescale import with_gains, with_scales

PULSE_SOURCE = "pulse"
"""Name, before its step, of the host neuron that starts neurons off."""

GAIN = 1.3
"""What weights and biases are multiplied by at first, against what resets lose. Found by trials: docs/few-spikes.md."""

START = 0.4
"""The first pulses, in thresholds: without them a neuron's first spike comes late."""

ROUNDED = 0.5
"""What host neurons get in all beside their drive, in thresholds: their counts are rounded, not cut."""


@dataclass(frozen=True)
class Busy:
    """Steps of a presentation, from 0: the ``first`` at which a spike can arrive, the window ``start`` to ``stop``."""

    first: int
    start: int
    stop: int

    @property
    def steps(self) -> int:
        """From the first to the last."""
        return self.stop - self.first


def busy_steps(network: Network, steps: int) -> dict[str, Busy]:
    """When each population is busy if the image is shown for ``steps``; the host's are from their first step on."""
    depth, first = network.depth(), network.first_steps()
    return {p.name: Busy(first[p.name], depth[p.name], depth[p.name] + steps) for p in network.populations}


@dataclass(frozen=True)
class Wave:
    """``network`` whose image is shown for ``steps``, the biases of its chip populations in their windows only.

    ``pulses``, in thresholds and of the population's shape, come once, at the window's first step.
    """

    network: Network
    steps: int
    pulses: Mapping[str, Array]

    @property
    def busy(self) -> dict[str, Busy]:
        return busy_steps(self.network, self.steps)

    def delivered(self) -> Network:
        """The network that does this: host populations that stop, biases and pulses as spikes of host neurons."""
        network, busy = self.network, self.busy
        parts = []
        for p in network.chip_populations:
            window = busy[p.name]
            parts.append(Brought(BIAS_SOURCE, p.name, window.start, window.stop, p.bias_hz * network.dt_s))
            if p.name in self.pulses:
                parts.append(Brought(PULSE_SOURCE, p.name, window.start, window.start + 1, self.pulses[p.name]))
        populations = tuple(
            replace(p, bias_hz=np.zeros(p.shape), whole_channels=True) if p.on_chip else replace(p, end_step=self.steps)
            for p in network.populations
        )
        last = max(window.stop for window in busy.values())
        return with_host_sources(network.with_(populations=populations, timesteps=last), parts)


def starting_wave(network: Network, steps: int, targets_hz: Mapping[str, float]) -> Wave:
    """``network`` as a wave of ``steps``, before training: what was to fire at ``targets_hz`` fires in every step."""
    step_hz = 1 / network.dt_s
    scales_hz = {p.name: p.scale_hz * step_hz / targets_hz[p.name] for p in network.chip_populations}
    return wave_of_scales(network, steps, scales_hz, GAIN)


def wave_of_scales(network: Network, steps: int, scales_hz: Mapping[str, float], gain: float) -> Wave:
    """``network`` as a wave of ``steps``, whose populations on the chip fire at ``scales_hz`` for activation 1, drives
    multiplied by ``gain``."""
    step_hz = 1 / network.dt_s
    scaled = with_scales(network, {p.name: scales_hz.get(p.name, p.scale_hz) for p in network.populations})
    louder = with_gains(scaled, {p.name: np.full(p.shape[2], gain) for p in network.chip_populations})
    populations = tuple(
        replace(p, synapse_s=0.0) if p.on_chip else replace(p, bias_hz=p.bias_hz + ROUNDED * step_hz / steps)
        for p in louder.populations
    )
    pulses = {p.name: np.full(p.shape, START) for p in network.chip_populations}
    return Wave(louder.with_(populations=populations), steps, pulses)
