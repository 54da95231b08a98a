"""The report of a check on the terminal."""

from __future__ import annotations

from collections import Counter

from convert.console.terminal import console, table

from .report import CheckReport, Estimate, LayerOutline

LISTED = 5
"""Layers named for a choice; the others are counted."""


def show(report: CheckReport) -> None:
    """Prints the network that is foreseen, if there is one, and what was chosen on the way to it."""
    if report.neurons is None:
        return
    verdict = "would convert" if report.converts else "does not convert as it is"
    pooling = "" if report.max_pooling is None else f" with --max-pooling {report.max_pooling}"
    into = Counter({layer.name: 0 for layer in report.layers})
    for projection in report.projections:
        into[projection.target] += projection.synapses
    table(
        f"{report.model} {verdict}; foreseen{pooling}, nothing is written",
        ["population", "from", "shape", "neurons", "synapses in", "cores"],
        [_row(layer, into[layer.name]) for layer in report.layers],
    )
    table("in all", ["", "estimated", "from"], _totals(report))
    for choice in report.choices:
        more = f" and {len(choice.layers) - LISTED} more" if len(choice.layers) > LISTED else ""
        console.print(f"{choice.what}: {', '.join(choice.layers[:LISTED])}{more}", soft_wrap=True, markup=False)
    for problem in report.placement_problems:
        console.print(f"does not fit: {problem}", soft_wrap=True, markup=False)


def _row(layer: LayerOutline, synapses: int) -> list[str]:
    return [
        layer.name + ("" if layer.on_chip else " (host)"),
        layer.kind,
        "x".join(map(str, layer.shape)),
        f"{layer.neurons:,}",
        f"{synapses:,}",
        "" if layer.cores is None else f"{layer.cores:,}",
    ]


def _totals(report: CheckReport) -> list[list[str]]:
    kernels = sum(projection.kernel is not None for projection in report.projections)
    source = f"shared kernels {kernels}, single synapses {len(report.projections) - kernels}"
    rows = {
        "neurons on the chip": report.neurons,
        "projections": Estimate(estimated=len(report.projections), source=source),
        "synapses": report.synapses,
        "cores, about": report.cores,
        "chips, about": report.chips,
        "steps, at least": report.least_timesteps,
        "image through after": report.arrival_step,
    }
    return [[name, f"{number.estimated:,}", number.source] for name, number in rows.items() if number is not None]
