"""A description and its arrays -> the network."""

from __future__ import annotations

from convert.network.network import Network, Population, Projection, Readout

from .rows import Arrays, Description, PopulationRow, floats


def network_from(description: Description, arrays: Arrays) -> Network:
    """The network of ``described``, not yet looked at (``misfits``). Raises ``ValueError`` and ``KeyError``."""
    return Network(
        description.input,
        tuple(_population(row, arrays) for row in description.populations),
        tuple(Projection(r.source, r.target, r.transform.transform(arrays)) for r in description.projections),
        tuple(Readout(r.name, r.shape, floats(arrays, r.bias, 3), r.activation) for r in description.readouts),
        description.dt_s,
        description.timesteps,
        description.period,
    )


def _population(row: PopulationRow, arrays: Arrays) -> Population:
    return Population(
        row.name,
        row.source_layer,
        row.shape,
        floats(arrays, row.bias_hz, 3),
        row.scale_hz,
        row.on_chip,
        row.neuron,
        row.synapse_s,
        row.onset_step,
        row.end_step,
        row.whole_channels,
        row.clearing,
    )
