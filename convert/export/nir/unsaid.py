"""What a network does and its file of NIR does not say, one sentence for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from convert.memory.sizes import in_words
from convert.network import Network, TimeCourse
from convert.network.transforms import ConvolutionTranspose

from .chosen import LARGE_BYTES, drives
from .graph import OutGraph
from .host_drives import HostDrive, host_drives
from .nodes import NO_LEAK_STEPS, size_bytes

SHOWN = 4
"""Names that a sentence lists."""


def unsaid(network: Network, graph: OutGraph, dt: float) -> tuple[str, ...]:
    """What is lost on a simulator that reads nodes and edges only; all of it is in the metadata."""
    return (
        *_time(network, dt),
        *_host(network),
        *_chip(network, graph),
        *_brought(network),
        *_outputs(network, graph),
        *_pixels(network, graph),
        *large(graph),
    )


def _time(network: Network, dt: float) -> Iterator[str]:
    yield f"a step is {dt:g} in the file (--dt), {1000 * network.dt_s:g} ms in the network; NIR has no field for it"
    depth, on_chip = network.depth(), {p.name for p in network.chip_populations}
    early = {
        p.target
        for p in network.projections
        if drives(network, p) and p.target in on_chip and depth[p.source] + 1 < depth[p.target]
    }
    told = f"; {len(early)} of them get some spikes earlier than others, by shorter paths" if early else ""
    yield f"on the chip a spike takes a step to each of {max(depth.values())} layers, in NIR none{told}"
    back = sorted({f"{p.source} to {'itself' if p.source == p.target else p.target}" for p in network.going_back})
    if back:
        yield f"spikes that go back ({_names(back)}) arrive in the next step; NIR says no delay, simulators take one"


def _host(network: Network) -> Iterator[str]:
    hosts = [p for p in network.populations if not p.on_chip and network.into(p.name) and not network.replays(p)]
    if hosts:
        yield (
            f"the image becomes spikes in {_names([p.name for p in hosts])}: neurons of the host, which keep what is "
            "above the threshold; NIR resets to v_reset"
        )
    end = network.input_end_step
    if network.input.time_course is TimeCourse.CONSTANT and end is not None:
        yield f"the image is shown for {end} of {network.timesteps} steps, then the host is silent"


def _chip(network: Network, graph: OutGraph) -> Iterator[str]:
    floors = sorted({p.neuron.floor for p in network.chip_populations})
    yield f"voltages end {_range([-f for f in floors])} thresholds below the reset (vmin); NIR knows no floor"
    yield "weights are those before each core rounds them to eight bits at its own scale, with 12 bits of decay"
    unleaking = [p.name for p in network.chip_populations if p.synapse_s and not p.neuron.chip_leak]
    if unleaking:
        yield (
            f"{_names(unleaking)}: currents are filtered and voltages do not leak; a CubaLIF has to, so tau_mem is "
            f"{NO_LEAK_STEPS:g} steps"
        )
    leaking = [
        p.name
        for p in network.populations
        if p.name in graph.names and graph.nodes[graph.names[p.name]].kind == "LIF" and not p.neuron.chip_leak
    ]
    if leaking:
        yield f"{_names(leaking)}: biases differ from pixel to pixel: v_leak of a LIF of {NO_LEAK_STEPS:g} steps"


def _brought(network: Network) -> Iterator[str]:
    drives = host_drives(network)
    late = [d for d in drives if not d.is_pulse and not d.clears]
    if late:
        ends = [d.stop for d in late if d.stop is not None]
        until = f" and end by step {max(ends)}" if ends else ""
        yield (
            f"biases of {len({d.target for d in late})} layers start at steps {_span(late)}{until}; in the file they "
            "are there at all times"
        )
    pulses = [d for d in drives if d.is_pulse and not d.clears]
    if pulses:
        yield f"pulses that start {len({d.target for d in pulses})} layers off, at steps {_span(pulses)}, are left out"
    if network.period is not None:
        yield f"images follow each other every {network.period} steps, layers cleared in between; NIR resets nothing"


def _outputs(network: Network, graph: OutGraph) -> Iterator[str]:
    yield "the outputs are the means of what comes out, over the steps in which spikes have come through"
    for readout in network.readouts:
        if readout.activation != "linear":
            yield f"output '{readout.name}': the host's {readout.activation} comes after that mean"
    if len(network.readouts) > 1:
        yield f"the graph has {len(network.readouts)} outputs; most simulators take one"


def _pixels(network: Network, graph: OutGraph) -> Iterator[str]:
    in_blocks = [(graph.layouts[n].blocks, n) for n in graph.layouts if graph.layouts[n].blocks != (1, 1)]
    for blocks, group in groupby(sorted(in_blocks), key=lambda pair: pair[0]):
        names = [name for _, name in group]
        why = "transposed convolution" if _is_transposed(network) else "pixels that share no weights"
        vectors = [name for name in names if graph.layouts[name].is_vector]
        if vectors:
            yield f"{_names(vectors)}: one vector, in the order of Flatten; NIR makes no map of a vector"
        if others := [name for name in names if name not in vectors]:
            yield (
                f"{_names(others)}: blocks of {blocks[0]} x {blocks[1]} pixels are channels, as torch's PixelShuffle "
                f"has them, for NIR has no {why}"
            )


def _is_transposed(network: Network) -> bool:
    return any(isinstance(p.transform, ConvolutionTranspose) for p in network.projections)


def large(graph: OutGraph) -> Iterator[str]:
    """The nodes whose weights are many, with their sizes."""
    sizes = {name: size_bytes(node) for name, node in graph.nodes.items()}
    for name in sorted((n for n in sizes if sizes[n] > LARGE_BYTES), key=lambda n: -sizes[n]):
        shape = " x ".join(f"{n:,}" for n in graph.nodes[name].fields["weight"].shape)  # type: ignore[union-attr]
        yield f"node '{name}' has {shape} weights, {in_words(sizes[name])} in a simulator's memory"


def _span(drives: list[HostDrive]) -> str:
    starts = sorted({d.start for d in drives})
    return str(starts[0]) if len(starts) == 1 else f"{starts[0]} to {starts[-1]}"


def _range(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _names(names: list[str]) -> str:
    some = ", ".join(names[:SHOWN])
    return some if len(names) <= SHOWN else f"{some} and {len(names) - SHOWN} more"
