"""What ``convert-model`` prints of conversion.json."""

from __future__ import annotations

from pathlib import Path

from convert.choice_report import ChoiceReport
from convert.console.terminal import console, table
from convert.data.metric_registry import METRICS, heading
from convert.report import ConversionReport, LayerReport


def show(report: ConversionReport, bundle: Path) -> None:
    """What came of the conversion to ``bundle``."""
    _show_layers(report)
    if carried := report.carried_sums:
        console.print(
            f"{len(carried)} {'sum' if len(carried) == 1 else 'sums'} that no ReLU ends fire as pairs of populations: "
            f"{', '.join(carried)}. Foreseen: {100 * report.carried_sums_cost_share:.2g} % of the connections' cost.",
            soft_wrap=True,
        )
    known = [(name, metric) for name, metric in METRICS.items() if name in report.metrics["ann"]]
    grid = report.output_grid
    table(
        f"measured on {report.metrics_measured_on}" + ("" if grid is None or grid.is_whole else f"\n{grid}"),
        ["network", *(heading(name) for name, _ in known)],
        [[row.replace("_", " "), *(m.text(values[n], 4) for n, m in known)] for row, values in report.metrics.items()],
    )
    if (agreement := report.agreement) is not None:
        console.print(
            f"Rate network against {report.framework}: largest difference {agreement.max_abs_error:.1e} (measured in "
            f"{agreement.simulator}; tolerated {agreement.tolerance:.1e}).",
            soft_wrap=True,
        )
    if report.choice is not None:
        _show_choice(report.choice)
    console.print(f"Wrote {bundle}. Next: partition-model {bundle}", soft_wrap=True)


def _show_choice(choice: ChoiceReport) -> None:
    """Each trial at the point at which it was chosen, or at its last."""
    metric = next(metric for name, metric in METRICS.items() if name == choice.metric)
    rows = []
    for k, trial in enumerate(choice.trials):
        chosen = k == choice.chosen
        point = choice.point if chosen else trial.points[-1]
        rows.append(
            [
                trial.what + (" (chosen)" if chosen else ""),
                point.timesteps,
                metric.text(point.value, 4),
                f"{1e3 * point.joules:.3g}",
                f"{1e3 * point.joules_low:.3g}-{1e3 * point.joules_high:.3g}",
                trial.chips,
            ]
        )
    table(
        f"measured on {choice.images} images of {choice.data} (original: {metric.text(choice.original, 4)}); energy "
        f"estimated: {choice.device}",
        ["trial", "steps", choice.metric.replace("_", " "), "mJ", "low to high", "chips"],
        rows,
    )


def show_nir(report: ConversionReport, bundle: Path) -> None:
    """What came of a NIR file in ``bundle``, and what was assumed about it."""
    _show_spiking(report, bundle, "In floating point")


def show_training(report: ConversionReport, bundle: Path) -> None:
    """What came of a training from scratch in ``bundle``."""
    _show_spiking(report, bundle, "By the chip's spikes")


def _show_spiking(report: ConversionReport, bundle: Path, how: str) -> None:
    """Of a network without an original: what it is, and what it gives, measured ``how``."""
    _show_layers(report)
    for line in report.assumed:
        console.print(f"- {line}", soft_wrap=True, highlight=False)
    for values in report.metrics.values():
        shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items() if value is not None)
        console.print(f"{how}, {report.metrics_measured_on}: {shown} (measured).", soft_wrap=True)
    console.print(f"Wrote {bundle}. Next: partition-model {bundle}", soft_wrap=True)


def _show_layers(report: ConversionReport) -> None:
    on_chip = sum(layer.neurons for layer in report.layers if layer.on_chip)
    table(
        f"{report.model}: {len(report.layers)} populations, {on_chip:,} neurons on the chip",
        ["population", "from", "shape", "neurons", "mean Hz", "% in range", "gain"],
        [_row(layer) for layer in report.layers],
    )


def _row(layer: LayerReport) -> list[str]:
    smallest, largest = layer.gain
    return [
        layer.name + ("" if layer.on_chip else " (host)"),
        layer.kind,
        "x".join(map(str, layer.shape)),
        f"{layer.neurons:,}",
        f"{layer.mean_rate_hz:.1f}",
        "" if layer.share_in_range is None else f"{100 * layer.share_in_range:.2f}",
        f"{smallest:.2f}-{largest:.2f}",
    ]
