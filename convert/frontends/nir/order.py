"""In which order the nodes of a graph are visited; loops are opened at neurons, whose spikes go back a step later."""

from __future__ import annotations

from dataclasses import dataclass

from convert.errors import UserError

from .reading import Graph

SPIKING = ("IF", "LIF", "CubaLIF")


@dataclass(frozen=True)
class Visit:
    """A node whose inputs are all there; or ``opens``: neurons of a loop, whose spikes others need before that."""

    name: str
    opens: bool = False


def order_of(graph: Graph) -> list[Visit]:
    """The nodes that an output needs, each after those before it. Raises ``UserError`` for loops without neurons."""
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
    return _visits(graph, wanted)


def _visits(graph: Graph, wanted: set[str]) -> list[Visit]:
    """Node after node; where all that is left waits for spikes that go back, neurons are opened that some input has
    reached, those first whose other inputs are there."""
    done: list[Visit] = []
    known: set[str] = set()
    visited: set[str] = set()
    while len(visited) < len(wanted):
        ready = [n for n in graph.nodes if n in wanted and n not in visited and set(graph.before(n)) <= known]
        if ready:
            done += [Visit(name) for name in ready]
            visited.update(ready)
            known.update(ready)
            continue
        waiting = [n for n in graph.nodes if n in wanted and n not in known and graph.nodes[n].kind in SPIKING]
        reached = [n for n in waiting if set(graph.before(n)) & known]
        if not reached:
            _refuse(sorted(wanted - visited))
        first = min(reached, key=lambda n: len(set(graph.before(n)) - known))
        done.append(Visit(first, opens=True))
        known.add(first)
    return done


def _refuse(names: list[str]) -> None:
    raise UserError(
        f"nodes {', '.join(names)} depend on themselves past all neurons that the input reaches: what goes back within "
        f"a step has no value; put neurons ({', '.join(SPIKING)}) into the loop, and connect one of them to the input"
    )
