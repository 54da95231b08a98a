"""What conversion.json says: the network and its rates, and what was measured on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from convert.network.relays import RELAY_LAYER, relay_of
from convert.report import ConversionReport, LayerReport, Metrics

if TYPE_CHECKING:
    from convert.calibration.activity import RateScales
    from convert.draft import Draft
    from convert.opening import Models


@dataclass(frozen=True)
class Converted:
    """The network as a ``draft``, the rates ``before`` fine-tuning if there was any, and the metrics of each stage."""

    draft: Draft
    before: RateScales | None
    metrics: Mapping[str, Metrics]


def summary(found: Converted, models: Models, model_path: Path, data_path: Path) -> ConversionReport:
    """What was ``found`` of the model ``models`` was made from and of the data, in the words of conversion.json."""
    draft, before = found.draft, found.before
    network, sample, options = draft.network, draft.goal.sample, draft.goal.options
    return ConversionReport(
        model=model_path.name,
        task=sample.dataset.task,
        class_names=sample.dataset.class_names,
        input_shape=network.input.shape,
        output_grid=models.grid,
        layers=tuple(_layers(draft, before)),
        left_out_silent=draft.silent,
        carried_sums=models.carried_sums.layers,
        carried_sums_cost_share=models.carried_sums.cost_share,
        dt_s=network.dt_s,
        timesteps=network.timesteps,
        synapse_s=options.synapse_s,
        percentile=options.percentile,
        rates_hz=options.rates_hz,
        one_scale=options.one_scale,
        max_pooling=options.max_pooling,
        relayed=tuple(name for name in options.relayed if name not in draft.silent),
        output=models.outputs[0] if len(models.outputs) > 1 else None,
        decoder=None if models.decoder is None else models.decoder.described(),
        fine_tune_epochs=options.fine_tune_epochs,
        spiking_batches=options.spiking_batches,
        steps=options.steps,
        recipe=options.trained_by if options.spiking_batches else None,
        surrogate=options.surrogate,
        spike_penalty=options.spike_penalty,
        rate_loss=options.rate_loss,
        prune=options.prune,
        labels_weight=options.labels_weight,
        start_from=None if options.start_from is None else Path(options.start_from).name,
        period=network.period,
        augment=options.augment,
        seed=options.seed,
        agreement=draft.agreement,
        metrics=dict(found.metrics),
        metrics_measured_on=f"{len(sample.scored)} images of {data_path.name} (training data)"
        + ("" if sample.dataset.labelled else ", against the inputs themselves"),
        rates_measured_on=sample.described(),
        rate_network_is_original=not (models.replaced or options.fine_tune_epochs or draft.silent),
    )


def _layers(draft: Draft, before: RateScales | None) -> Iterator[LayerReport]:
    """Of each population that fires, its relays behind it."""
    names = {population.name for population in draft.network.populations}
    for name in draft.goal.rates.activity:
        if name not in draft.silent:
            layer = _layer(draft, name, before)
            yield layer
            if (relay := relay_of(name)) in names:
                step = layer.arrival_step + 1
                yield replace(layer, name=relay, kind=RELAY_LAYER, gain=(1.0, 1.0), synapse_s=0.0, arrival_step=step)


def _layer(draft: Draft, name: str, before: RateScales | None) -> LayerReport:
    from convert.calibration.activity import percentiles_hz

    population, rates, gain = draft.network.population(name), draft.goal.rates, draft.gains.get(name)
    return LayerReport(
        name=name,
        kind=population.source_layer,
        shape=population.shape,
        neurons=population.neurons,
        on_chip=population.on_chip,
        scale_hz=population.scale_hz,
        percentile_rate_hz=rates.activity[name].percentile * population.scale_hz,
        mean_rate_hz=float(draft.firing.mean_hz[name].mean()),
        rates_hz_percentiles=percentiles_hz(name, before, rates),
        share_in_range=rates.spread[name].share_in_range,
        gain=(1.0, 1.0) if gain is None else (float(gain.min()), float(gain.max())),
        synapse_s=population.synapse_s,
        arrival_step=draft.arrival.get(name, 0),
    )
