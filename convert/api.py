"""``convert``: a trained Keras model in, a bundle out."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from convert.bundle import (
    CALIBRATION,
    MODEL,
    RATES_PICTURE,
    REPORT,
    at_work_in,
    is_part,
    save_calibration_inputs,
    write_bundle,
)
from convert.data.dataset import Dataset, open_data
from convert.data.evaluate import rate_predictor
from convert.data.metric_registry import task_measured_by
from convert.network import INPUT, require_timesteps
from convert.provenance import Provenance, command_line, provenance
from convert.report import ConversionReport, LayerReport, Metrics, OutputGrid
from convert.storage.atomic import whole_folder
from convert.timings import timings_since

from .errors import UserError
from .options import FLAGS, Options, Progress, silent

if TYPE_CHECKING:
    from convert.calibration.activity import RateScales
    from convert.calibration.sample import Sample
    from convert.draft import Draft
    from convert.frontends.keras.cut import Cut
    from convert.frontends.keras.original import KerasOriginal
    from convert.frontends.keras.paths.long_paths import CarriedSums
    from convert.frontends.original import Original


def convert(
    model_path: str | Path,
    data_path: str | Path,
    bundle: str | Path,
    options: Options | None = None,
    *,
    force: bool = False,
    wait: bool = False,
    progress: Progress = silent,
) -> ConversionReport:
    """Converts the model and writes the folder ``bundle``; returns what conversion.json holds.

    Raises ``UserError`` for everything about the model, the data or the folder that the user can put right; nothing is
    written then. A bundle that another command uses is refused, or waited for.
    """
    model_path, data_path, bundle = Path(model_path), Path(data_path), Path(bundle)
    options = options or Options()
    if problems := options.problems():
        raise UserError(problems)
    if force and bundle.exists() and not (bundle / REPORT).is_file():
        raise UserError(f"{bundle} is not a bundle and is kept, --force or not; choose another name")
    with at_work_in(bundle, wait=wait), whole_folder(bundle, force=force, ours=is_part) as folder:
        return _written(folder, model_path, data_path, options, progress)


def _written(folder: Path, model_path: Path, data_path: Path, options: Options, progress: Progress) -> ConversionReport:
    """Everything that the bundle holds, written into ``folder``."""
    begin_s = time.monotonic()
    from convert.calibration.figure import draw
    from convert.calibration.sample import Sample
    from convert.frontends.keras.save import save_model
    from convert.stages import run_stages
    from convert.upstream.tensorflow import fix_threads

    fix_threads()

    models = opened(model_path, options)
    dataset = open_data(
        data_path,
        input_shape=models.cut.shapes[INPUT],
        target_shape=models.output_shape,
        task=None if options.metric is None else task_measured_by(options.metric),
        activation=models.cut.readout.activation,
        grid=models.grid,
    )
    sample = Sample(dataset, models.cut.shapes[INPUT], options)
    metrics: dict[str, Metrics] = {"ann": sample.metrics(models.given.outputs)}
    if models.replaced:
        metrics["max_pooling_replaced"] = sample.metrics(models.cut.original.outputs)
    before = None
    if options.fine_tune_epochs:
        before = _measured(models.cut.original, models.cut, sample, options)
        _fine_tune(models.cut, dataset, before, options, progress)
        metrics["fine_tuned"] = sample.metrics(models.cut.original.outputs)
    draft = run_stages(_lowered(models, sample, options, progress))
    assert draft.rate_network is not None
    metrics["rate"] = sample.metrics(rate_predictor(draft.rate_network))
    report = _report(draft, before, metrics, models, model_path, data_path)
    report = msgspec.structs.replace(report, provenance=_origin(model_path, data_path, options))
    save_model(models.cut.model, folder / MODEL)
    _copy(model_path, folder / f"source{model_path.suffix}")
    draw(report, folder / RATES_PICTURE)
    save_calibration_inputs(sample.calibration, folder / CALIBRATION)
    report = msgspec.structs.replace(report, timings=timings_since(begin_s))
    firing = draft.firing
    return write_bundle(
        folder, draft.network, firing.mean_hz, report, peak_rates_hz=firing.peak_hz, rate_network=draft.rate_network
    )


def _origin(model_path: Path, data_path: Path, options: Options) -> Provenance:
    """The command, and the model and the data by their contents."""
    files = [model_path.name, "--data", data_path.name]
    command = command_line("convert-model", files, options, FLAGS)
    return provenance(command, seed=options.seed, given={"model": model_path, "data": data_path})


@dataclass(frozen=True)
class Models:
    """The model as it was ``given``, and ``cut`` into segments, max pooling ``replaced`` or not; its ``outputs``, and
    where the first one's pixels lie, ``grid``.

    Both have the outputs of ``carried_sums`` carried by pairs of populations; no output depends on it.
    """

    given: KerasOriginal
    cut: Cut
    carried_sums: CarriedSums
    replaced: bool
    outputs: tuple[str, ...]
    grid: OutputGrid | None

    @property
    def output_shape(self) -> tuple[int, ...]:
        return tuple(self.cut.model.outputs[0].shape)[1:]


def opened(path: Path, options: Options) -> Models:
    """The model in ``path``, cut at its ReLUs. Raises ``UserError`` with all of its problems."""
    from convert.frontends.keras.cut import cut_at_relus
    from convert.frontends.keras.load import load
    from convert.frontends.keras.original import KerasOriginal
    from convert.frontends.keras.output_grid import output_grid
    from convert.frontends.keras.passes import POOLING
    from convert.frontends.keras.passes.carry_sums import with_carried_sums
    from convert.frontends.keras.paths.long_paths import sums_to_carry

    loaded = load(path, max_pooling=options.max_pooling is not None, output=options.output)
    given, names, grid = loaded.model, loaded.outputs, output_grid(loaded.model)
    pooled = POOLING[options.max_pooling](given) if options.max_pooling else given
    sums = sums_to_carry(pooled)
    cut = cut_at_relus(with_carried_sums(pooled, sums.layers))
    if options.max_pooling is None:
        return Models(cut.original, cut, sums, False, names, grid)
    return Models(KerasOriginal(with_carried_sums(given, sums.layers), cut.populations), cut, sums, True, names, grid)


def _measured(original: Original, cut: Cut, sample: Sample, options: Options) -> RateScales:
    """What sets the scales on the images for calibration, and the spread on others where there are enough."""
    from convert.calibration.activity import measure_rates

    return measure_rates(
        original,
        cut.segments,
        sample.calibration,
        sample.calibration if sample.held_out is None else sample.held_out,
        percentile=options.percentile,
        rates_hz=options.rates_hz,
        one_scale=options.one_scale,
    )


def _fine_tune(cut: Cut, dataset: Dataset, rates: RateScales, options: Options, progress: Progress) -> None:
    from convert.training.rate_loss import KEEP, RELEARN, RateGoal, batches_per_epoch, fine_tune

    goal = RateGoal(options.percentile, rates.scale_hz, rates.targets_hz)
    total = options.fine_tune_epochs * batches_per_epoch(dataset, cut.readout)
    with progress("fine-tuning", total) as advance:
        fine_tune(
            cut,
            dataset,
            goal,
            epochs=options.fine_tune_epochs,
            pace=RELEARN if options.max_pooling else KEEP,
            seed=options.seed,
            advance=advance,
        )


def _lowered(models: Models, sample: Sample, options: Options, progress: Progress) -> Draft:
    """The network in the original's own units, and what it is to do.

    Where max pooling was replaced and nothing trained since, calibration aims at the model that still has it.
    """
    from convert.draft import Draft, Goal
    from convert.lowering.lower import lower

    cut = models.cut
    with progress("lowering layers", len(cut.segments)) as advance:
        network = lower(cut.segments, cut.shapes, advance)
    require_timesteps(network.with_(timesteps=options.timesteps))
    teacher = cut.original if options.fine_tune_epochs else models.given
    rates = _measured(teacher, cut, sample, options)
    return Draft(network, Goal(cut.original, teacher, rates, sample, options, progress))


def _report(
    draft: Draft,
    before: RateScales | None,
    metrics: dict[str, Metrics],
    models: Models,
    model_path: Path,
    data_path: Path,
) -> ConversionReport:
    network, sample, options = draft.network, draft.goal.sample, draft.goal.options
    return ConversionReport(
        model=model_path.name,
        task=sample.dataset.task,
        class_names=sample.dataset.class_names,
        input_shape=network.input.shape,
        output_grid=models.grid,
        layers=tuple(_layer(draft, name, before) for name in draft.goal.rates.activity if name not in draft.silent),
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
        output=models.outputs[0] if len(models.outputs) > 1 else None,
        fine_tune_epochs=options.fine_tune_epochs,
        spiking_batches=options.spiking_batches,
        steps=options.steps,
        recipe=options.recipe if options.spiking_batches else None,
        spike_penalty=options.spike_penalty,
        seed=options.seed,
        agreement=draft.agreement,
        metrics=metrics,
        metrics_measured_on=f"{len(sample.scored)} images of {data_path.name} (training data)"
        + ("" if sample.dataset.labelled else ", against the inputs themselves"),
        rates_measured_on=sample.described(),
        rate_network_is_original=not (models.replaced or options.fine_tune_epochs or draft.silent),
    )


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


def _copy(path: Path, target: Path) -> None:
    shutil.copytree(path, target) if path.is_dir() else shutil.copy2(path, target)
