"""A network in a few lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import Network


def network_table(network: Network) -> str:
    """What ``print(network)`` shows: a line for each population and readout, with the sources of its projections.

    >>> from convert.network import *
    >>> import numpy as np
    >>> encoder = host_population("encoder", "Conv2D", np.zeros((4, 4, 8)), 100.0)
    >>> layer = Population("layer", "Conv2D", (4, 4, 8), np.zeros((4, 4, 8)), 100.0)
    >>> kernel = Convolution(np.ones((3, 3, 8, 8)))
    >>> projections = (
    ...     Projection(INPUT, "encoder", Convolution(np.ones((3, 3, 1, 8)))),
    ...     Projection("encoder", "layer", kernel),
    ...     Projection("layer", "out", kernel),
    ... )
    >>> readout = Readout("out", (4, 4, 8), np.zeros((4, 4, 8)), "softmax")
    >>> print(Network(Input((4, 4, 1)), (encoder, layer), projections, (readout,)))
    Network: input 4 x 4 x 1 (constant), 128 neurons on the chip, 128 steps of 1 ms
    population        shape      neurons  on    from
    encoder           4 x 4 x 8      128  host  input (Convolution)
    layer             4 x 4 x 8      128  chip  encoder (Convolution)
    -> out (softmax)  4 x 4 x 8                 layer (Convolution)
    """
    rows = [("population", "shape", "neurons", "on", "from")]
    for population in network.populations:
        place = "chip" if population.on_chip else "host"
        shape = " x ".join(map(str, population.shape))
        rows.append((population.name, shape, f"{population.neurons:,}", place, _sources(network, population.name)))
    for readout in network.readouts:
        shape = " x ".join(map(str, readout.shape))
        rows.append((f"-> {readout.name} ({readout.activation})", shape, "", "", _sources(network, readout.name)))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [
        "  ".join(
            (name.ljust(widths[0]), shape.ljust(widths[1]), neurons.rjust(widths[2]), place.ljust(widths[3]), sources)
        ).rstrip()
        for name, shape, neurons, place, sources in rows
    ]
    on_chip = sum(p.neurons for p in network.chip_populations)
    size = " x ".join(map(str, network.input.shape))
    title = f"Network: input {size} ({network.input.time_course.value}), {on_chip:,} neurons on the chip, "
    return "\n".join([title + f"{network.timesteps} steps of {1000 * network.dt_s:g} ms", *lines])


def _sources(network: Network, target: str) -> str:
    return ", ".join(f"{p.source} ({type(p.transform).__name__})" for p in network.into(target))
