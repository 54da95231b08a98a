"""``export_model``: a bundle in, a file of NIR out."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import msgspec

from convert.bundle import (
    NETWORK,
    PEAK_RATES,
    RATES,
    REPORT,
    at_work_in,
    load_network,
    load_peak_rates,
    load_rates,
    load_report,
)
from convert.errors import UserError, noting, tell
from convert.memory.limits import limit_of
from convert.memory.sizes import in_words
from convert.network import Network
from convert.provenance import BUNDLE, command_line, digests, provenance
from convert.report import ConversionReport
from convert.storage.atomic import keep_file, whole_file
from convert.storage.recovery import NOTES

from .nir import kept
from .nir.chosen import LARGE_BYTES, Ways, ways_of
from .nir.graph import OutGraph, graph_of
from .nir.hdf5 import write_graph
from .nir.unsaid import unsaid

SUFFIX = ".nir"

LARGEST_BYTES = 2**32
"""Of the weights of one node: no simulator takes more in one matrix. Chosen."""

COPIES = 3
"""Of all weights, that are held at once."""


@dataclass(frozen=True)
class ExportOptions:
    """``dt``: the time of a step in the file's unit; None: in seconds, as in the network."""

    dt: float | None = None


@dataclass(frozen=True)
class Exported:
    """What was written: the ``nodes`` by kind, the file's ``bytes``, and what NIR does ``not_say``."""

    path: Path
    nodes: dict[str, int]
    bytes: int
    not_said: tuple[str, ...]


def export_model(
    bundle: str | Path,
    output: str | Path,
    options: ExportOptions | None = None,
    *,
    memory: int | None = None,
    force: bool = False,
    wait: bool = False,
) -> Exported:
    """Writes the network in ``bundle`` to the file ``output`` (.nir); raises ``UserError``, and writes nothing then.

    What NIR has no place for is in the graph's metadata, from which ``convert-model`` makes the same network again.
    """
    bundle, output, options = Path(bundle), Path(output), options or ExportOptions()
    problems = _problems(output, options)
    with noting(problems):
        keep_file(output, force=force)
    with at_work_in(bundle, shared=True, wait=wait):
        with noting(problems):
            network, report = load_network(bundle), load_report(bundle)
        tell(problems)
        ways = ways_of(network)
        _require_room(network, ways, memory)
        dt = network.dt_s if options.dt is None else options.dt
        graph = graph_of(network, ways, dt)
        said = (*unsaid(network, graph, dt), *_of_decoder(report))
        origin = provenance(
            command_line("export-model", [BUNDLE], options, {}),
            made_from=digests(bundle, (REPORT, NETWORK, RATES, PEAK_RATES)),
        )
        report = msgspec.structs.replace(report, timings=None, provenance=None)
        beside = kept.kept_of(network, graph, dt, report, origin)
        beside |= kept.rates_beside(network, load_rates(bundle), load_peak_rates(bundle))
        beside[kept.SAID] = "\n".join(said)
        with whole_file(output) as new:
            write_graph(new, graph, beside)
            size = new.stat().st_size
    return Exported(output, _counted(graph), size, said)


def _of_decoder(report: ConversionReport) -> tuple[str, ...]:
    """What of the host's part is not in the file."""
    if report.decoder is None:
        return ()
    return (f"the decoder '{report.decoder.name}' on the host is a Keras model, decoder.keras in the bundle",)


def _problems(output: Path, options: ExportOptions) -> list[str]:
    problems = []
    if output.suffix.lower() != SUFFIX:
        problems.append(f"{output}: what is written is NIR; choose a name that ends in {SUFFIX}")
    if options.dt is not None and not (isfinite(options.dt) and options.dt > 0):
        problems.append(f"--dt is {options.dt}; give the time of a step in seconds, or 1 for times in steps")
    return problems


def _require_room(network: Network, ways: Ways, memory: int | None) -> None:
    """Says which weights are many. Raises ``UserError`` for more than a node or this machine holds."""
    problems = []
    for number, size in ways.sizes.items():
        projection = network.projections[number]
        what = f"'{projection.source}' to '{projection.target}': {in_words(size)} of weights"
        if size > LARGEST_BYTES:
            problems.append(
                f"{what}, one for each pair of neurons, more than {in_words(LARGEST_BYTES)} for a node, and NIR "
                "has no sparse map; convert a smaller input, or put a convolution in the place of that layer"
            )
        elif size > LARGE_BYTES:
            NOTES.info("foreseen: %s", f"{what} in one node")
    if not problems and (limit := limit_of(memory)) is not None and COPIES * sum(ways.sizes.values()) > limit.bytes:
        problems.append(
            f"the graph's weights take {in_words(COPIES * sum(ways.sizes.values()))}, and there are {limit}; give more "
            "memory, or convert a smaller input"
        )
    if problems:
        raise UserError(problems)


def _counted(graph: OutGraph) -> dict[str, int]:
    kinds = sorted(node.kind for node in graph.nodes.values())
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
