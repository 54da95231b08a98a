"""The smallest network, one neuron on the host and one on the chip, for what can be computed by hand."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from convert.network.network import INPUT, ConvertedNetwork, Population, Projection, Readout, Sparse
from partition.result import Block, Partition


def chain(weight, timesteps=32, bias_hz=0.0):
    """image (1, 1, 1) -> host neuron, 250 Hz per unit -> chip neuron -> a readout of its rate."""
    one = (1, 1, 1)
    populations = (
        Population("host", "host", one, np.zeros(one), 1.0, on_chip=False),
        Population("chip", "chip", one, np.full(one, bias_hz), 1.0),
    )
    projections = (
        Projection(INPUT, "host", Sparse(sparse.csr_array([[250.0]]))),
        Projection("host", "chip", Sparse(sparse.csr_array([[weight]]))),
        Projection("chip", "out", Sparse(sparse.csr_array([[1.0]]))),
    )
    network = ConvertedNetwork(
        one, populations, projections, (Readout("out", one, np.zeros(one)),), timesteps=timesteps
    )
    return network, Partition("board", {"chip": one}, (Block("chip", ((0, 1), (0, 1), (0, 1)), 0, 0),))
