"""In which order the nodes of a graph are visited."""

from __future__ import annotations

from convert.errors import UserError

from .reading import Graph


def order_of(graph: Graph) -> list[str]:
    """The nodes that an output needs, each after those before it. Raises ``UserError`` for loops."""
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
