"""From the cut Keras model to the calibrated network, and what conversion.json says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convert.calibration.sample import Sample
from convert.frontends.keras.activations import Teacher, at_relus, drives_hz, logits_of, teacher_of
from convert.network import Network, Neuron, require_timesteps
from convert.report import AgreementReport, LayerReport

from .options import Options, Progress

if TYPE_CHECKING:
    from convert.calibration.activity import Rates
    from convert.calibration.fit_layers import Calibration


def rates_of(cut: Any, sample: Sample, options: Options) -> Rates:
    """What sets the scales on the images for calibration, and how rates lie on others where there are enough."""
    from convert.calibration.activity import measure_rates

    others = sample.calibration if sample.held_out is None else sample.held_out
    return measure_rates(
        cut,
        sample.calibration,
        others,
        percentile=options.percentile,
        rates_hz=options.rates_hz,
        one_scale=options.one_scale,
    )


@dataclass(frozen=True)
class Conversion:
    """The network as rates and, with gains against the hard reset, as spikes; and what conversion.json says of it.

    ``rates_hz`` and ``peak_rates_hz``: of each neuron the mean and the 95th percentile over the calibration images.
    """

    rate_network: Network
    network: Network
    layers: tuple[LayerReport, ...]
    silent: list[str]
    rates_hz: dict[str, NDArray[np.float32]]
    peak_rates_hz: dict[str, NDArray[np.float32]]
    agreement: AgreementReport


def make_network(
    cut: Any, sample: Sample, before: Rates | None, followed: Any, options: Options, progress: Progress
) -> Conversion:
    """Lowers, scales by percentile, compares with Keras and calibrates the spiking network.

    ``before`` is what the rates were before fine-tuning, if there was any; ``followed``, if not None, is the Keras
    model whose activations calibration aims at instead of those of ``cut``: the one with its max pooling.
    """
    from convert.calibration.activity import percentiles_hz
    from convert.calibration.bias_onset import with_bias_onset
    from convert.calibration.fit_layers import calibrate_spiking
    from convert.calibration.simulate import few_enough
    from convert.calibration.synaptic_filters import with_synapses
    from convert.lowering.agreement import agreement
    from convert.lowering.lower import lower
    from convert.network.rescale import with_scales, without_silent

    inputs = sample.calibration
    with progress("lowering layers", len(cut.segments)) as advance:
        unit = lower(cut, advance)
    require_timesteps(unit.with_(timesteps=options.timesteps))
    shapes = {p.name: p.shape for p in unit.populations}
    aimed = cut if followed is None else replace(cut, activities=at_relus(followed, list(shapes), "output"))
    now = rates_of(aimed, sample, options)
    unit = without_silent(unit, {name for name, a in now.activity.items() if not a.mean.any()})
    silent = sorted(set(now.activity) - {p.name for p in unit.populations})
    scale = {p.name: now.scale_hz[p.name] for p in unit.populations}
    rate_network = with_scales(unit, scale)
    logits = logits_of(cut.activities.inputs, [s.drive for s in cut.segments if s.is_readout])
    found = agreement(rate_network, inputs[:2], logits(inputs[:2]))
    if not found.holds:
        raise RuntimeError(f"the rate network is {found.max_abs_error:g} off Keras, more than {found.tolerance:g}")
    network = with_synapses(rate_network.with_(timesteps=options.timesteps), options.synapse_s)
    network = network.with_(
        populations=tuple(
            replace(p, neuron=Neuron(floor=options.vmin)) if p.on_chip else p for p in network.populations
        )
    )
    with progress("calibrating", len(network.populations)) as advance:
        few = few_enough(network, inputs)
        wanted_hz = None if followed is None else drives_hz(followed, shapes, few, now.scale_hz)
        calibration = calibrate_spiking(network, few, advance, wanted_hz=wanted_hz)
    if options.spiking_batches:
        teacher = logits if followed is None else teacher_of(followed)
        calibration = _train_spiking(calibration, sample, teacher, options, progress)
    layers = tuple(
        LayerReport(
            name=p.name,
            kind=p.source_layer,
            shape=p.shape,
            neurons=p.neurons,
            on_chip=p.on_chip,
            scale_hz=p.scale_hz,
            percentile_rate_hz=now.activity[p.name].percentile * scale[p.name],
            mean_rate_hz=float(now.activity[p.name].mean.mean()) * scale[p.name],
            rates_hz_percentiles=percentiles_hz(p.name, before, now),
            share_in_range=now.spread[p.name].share_in_range,
            gain=_range(calibration.gains.get(p.name)),
            synapse_s=p.synapse_s,
            arrival_step=calibration.arrival.get(p.name, 0),
        )
        for p in network.populations
    )
    network = with_bias_onset(calibration.network, calibration.arrival)
    rates = {name: np.asarray(now.activity[name].mean * hz, np.float32) for name, hz in scale.items()}
    peaks = {name: np.asarray(now.activity[name].peak * hz, np.float32) for name, hz in scale.items()}
    for clock in (p for p in network.populations if p.name not in rates):
        driven = 1 - clock.onset_step / options.timesteps
        rates[clock.name] = peaks[clock.name] = np.asarray(clock.bias_hz * driven, np.float32)
    agreed = AgreementReport(max_abs_error=found.max_abs_error, tolerance=found.tolerance)
    return Conversion(rate_network, network, layers, silent, rates, peaks, agreed)


def _range(gain: NDArray[np.float64] | None) -> tuple[float, float]:
    """The smallest and the largest gain of a population; 1 for one without."""
    return (1.0, 1.0) if gain is None else (float(gain.min()), float(gain.max()))


def _train_spiking(
    calibration: Calibration, sample: Sample, teacher: Teacher, options: Options, progress: Progress
) -> Calibration:
    """Trains the calibrated network through its spikes on ``options.spiking_batches`` batches."""
    from convert.calibration.simulate import few_enough
    from convert.data.crops import training_batches
    from convert.training.tandem import BATCH, train_spiking

    def batches() -> Iterator[NDArray[np.float32]]:
        for epoch in count():
            for images, _ in training_batches(sample.dataset, BATCH, sample.shape[:2], options.seed + epoch):
                yield few_enough(calibration.network, images.astype(np.float32))

    with progress("fine-tuning through spikes", options.spiking_batches) as advance:
        network = train_spiking(
            calibration.network,
            calibration.arrival,
            islice(batches(), options.spiking_batches),
            teacher,
            count=options.spiking_batches,
            advance=advance,
        )
    return replace(calibration, network=network)
