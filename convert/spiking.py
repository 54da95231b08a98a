"""``convert_nir``: a network of spiking neurons in, a bundle out; nothing is trained, and no simulator needed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from convert.bundle import at_work_in, is_part, write_bundle
from convert.data.evaluate import score
from convert.data.events.binning import Binning
from convert.data.events.opening import EventData, open_events
from convert.frontends.nir.assumed import DT_S, FLOOR, Assumed, Reset
from convert.network import Network, Population, require_runnable, require_timesteps
from convert.provenance import Provenance, command_line, provenance
from convert.report import ConversionReport, LayerReport, MeasuredOn, Metrics
from convert.storage.atomic import whole_folder
from convert.timings import timings_since

from .errors import UserError
from .options import LIMITS, out_of_range

if TYPE_CHECKING:
    from convert.calibration.firing_rates import FiringRates
    from convert.frontends.nir.reference import Reference

GUESSED_SHARE = 0.02
"""Of the steps in which a neuron fires, where no recordings say it; chosen near what N-MNIST's network does."""

NOT_COMPARED = "not compared with another simulator: give its spikes with --reference"


@dataclass(frozen=True)
class NirOptions:
    """How to take what a NIR file leaves open: see ``Assumed``; ``dt`` is in the file's unit, ``vmin`` in thresholds.

    Rates and accuracy are measured on the first ``calibration_images`` recordings.
    """

    dt: float = DT_S
    reset: Reset = "zero"
    vmin: float = FLOOR
    timesteps: int = 128
    reference: str | None = None
    calibration_images: int = 128

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        limits = {name: LIMITS[name] for name in ("timesteps", "calibration_images")}
        return self.assumed.problems() + out_of_range({name: getattr(self, name) for name in limits}, limits)

    @property
    def assumed(self) -> Assumed:
        return Assumed(self.dt, self.reset, self.vmin)


@dataclass(frozen=True)
class Spiking:
    """A network from a file, in words what was ``assumed``, what comparing showed, and what recordings gave."""

    network: Network
    assumed: tuple[str, ...]
    rates: FiringRates
    metrics: Mapping[str, Metrics]
    data: EventData | None
    measured: int


def convert_nir(
    model_path: str | Path,
    bundle: str | Path,
    data_path: str | Path | None = None,
    options: NirOptions | None = None,
    *,
    force: bool = False,
    wait: bool = False,
) -> ConversionReport:
    """Converts the .nir file and writes the folder ``bundle``; returns what conversion.json holds.

    Recordings at ``data_path`` say how often neurons fire, and how good the network is; without them a rate is guessed
    for all. Raises ``UserError`` for all that cannot be held; nothing is written then.
    """
    begin_s = time.monotonic()
    model_path, bundle, options = Path(model_path), Path(bundle), options or NirOptions()
    data_path = None if data_path is None else Path(data_path)
    found = read_nir(model_path, data_path, options)
    with at_work_in(bundle, wait=wait), whole_folder(bundle, force=force, ours=is_part) as folder:
        shutil.copy2(model_path, folder / f"source{model_path.suffix.lower()}")
        report = msgspec.structs.replace(
            _report(found, model_path, options),
            provenance=_origin(model_path, data_path, options),
            timings=timings_since(begin_s),
        )
        rates = found.rates
        return write_bundle(folder, found.network, rates.mean_hz, report, peak_rates_hz=rates.peak_hz)


def read_nir(model_path: Path, data_path: Path | None, options: NirOptions) -> Spiking:
    """The network in the file, compared and measured as far as there is something to do that with."""
    from convert.frontends.nir.network import network_of
    from convert.frontends.nir.reading import read_graph
    from convert.frontends.nir.reference import read_reference

    if problems := options.problems():
        raise UserError(problems)
    if not model_path.is_file():
        raise UserError(f"{model_path}: no such file")
    made = network_of(read_graph(model_path), options.assumed, options.timesteps)
    network = made.network
    require_runnable(network)
    require_timesteps(network)
    compared = NOT_COMPARED
    if options.reference is not None:
        compared = _compared(network, read_reference(Path(options.reference), network))
    if data_path is None:
        guessed = f"neurons are taken to fire in {GUESSED_SHARE:.0%} of the steps: measured with --data"
        return Spiking(network, (*made.assumed, compared, guessed), _guessed(network), {}, None, 0)
    binning = Binning(network.dt_s, network.timesteps)
    data = open_events(data_path, network.input.shape, binning, network.readouts[0].output_shape[-1])
    rates, metrics, count = _measured(network, data, options.calibration_images)
    return Spiking(network, (*made.assumed, compared, str(data)), rates, metrics, data, count)


