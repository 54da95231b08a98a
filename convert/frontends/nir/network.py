"""A NIR graph -> ``Network``: neurons become populations, everything linear between them projections.

Everything that cannot be held is told at once. Nothing is scaled: the weights are the file's, over its thresholds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import prod

import numpy as np
from scipy import sparse

from convert.errors import UserError
from convert.network import (
    EVENT_SOURCE,
    INPUT,
    Input,
    Network,
    Neuron,
    Population,
    Projection,
    Readout,
    Shape,
    Sparse,
    TimeCourse,
    event_source,
)
from convert.network.or_pooling import joined_spikes

from .assumed import Assumed
from .linear import LINEAR, Part, Signal, added, channels_first, shape_of, source_signal, windows_of
from .maps import as_transform
from .neurons import in_steps
from .order import SPIKING, Visit, order_of
from .reading import Graph, Node
from .told import recurrent, told

FILTERS = ("LI", "CubaLI")
"""Without spikes: read on the host, as the mean of what drives them."""

MAX_POOLING = "MaxPool2d"
"""No node of NIR's own, but written by hand with the fields of its other pools."""

RELAY_WEIGHT = 2.0
"""Thresholds: a relay fires one step after its source."""
LONGEST_DELAY = 64
"""Steps; each is a relay for every neuron. Chosen."""

WAYS_OUT = {
    "Threshold": "use an IF, which resets",
    "I": "use an IF, or an LI before the output",
    "LI": "it does not spike: put a LIF in its place, or let the output come right after it",
    "CubaLI": "it does not spike: put a CubaLIF in its place, or let the output come right after it",
}


@dataclass(frozen=True)
class Made:
    """The network, and a line for each thing that the file leaves open and that was assumed."""

    network: Network
    assumed: tuple[str, ...]


def network_of(graph: Graph, assumed: Assumed, timesteps: int) -> Made:
    """The network of ``graph``. Raises ``UserError`` with everything that cannot be held."""
    build = _Build(graph, assumed)
    for visit in order_of(graph):
        build.visit(visit)
    if build.problems:
        raise UserError(build.problems)
    network = build.network(timesteps)
    return Made(network, told(assumed, build.said, build.relays, (*recurrent(network), *build.notes)))


