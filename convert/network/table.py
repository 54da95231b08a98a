"""A network in a few lines of text."""

from __future__ import annotations

from .network import Network


def network_table(network: Network) -> str:
    """What ``print(network)`` shows: a line for each population and readout, with the sources of its projections."""
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
