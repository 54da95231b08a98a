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

from .assumed import Assumed
from .linear import LINEAR, Part, Signal, added, shape_of, source_signal
from .maps import as_transform
from .neurons import in_steps
from .reading import Graph, Node

SPIKING = ("IF", "LIF", "CubaLIF")
FILTERS = ("LI", "CubaLI")
"""Without spikes: read on the host, as the mean of what drives them."""

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
    order = build.order()
    for name in order:
        build.visit(name)
    if build.problems:
        raise UserError(build.problems)
    return Made(build.network(timesteps), tuple(build.lines()))


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

    def order(self) -> list[str]:
        """The nodes that an output needs, each after those before it. Raises ``UserError`` for loops."""
        graph = self.graph
        inputs, outputs = graph.of_kind("Input"), graph.of_kind("Output")
        problems = [
            f"the graph has {len(names)} {kind} nodes ({', '.join(names) or 'none'}); write one with exactly one"
            for kind, names in (("Input", inputs), ("Output", outputs))
            if len(names) != 1
        ]
        if problems:
            raise UserError(problems)
        wanted, waiting = set(outputs), list(outputs)
        while waiting:
            new = [name for name in graph.before(waiting.pop()) if name not in wanted]
            wanted.update(new)
            waiting += new
        done: list[str] = []
        while ready := [n for n in graph.nodes if n in wanted and n not in done and set(graph.before(n)) <= set(done)]:
            done += ready
        if loops := sorted(wanted.difference(done)):
            raise UserError(
                f"nodes {', '.join(loops)} depend on themselves: recurrent networks do not run layer after layer; "
                "write the graph without its recurrent edges, or build it in nengo_loihi and run it with "
                "deploy.emulator.run_model"
            )
        return done

    def visit(self, name: str) -> None:
        """Makes of node ``name`` what it is; what it cannot be is kept as a problem."""
        node = self.graph.nodes[name]
        try:
            before = [self.signals[n] for n in self.graph.before(name) if n in self.signals]
            if node.kind == "Input":
                self.signals[name] = self._input(node)
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
        elif node.kind in FILTERS and [self.graph.nodes[n].kind for n in self.graph.after(name)] == ["Output"]:
            self.signals[name] = self._read(node, given)
        elif node.kind == "Output":
            self._output(given)
        else:
            known = ", ".join(sorted({*LINEAR, *SPIKING, "Delay", *FILTERS}))
            raise ValueError(f"it cannot be held; {WAYS_OUT.get(node.kind, f'what can: {known}')}")

    def _input(self, node: Node) -> Signal:
        size = tuple(int(n) for n in np.ravel(node.array("shape")))
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

    def _spiking(self, name: str, node: Node, given: Signal) -> Signal:
        steps, dt_s = in_steps(node, given, self.assumed), self.assumed.dt_s
        own, drive = self._name(name, node), given.constant * steps.gain + steps.constant
        neuron = Neuron(floor=self.assumed.floor, leak=steps.leak)
        self._project(own, given, steps.gain)
        self.populations[own] = Population(
            own, node.kind, given.shape, drive / dt_s, 1 / dt_s, neuron=neuron, synapse_s=steps.synapse_s
        )
        self.said.setdefault(f"{node.kind}: {steps.said}", []).append(name)
        return source_signal(own, given.size, given.shape)

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

    def lines(self) -> list[str]:
        """What was assumed."""
        dt, floor = self.assumed.dt, self.assumed.floor
        unit = f"{dt:g} s" if dt < 1 else f"{dt:g} of the file's unit, here {1000 * self.assumed.dt_s:g} ms"
        made_for = {
            "zero": "a spike sets the voltage to v_reset",
            "subtract": "made for subtraction of the threshold, but the chip resets to zero: what is above it is lost",
        }[self.assumed.reset]
        relays = sum(p.source_layer == "Delay" for p in self.populations.values())
        return [
            f"a step is {unit} (--dt); NIR says none",
            *(f"{said} ({', '.join(names)})" for said, names in self.said.items()),
            f"reset: {made_for} (--reset)",
            f"voltages end {floor:g} thresholds below the reset (--vmin); NIR knows no floor",
            "a neuron fires above its threshold, at most once a step; some simulators fire at it, or more often",
            "spikes take a step to each layer: where paths differ in length the shorter one is ahead, and biases act "
            "from the first step on",
            "two input channels are the polarities 0 and 1 of events, in this order",
            *([f"{relays} populations of relays hold delays, a step each"] if relays else []),
            *self.notes,
        ]