def _measured(network: Network, data: EventData, most: int) -> tuple[FiringRates, Mapping[str, Metrics], int]:
    """Rates and accuracy on the first recordings, in floating point by the chip's rules."""
    from convert.calibration.firing_rates import FiringRates
    from convert.calibration.simulate import simulated
    from convert.network.forward import apply, readout_of

    dataset, readout = data.dataset, network.readouts[0]
    count = min(most, len(dataset))
    step = len(dataset) // count
    chosen = [i * step for i in range(count)]
    recordings = np.stack([dataset.image(i) for i in chosen])
    rates = FiringRates()
    total = np.broadcast_to(readout.bias, (count, *readout.shape)).astype(np.float64)
    for population, trains in simulated(network, _no_arrival(network), recordings):
        rates = rates.with_(population, trains, network.dt_s)
        for projection in network.out_of(population.name):
            if projection.target == readout.name:
                fired_hz = trains.share(0).reshape(count, *population.shape) / network.dt_s
                total = total + apply(projection.transform, fired_hz, readout.shape)
    outputs = np.asarray(readout_of(readout, total), np.float32)
    return rates, {"float": score("classification", outputs, [dataset.label(i) for i in chosen])}, count


def _no_arrival(network: Network) -> dict[str, int]:
    """Biases act from the first step on."""
    return {population.name: 0 for population in network.populations}


def _guessed(network: Network) -> FiringRates:
    from convert.calibration.firing_rates import FiringRates

    def rates() -> dict[str, NDArray[np.float32]]:
        rate_hz = GUESSED_SHARE / network.dt_s
        return {p.name: np.full(p.shape, rate_hz, np.float32) for p in network.populations}

    return FiringRates(rates(), rates())


def _compared(network: Network, reference: Reference) -> str:
    """How the last neurons' spikes agree with those of the reference, whose layers may all fire in one step."""
    from convert.calibration.simulate import simulated

    into = [p.source for p in network.into(network.readouts[0].name)]
    if len(into) != 1 or network.population(into[0]).shape != network.readouts[0].shape:
        raise UserError("--reference: the output of this network is no spikes of one layer; leave it out")
    run = network.with_(timesteps=reference.given.shape[1])
    fired = np.zeros_like(reference.spikes)
    for population, trains in simulated(run, _no_arrival(run), reference.given):
        if population.name == into[0]:
            fired = np.stack([trains.of(k) > 0 for k in range(len(fired))])
    lags = range(network.depth()[into[0]] + 1)
    steps = reference.given.shape[1]
    same = [int((fired[:, lag:] & reference.spikes[:, : steps - lag]).sum()) for lag in lags]
    lag = int(np.argmax(same))
    wanted, apart = int(reference.spikes.sum()), np.abs(fired.sum(axis=1) - reference.spikes.sum(axis=1))
    return (
        f"compared with the reference, in floating point: {same[lag]} of its {wanted} spikes at the same steps, {lag} "
        f"later, of {int(fired.sum())} here; counts of a neuron are at most {int(apart.max(initial=0))} apart"
    )


def _report(found: Spiking, model_path: Path, options: NirOptions) -> ConversionReport:
    network, data = found.network, found.data
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


def _origin(model_path: Path, data_path: Path | None, options: NirOptions) -> Provenance:
    """The command, and the files by their contents."""
    given = {"model": model_path} | ({} if data_path is None else {"data": data_path})
    if options.reference is not None:
        given["reference"] = Path(options.reference)
    files = [model_path.name, *([] if data_path is None else ["--data", data_path.name])]
    if options.reference is not None:
        files += ["--reference", Path(options.reference).name]
    return provenance(command_line("convert-model", files, options, {"reference": None}), given=given)
