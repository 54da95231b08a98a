"""What conversion.json says of a spiking network from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from convert.data.events.opening import EventData
from convert.network import Network, Population
from convert.report import ConversionReport, LayerReport, MeasuredOn, Metrics

if TYPE_CHECKING:
    from convert.calibration.firing_rates import FiringRates


@dataclass(frozen=True)
class Spiking:
    """A network from a file, in words what was ``assumed``, what comparing showed, and what recordings gave;
    ``exported``: what conversion.json said of it where it was exported from."""

    network: Network
    assumed: tuple[str, ...]
    rates: FiringRates
    metrics: Mapping[str, Metrics]
    data: EventData | None
    measured: int
    exported: ConversionReport | None = None


def report_of(found: Spiking, model_path: Path) -> ConversionReport:
    """The report, but for its provenance and timings."""
    network, data = found.network, found.data
    if found.exported is not None and data is None:
        return report_as_it_was(found, found.exported, model_path)
    classes = network.readouts[0].output_shape[-1]
    measured = None
    if data is not None:
        measured = MeasuredOn(count=found.measured, of="images", held_out_from_calibration=True)
    return ConversionReport(
        model=model_path.name,
        task="classification",
        class_names=tuple(map(str, range(classes))) if data is None else data.dataset.class_names,
        input_shape=network.input.shape,
        layers=tuple(_layer(population, found.rates) for population in network.populations),
        dt_s=network.dt_s,
        timesteps=network.timesteps,
        metrics=dict(found.metrics),
        metrics_measured_on=None if data is None else f"{found.measured} recordings of {data.dataset.name}",
        rates_measured_on=measured,
        assumed=found.assumed,
    )


def _layer(population: Population, rates: FiringRates) -> LayerReport:
    return LayerReport(
        name=population.name,
        kind=population.source_layer,
        shape=population.shape,
        neurons=population.neurons,
        on_chip=population.on_chip,
        scale_hz=population.scale_hz,
        percentile_rate_hz=float(rates.peak_hz[population.name].max()),
        mean_rate_hz=float(rates.mean_hz[population.name].mean()),
        synapse_s=population.synapse_s,
    )


def report_as_it_was(found: Spiking, said: ConversionReport, model_path: Path) -> ConversionReport:
    """What was ``said`` where the network was exported from, but for what was measured on the model before it."""
    return msgspec.structs.replace(
        said,
        model=model_path.name,
        timesteps=found.network.timesteps,
        agreement=None,
        metrics={},
        metrics_measured_on=None,
        choice=None,
        rate_network_is_original=False,
        assumed=found.assumed,
    )
