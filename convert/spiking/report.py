"""What conversion.json says of a spiking network from a file, or trained from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from convert.data.dataset import Dataset
from convert.data.events.opening import EventData
from convert.network import Network, Neuron, Population
from convert.network.neuron import DECAY_ONE
from convert.report import ConversionReport, LayerReport, MeasuredOn, Metrics, Task

from .train_options import TrainOptions

if TYPE_CHECKING:
    from convert.calibration.firing_rates import FiringRates
    from convert.frontends.keras.decoder import Decoder


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
    decoder: Decoder | None = None


def report_of(found: Spiking, model_path: Path) -> ConversionReport:
    """The report, but for its provenance and timings."""
    network, data = found.network, found.data
    if found.exported is not None and data is None:
        return report_as_it_was(found, found.exported, model_path)
    output_shape = network.readouts[0].output_shape if found.decoder is None else found.decoder.output_shape
    task: Task = "regression" if len(output_shape) > 1 else "classification"
    classes = output_shape[-1] if task == "classification" else 0
    measured = None
    if data is not None:
        measured = MeasuredOn(count=found.measured, of="images", held_out_from_calibration=True)
    return ConversionReport(
        model=model_path.name,
        task=task if data is None else data.dataset.task,
        decoder=None if found.decoder is None else found.decoder.described(),
        class_names=tuple(map(str, range(classes))) if data is None else data.dataset.class_names,
        input_shape=network.input.shape,
        layers=tuple(_layer(population, found.rates) for population in network.populations),
        dt_s=network.dt_s,
        timesteps=network.timesteps,
        metrics=dict(found.metrics),
        metrics_measured_on=None if data is None else recordings_of(data.dataset, found.measured),
        rates_measured_on=measured,
        assumed=found.assumed,
    )


def report_of_training(
    network: Network, rates: FiringRates, options: TrainOptions, measured: Dataset, model_path: Path
) -> ConversionReport:
    """The report of a network that was trained and ``measured`` on recordings, but for metrics, provenance and
    timings."""
    return ConversionReport(
        model=model_path.name,
        task="classification",
        class_names=measured.class_names,
        input_shape=network.input.shape,
        layers=tuple(_layer(population, rates) for population in network.populations),
        dt_s=network.dt_s,
        timesteps=network.timesteps,
        event_dt_s=options.event_dt_s or network.dt_s,
        event_start_s=options.event_start_s,
        steps=options.steps,
        recipe="stbp",
        epochs=options.epochs,
        surrogate=options.surrogate,
        spike_penalty=options.spike_penalty,
        seed=options.seed,
        metrics_measured_on=recordings_of(measured, len(measured)),
        assumed=(leak_in_words(options),),
    )


def recordings_of(data: Dataset, count: int) -> str:
    """Such as: 40 simulated recordings of fence.npz."""
    return f"{count} {'simulated ' if data.simulated is not None else ''}recordings of {data.name}"


def leak_in_words(options: TrainOptions) -> str:
    """What the neurons are, in the chip's numbers."""
    neuron = Neuron(floor=options.vmin, leak=options.leak)
    lost = f"lose {neuron.decay_v}/{DECAY_ONE} of their voltage in a step" if neuron.decay_v else "keep their voltage"
    return f"neurons {lost}, which a spike sets to 0 and which ends {-options.vmin:g} thresholds below that (--vmin)"


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
        decoder=None if found.decoder is None else found.decoder.described(),
        agreement=None,
        metrics={},
        metrics_measured_on=None,
        choice=None,
        rate_network_is_original=False,
        assumed=found.assumed,
    )
