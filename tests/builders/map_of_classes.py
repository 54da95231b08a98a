"""A small network that ends in a map of four classes: what training through spikes is tried on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convert.network import Convolution, Projection
from convert.network.tensorflow_form import apply
from tests.builders.image_networks import chain


def map_of_classes():
    """Three chip populations and a 1x1 convolution to a map of four classes."""
    made = chain(layers=3, timesteps=48)
    kernel = np.random.default_rng(7).normal(0, 0.02, (1, 1, 4, 4))
    return replace(made, projections=(*made.projections, Projection("p3", "out", Convolution(kernel))))


def outputs(network, rates_hz):
    """The readout at ``rates_hz``, before its activation."""
    (projection,) = network.into("out")
    return network.readouts[0].bias + np.asarray(apply(projection.transform, rates_hz["p3"], (6, 6, 4)))