@dataclass
class _Build:
    """What has been made of the nodes visited so far."""

    graph: Graph
    assumed: Assumed
    signals: dict[str, Signal] = field(default_factory=dict)
    populations: dict[str, Population] = field(default_factory=dict)
    projections: list[Projection] = field(default_factory=list)
    readout: Readout | None = None
    problems: list[str] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    opened: dict[str, str] = field(default_factory=dict)
    """The populations of neurons whose spikes were needed before all that drives them was there."""

    def visit(self, visit: Visit) -> None:
        """Makes of a node what it is; what it cannot be is kept as a problem."""
        name = visit.name
        node = self.graph.nodes[name]
        try:
            before = [self.signals[n] for n in self.graph.before(name) if n in self.signals]
            if node.kind == "Input":
                self.signals[name] = self._input(node)
            elif visit.opens:
                if before:
                    self._open(name, node, before[0])
            elif len(before) < len(self.graph.before(name)):
                return  # told already, where it began
            elif not before:
                raise ValueError("nothing comes in; connect it to the input")
            else:
                self._take(name, node, added(before))
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            self.problems.append(f"node '{name}' ({node.kind}): {error}")

    def _take(self, name: str, node: Node, given: Signal) -> None:
        if node.kind in LINEAR:
            self.signals[name] = LINEAR[node.kind](node, given)
        elif node.kind == "Delay":
            self.signals[name] = self._delayed(node, given)
        elif node.kind in SPIKING:
            self.signals[name] = self._spiking(name, node, given)
        elif node.kind == MAX_POOLING:
            self.signals[name] = self._joined(name, node, given)
        elif node.kind in FILTERS and [self.graph.nodes[n].kind for n in self.graph.after(name)] == ["Output"]:
            self.signals[name] = self._read(node, given)
        elif node.kind == "Output":
            self._output(given)
        else:
            known = ", ".join(sorted({*LINEAR, *SPIKING, MAX_POOLING, "Delay", *FILTERS}))
            raise ValueError(f"it cannot be held; {WAYS_OUT.get(node.kind, f'what can: {known}')}")

    def _input(self, node: Node) -> Signal:
        size = tuple(node.integers("shape"))
        shape = shape_of(size)
        population, projection = event_source(shape)
        self.populations[population.name] = population
        self.projections.append(projection)
        return source_signal(population.name, size, shape)

    def _delayed(self, node: Node, given: Signal) -> Signal:
        delays = np.unique(np.round(node.array("delay") / self.assumed.dt))
        if len(delays) > 1 or not 0 <= delays[0] <= LONGEST_DELAY:
            raise ValueError(
                f"its delays are {delays.min():g} to {delays.max():g} steps; one delay of at most {LONGEST_DELAY} for "
                "all of its neurons can be held, by relays"
            )
        if given.constant.any():
            raise ValueError("what it delays has a bias; put the bias after it")
        later = tuple(Part(p.source, p.map, p.delay_steps + int(delays[0])) for p in given.parts)
        return Signal(given.size, given.shape, later, given.constant)

    def _open(self, name: str, node: Node, given: Signal) -> None:
        """The spikes of neurons in a loop, of the size of what reaches them first; their drive follows."""
        own = self.opened[name] = self._name(name, node)
        self.populations[own] = Population(own, node.kind, given.shape, np.zeros(given.shape), 1 / self.assumed.dt_s)
        self.signals[name] = source_signal(own, given.size, given.shape)

    def _spiking(self, name: str, node: Node, given: Signal) -> Signal:
        steps, dt_s = in_steps(node, given, self.assumed), self.assumed.dt_s
        own = self.opened[name] if name in self.opened else self._name(name, node)
        drive = given.constant * steps.gain + steps.constant
        neuron = Neuron(floor=self.assumed.floor, leak=steps.leak)
        self._project(own, given, steps.gain)
        self.populations[own] = Population(
            own, node.kind, given.shape, drive / dt_s, 1 / dt_s, neuron=neuron, synapse_s=steps.synapse_s
        )
        self.said.setdefault(f"{node.kind}: {steps.said}", []).append(name)
        return source_signal(own, given.size, given.shape)

    def _joined(self, name: str, node: Node, given: Signal) -> Signal:
        """Max pooling of spikes: one neuron a window, which fires a step after any of its sources."""
        if len(given.parts) != 1 or not given.parts[0].map.same or given.constant.any():
            raise ValueError(
                "it takes the largest of sums, and only of spikes as they are the largest is an OR of them; put it "
                "right after neurons"
            )
        if (node.maybe("dilation", 1) != 1).any() or node.maybe("ceil_mode", 0).any():
            raise ValueError("its windows are spread (dilation) or go beyond the border (ceil_mode); use plain windows")
        own, made = self._name(name, node), windows_of(node, given)
        source, dt_s = self._relayed(given.parts[0]), self.assumed.dt_s
        population, projection = joined_spikes(own, node.kind, source, made.matrix(), made.target, dt_s)
        self.populations[own] = population
        self.projections.append(projection)
        self.said.setdefault(f"{node.kind}: a neuron for each window fires if any of its sources has", []).append(name)
        return source_signal(own, channels_first(made.target), made.target)

    def _project(self, target: str, given: Signal, gain: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
        for part in given.parts:
            source = self._relayed(part)
            self.projections.append(Projection(source, target, as_transform(part.map.times(gain))))

    def _relayed(self, part: Part) -> str:
        """The population that fires as the source does, so many steps later; made if it is not there."""
        source = part.source
        shape = self.populations[source].shape
        for step in range(1, part.delay_steps + 1):
            relay = f"{part.source}@{step}"
            if relay not in self.populations:
                eye = sparse.csr_array(sparse.eye_array(prod(shape), format="csr") * RELAY_WEIGHT)
                dt_s = self.assumed.dt_s
                self.populations[relay] = Population(relay, "Delay", shape, np.zeros(shape), 1 / dt_s)
                self.projections.append(Projection(source, relay, Sparse(eye)))
            source = relay
        return source

    def _read(self, node: Node, given: Signal) -> Signal:
        """The mean of a leaky integrator is that of its drive, times r (and w_in)."""
        v_leak = given.ours(node.maybe("v_leak", 0.0))
        gain = given.ours(node.array("r")) * given.ours(node.maybe("w_in", 1.0))
        self.notes.append(
            f"{node.kind} at the output: the host reads the mean of what drives it, which its own mean nears"
        )
        parts = tuple(Part(p.source, p.map.times(gain), p.delay_steps) for p in given.parts)
        return Signal(given.size, given.shape, parts, given.constant * gain + v_leak)

    def _output(self, given: Signal) -> None:
        if any(part.source == EVENT_SOURCE for part in given.parts):
            raise ValueError("the input reaches the output past all neurons; put neurons between")
        self.readout = Readout("output", given.shape, given.constant)
        self._project("output", given, np.full(given.shape, self.assumed.dt_s))

    def _name(self, name: str, node: Node) -> str:
        """A name for people and for files: that of the node, with its kind where it is only a number."""
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._-") or node.kind
        plain = f"{node.kind}_{plain}" if plain[0].isdigit() else plain
        taken = {*self.populations, INPUT, "output"}
        return next(n for n in (plain, *(f"{plain}_{i}" for i in range(2, len(taken) + 3))) if n not in taken)

    @property
    def relays(self) -> int:
        """How many populations hold delays."""
        return sum(p.source_layer == "Delay" for p in self.populations.values())

    def network(self, timesteps: int) -> Network:
        assert self.readout is not None
        shape: Shape = self.populations[EVENT_SOURCE].shape
        return Network(
            Input(shape, TimeCourse.EVENTS),
            tuple(self.populations.values()),
            tuple(self.projections),
            (self.readout,),
            self.assumed.dt_s,
            timesteps,
        )
