"""Populations of a shape, on the host or on the chip."""

from __future__ import annotations

import numpy as np

from convert.network import Neuron, Population, Shape, host_population


def population(
    name: str, shape: Shape, *, on_chip: bool = True, bias_hz: float = 0.0, floor: float = 0.0, scale_hz: float = 100.0
) -> Population:
    """Neurons of one bias; on the host they keep their overshoot."""
    if not on_chip:
        return host_population(name, "Conv2D", np.full(shape, bias_hz), scale_hz)
    return Population(name, "Conv2D", shape, np.full(shape, bias_hz), scale_hz, neuron=Neuron(floor=floor))
