"""The readout fitted to the rates that its sources really fire at: for outputs whose numbers count.

A class is right if its output is the largest; a number is off by all that the spikes lose on the way to it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Images
from convert.network import Network

from .fit_weights import with_fitted_weights
from .simulate import drive_hz, spiking_rates


def with_fitted_readout(
    network: Network, arrival: Mapping[str, int], images: Images, wanted: NDArray[np.float32]
) -> Network:
    """``network`` with weights and biases of its first readout such that the spikes for ``images`` give ``wanted``, its
    values before the activation, as nearly as least squares can."""
    readout = network.readouts[0]
    fired_hz = spiking_rates(network, arrival, images)
    found = drive_hz(network, readout, fired_hz)
    return with_fitted_weights(network, readout.name, fired_hz, wanted.reshape(found.shape) - found)
