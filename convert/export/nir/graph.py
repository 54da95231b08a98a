"""A network as a graph of NIR: its nodes and edges, and how each projection went into them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from convert.errors import UserError
from convert.network import INPUT, Array, Network, Population, Readout

from .chosen import Path, Ways
from .host_drives import biases
from .layout import Layout, by_channel
from .nodes import OutNode, affine, convolution, end, flatten, neuron, scale, shifted
from .shift import shift_of
from .weights import Float32, diagonal_of, weights_of

INPUT_NODE, OUTPUT_NODE = "input", "output"


@dataclass(frozen=True)
class OutGraph:
    """``nodes`` by name, ``edges`` from node to node; ``paths``: of each projection that is in them, by its number in
    the network, the node of its weights; ``layouts`` by population; ``names`` of the nodes by population."""

    nodes: Mapping[str, OutNode]
    edges: tuple[tuple[str, str], ...]
    paths: Mapping[int, tuple[str, Path]]
    layouts: Mapping[str, Layout]
    names: Mapping[str, str]


def graph_of(network: Network, ways: Ways, dt: float) -> OutGraph:
    """The graph of ``network`` by ``ways``; a step is ``dt`` in the file's unit of time. Raises ``UserError``."""
    build = _Build(network, ways, dt, late=biases(network))
    build.nodes[INPUT_NODE] = end("Input", build.layouts[INPUT])
    build.names[INPUT] = INPUT_NODE
    for population in network.populations:
        if population.name in build.layouts:
            build.add_population(population)
    for readout in network.readouts:
        build.add_readout(readout)
    return OutGraph(build.nodes, tuple(build.edges), build.paths, ways.layouts, build.names)


@dataclass
class _Build:
    network: Network
    ways: Ways
    dt: float
    nodes: dict[str, OutNode] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    paths: dict[int, tuple[str, Path]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    late: dict[str, Array] = field(default_factory=dict)
    flat: dict[str, str] = field(default_factory=dict)

    @property
    def layouts(self) -> Mapping[str, Layout]:
        return self.ways.layouts

    def add_population(self, population: Population) -> None:
        network, layout = self.network, self.layouts[population.name]
        if network.replays(population):
            self.names[population.name] = INPUT_NODE
            return
        name = self._named(population.name)
        own = population.bias_hz * network.dt_s
        late = self.late.get(population.name, np.zeros(population.shape))
        filtered, constant = (late, own) if population.synapse_s else (late + own, np.zeros(population.shape))
        gain = network.dt_s if not population.on_chip else 1.0
        left = self._connect(population.name, name, gain, filtered)
        constant = constant + left
        self.nodes[name] = neuron(population, layout, self.dt, network.dt_s, constant)

    def add_readout(self, readout: Readout) -> None:
        """The mean of what comes out over the steps is what the host makes of the rates."""
        first = readout is self.network.readouts[0]
        name = self.names[readout.name] = OUTPUT_NODE if first else self._new(readout.name)
        left = self._connect(readout.name, name, 1 / self.network.dt_s, readout.bias)
        if left.any():
            raise UserError(
                f"output '{readout.name}': its bias differs from pixel to pixel, and NIR cannot hold that beside "
                "single factors; convert the model with a layer before its output"
            )
        self.nodes[name] = end("Output", self.layouts[readout.name])

    def _connect(self, target: str, node: str, gain: float, bias: Array) -> Array:
        """Adds what ends on ``target`` and, to the first of it, the ``bias``; gives back a bias that none can have."""
        layout = self.layouts[target]
        for number, path in self.ways.paths.items():
            if path.projection.target != target:
                continue
            taken, shift = self._taken(path, layout, bias, gain)
            self._add(number, path, node, gain, taken, shift)
            if taken is not None:
                bias = np.zeros(layout.shape)
        return bias

    def _taken(self, path: Path, target: Layout, bias: Array, gain: float) -> tuple[Float32 | None, Array | None]:
        """The bias that the path's node takes, and a shift of its source that does what is left; None for none."""
        if path.plan is None or not bias.any():
            return None, None
        if (shared := by_channel(target, bias)) is not None:
            return shared, None
        transform, source = path.projection.transform, self.layouts[path.projection.source]
        if source.blocks != (1, 1) or (found := shift_of(transform, source.shape, bias / gain)) is None:
            return None, None
        shift, constant = found
        return by_channel(target, np.broadcast_to(constant * gain, target.shape)), shift

    def _add(
        self, number: int, path: Path, target: str, gain: float, bias: Float32 | None, shift: Array | None
    ) -> None:
        projection, layout = path.projection, self.layouts[path.projection.target]
        source = self._named(projection.source)
        name = self._new(f"{target}_from_{source}")
        self.nodes[name] = self._node(path, layout, gain, bias)
        if self.nodes[name].kind == "Affine" and not self.layouts[projection.source].is_vector:
            source = self._flat(source, self.layouts[projection.source])
        if shift is not None:
            source = self._shifted(source, self.layouts[projection.source], shift)
        self.edges += [(source, name), (name, target)]
        self.paths[number] = (name, path)

    def _node(self, path: Path, target: Layout, gain: float, bias: Float32 | None) -> OutNode:
        transform = path.projection.transform
        if path.plan is None:
            factors = diagonal_of(transform, target.shape, target.shape)
            assert factors is not None, "it is a diagonal"
            return scale(target.of(factors * gain).astype(np.float32))
        weights = weights_of(transform, path.plan)
        weights = weights if gain == 1 else (weights.astype(np.float64) * gain).astype(np.float32)
        bias = None if bias is None or not bias.any() else bias
        return affine(weights, bias) if target.is_vector else convolution(weights, bias, path.plan)

    def _shifted(self, source: str, layout: Layout, shift: Array) -> str:
        """A node that adds a number to each channel."""
        name = self._new(f"{source}_shifted")
        self.nodes[name] = shifted(layout, shift.astype(np.float32))
        self.edges.append((source, name))
        return name

    def _flat(self, source: str, layout: Layout) -> str:
        """The node that flattens ``source``; made if it is not there."""
        if source not in self.flat:
            name = self.flat[source] = self._new(f"{source}_flat")
            self.nodes[name] = flatten(layout)
            self.edges.append((source, name))
        return self.flat[source]

    def _named(self, population: str) -> str:
        """The node of a population, which may come after what its spikes go back to."""
        if population not in self.names:
            self.names[population] = self._new(population)
        return self.names[population]

    def _new(self, name: str) -> str:
        """A name that is a word in every simulator, and free."""
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "layer"
        plain = f"n_{plain}" if plain[0].isdigit() else plain
        taken = {*self.nodes, *self.names.values(), OUTPUT_NODE}
        return next(n for n in (plain, *(f"{plain}_{i}" for i in range(2, len(taken) + 3))) if n not in taken)
