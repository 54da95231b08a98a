"""Which layout each population takes: as it is, in blocks of pixels where NIR has no other way, or as one vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from convert.network import INPUT, Network, Projection, Shape, SharedKernel

from .layout import Blocks, Layout, by_channel
from .weights import Plan, diagonal_of, planned, planned_along

LARGE_BYTES = 2**26
"""Of one node's weights, from where they are worth a word, and a factor for each neuron is better than a matrix."""


@dataclass(frozen=True)
class Path:
    """A projection that is in the graph, and how it goes there: by a ``plan``, or by one factor for each neuron."""

    projection: Projection
    plan: Plan | None


def drives(network: Network, projection: Projection) -> bool:
    """Whether the projection brings what an image or other neurons do: not what starts, stops or clears neurons."""
    if projection.source == INPUT:
        return True
    source = network.population(projection.source)
    return source.on_chip or bool(network.into(source.name))


@dataclass(frozen=True)
class Ways:
    """How all of a network goes into a graph: ``layouts`` by population, ``paths`` by the number of the projection."""

    layouts: Mapping[str, Layout]
    paths: Mapping[int, Path]

    @property
    def sizes(self) -> dict[int, int]:
        """The bytes of the weights of each path."""
        return {number: path.plan.bytes for number, path in self.paths.items() if path.plan is not None}


def ways_of(network: Network) -> Ways:
    """How the projections of ``network`` go; only weights are missing."""
    layouts, paths = layouts_of(network), {}
    for number, projection in enumerate(network.projections):
        source, target = layouts.get(projection.source), layouts.get(projection.target)
        if source is None or target is None or _is_given(network, projection):
            continue
        path = path_of(projection, source, target)
        assert path is not None, "layouts are chosen so"
        paths[number] = path
    return Ways(layouts, paths)


def _is_given(network: Network, projection: Projection) -> bool:
    """Whether the target is events as they are given."""
    populations = {p.name: p for p in network.populations}
    return projection.target in populations and network.replays(populations[projection.target])


def layouts_of(network: Network) -> dict[str, Layout]:
    """The layout of the input, of every population but those of the host that no image drives, and of the readouts.

    A layout is chosen for what comes from before; what goes back and does not fit it makes its target one vector.
    """
    vectors: set[str] = set()
    while True:
        found = _layouts(network, vectors)
        unfit = {p.target for p in network.going_back if path_of(p, found[p.source], found[p.target]) is None}
        if not unfit:
            return found
        vectors |= unfit


def _layouts(network: Network, vectors: Set[str]) -> dict[str, Layout]:
    shapes = {INPUT: network.input.shape} | {p.name: p.shape for p in network.populations}
    shapes |= {r.name: r.shape for r in network.readouts}
    sequence = all(shape[0] == 1 for shape in shapes.values())
    found = {INPUT: Layout(network.input.shape, sequence=sequence)}
    outputs = {r.name: r.bias for r in network.readouts}
    silent = {p.name for p in network.populations if not p.on_chip and not network.into(p.name)}
    for name, shape in shapes.items():
        if name == INPUT or name in silent:
            continue
        into = [p for p in network.into(name) if drives(network, p) and p.source in found]
        found[name] = _layout(into, found, shape, sequence)
        if name in vectors or (name in outputs and by_channel(found[name], outputs[name]) is None):
            found[name] = Layout(shape, (shape[0], shape[1]), sequence)  # a vector has a bias for each number
    return found


def _layout(into: Sequence[Projection], known: dict[str, Layout], shape: Shape, sequence: bool) -> Layout:
    """The layout of least blocks in which all projections ``into`` it share their weights."""
    rows, columns = (_least(into, known, shape, axis, sequence) for axis in (0, 1))
    for blocks in ((rows, columns), (shape[0], shape[1])):
        layout = Layout(shape, blocks, sequence)
        if all(path_of(p, known[p.source], layout) is not None for p in into):
            return layout
    raise AssertionError("a vector takes everything")


def _least(into: Sequence[Projection], known: dict[str, Layout], shape: Shape, axis: int, sequence: bool) -> int:
    """The least blocks along ``axis`` in which all kernels are the same for all of them."""
    kernels = [(p.transform, known[p.source]) for p in into if isinstance(p.transform, SharedKernel)]
    for size in (n for n in range(1, shape[axis]) if shape[axis] % n == 0):
        blocks: Blocks = (size, 1) if axis == 0 else (1, size)
        layout = Layout(shape, blocks, sequence)
        if all(planned_along(transform, source, layout, axis) is not None for transform, source in kernels):
            return size
    return shape[axis]


def path_of(projection: Projection, source: Layout, target: Layout) -> Path | None:
    """How the projection goes from ``source`` to ``target``; None if it cannot."""
    plan = planned(projection.transform, source, target)
    if plan is not None and plan.bytes <= LARGE_BYTES:
        return Path(projection, plan)
    if source.blocks == target.blocks and diagonal_of(projection.transform, source.shape, target.shape) is not None:
        return Path(projection, None)
    return None if plan is None else Path(projection, plan)
