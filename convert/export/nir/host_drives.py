"""What neurons of the host bring besides the image: biases that start late or end, pulses, and what clears layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convert.network import BIAS_SOURCE_LAYER, Array, Network


@dataclass(frozen=True)
class HostDrive:
    """Brought to population ``target`` in every step from ``start`` up to ``stop`` (None: to the end)."""

    target: str
    start: int
    stop: int | None
    thresholds: Array
    clears: bool

    @property
    def is_pulse(self) -> bool:
        """Whether it comes in one step only."""
        return self.stop is not None and self.stop - self.start == 1


def host_drives(network: Network) -> list[HostDrive]:
    """All of them; a spike takes a step to the chip."""
    found = []
    for projection in network.projections:
        source = next((p for p in network.populations if p.name == projection.source), None)
        if source is None or source.on_chip or source.source_layer != BIAS_SOURCE_LAYER:
            continue
        target = network.population(projection.target)
        matrix = projection.transform.as_matrix(source.shape, target.shape)
        brought = np.asarray(matrix.sum(axis=1), np.float64).reshape(target.shape)
        stop = None if source.end_step is None else source.end_step + 1
        found.append(HostDrive(target.name, source.onset_step + 1, stop, brought, source.clearing is not None))
    return found


def biases(network: Network) -> dict[str, Array]:
    """What is brought to each population in more than one step, in thresholds a step, as if it were at all times."""
    total: dict[str, Array] = {}
    for drive in host_drives(network):
        if not drive.is_pulse and not drive.clears:
            total[drive.target] = total.get(drive.target, np.zeros(drive.thresholds.shape)) + drive.thresholds
    return total
