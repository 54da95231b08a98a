"""The smallest network, one neuron on the host and one on the chip, for what can be computed by hand."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from convert.network import INPUT, Input, Network, Projection, Readout, Sparse
from partition.result import Block, Partition
from tests.builders.boards import row_of_chips
from tests.builders.populations import population


def chain(weight, timesteps=32, bias_hz=0.0):
    """image (1, 1, 1) -> host neuron, 250 Hz per unit -> chip neuron -> a readout of its rate."""
    one = (1, 1, 1)
    populations = (
        population("host", one, on_chip=False, scale_hz=1.0),
        population("chip", one, bias_hz=bias_hz, scale_hz=1.0),
    )
    projections = (
        Projection(INPUT, "host", Sparse(sparse.csr_array([[250.0]]))),
        Projection("host", "chip", Sparse(sparse.csr_array([[weight]]))),
        Projection("chip", "out", Sparse(sparse.csr_array([[1.0]]))),
    )
    network = Network(Input(one), populations, projections, (Readout("out", one, np.zeros(one)),), timesteps=timesteps)
    return network, Partition(row_of_chips(1), {"chip": one}, (Block("chip", ((0, 1), (0, 1), (0, 1)), 0, 0),))
