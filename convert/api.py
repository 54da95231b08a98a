"""``convert``: a trained Keras model in, a bundle out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from convert.bundle import (
    CALIBRATION,
    DECODER,
    MODEL,
    RATES_PICTURE,
    at_work_in,
    is_part,
    require_free,
    save_calibration_inputs,
    write_bundle,
)
from convert.data.crops import batches_per_epoch
from convert.data.dataset import Dataset
from convert.data.evaluate import rate_predictor
from convert.left_out import require
from convert.network import INPUT, require_steps, require_timesteps
from convert.report import ConversionReport, Metrics
from convert.storage.atomic import whole_folder
from convert.storage.unfinished import unfinished
from convert.timings import timings_since

from .errors import noting, tell
from .given import origin, signature
from .opening import Models, data_for, opened, outline_of, problems_before, require_same_model, task_wanted
from .options import Options, Progress, silent
from .summary import Converted, summary

if TYPE_CHECKING:
    from convert.calibration.activity import RateScales
    from convert.calibration.sample import Sample
    from convert.draft import Draft
    from convert.frontends.keras.cut import Cut
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
    written then. A bundle that another command uses is refused, or waited for. A training through the steps that was
    killed goes on when it is asked for again with the same model, data and options.
    """
    model_path, data_path, bundle = Path(model_path), Path(data_path), Path(bundle)
    options = options or Options()
    problems = problems_before(model_path, [data_path], options)
    with noting(problems):
        require_free(bundle, force=force)
    tell(problems)
    with (
        ExitStack() as until_written,
        at_work_in(bundle, wait=wait),
        whole_folder(bundle, force=force, ours=is_part) as folder,
    ):

        def kept(dataset: Dataset) -> Path | None:
            if options.steps is None:
                return None
            signed = signature(model_path, dataset, options)
            return until_written.enter_context(unfinished(bundle, signed, what="training", wait=wait))

        return _written(folder, model_path, data_path, options, progress, kept)


def _written(
    folder: Path,
    model_path: Path,
    data_path: Path,
    options: Options,
    progress: Progress,
    kept: Callable[[Dataset], Path | None],
) -> ConversionReport:
    """Everything that the bundle holds, written into ``folder``; ``kept`` says where what is unfinished lies."""
    begin_s = time.monotonic()
    from convert.calibration.figure import draw
    from convert.calibration.sample import Sample
    from convert.foreseen import require_room
    from convert.frontends.load import require_reader
    from convert.lowering.lower import deepest
    from convert.upstream.tensorflow import fix_threads

    require_reader(model_path)
    _require_trainer(options)
    fix_threads()
    models = opened(model_path, options)
    require_steps(options.timesteps, deepest(models.cut.segments))
    problems: list[str] = []
    with noting(problems):
        require_same_model(models, options)
    with noting(problems):
        dataset = data_for(models, data_path, task_wanted(options))
    tell(problems)
    sample = Sample(dataset, models.cut.shapes[INPUT], options)
    require_room(outline_of(models.cut), options, sample.wanted)
    found = _converted(models, sample, options, progress, kept(dataset))
    _save_models(models, folder)
    _copy(model_path, folder / f"source{model_path.suffix}")
    report = msgspec.structs.replace(
        summary(found, models, model_path, data_path), provenance=origin(model_path, data_path, options)
    )
    draw(report, folder / RATES_PICTURE)
    save_calibration_inputs(sample.calibration, folder / CALIBRATION)
    report = msgspec.structs.replace(report, timings=timings_since(begin_s))
    draft, firing = found.draft, found.draft.firing
    return write_bundle(
        folder, draft.network, firing.mean_hz, report, peak_rates_hz=firing.peak_hz, rate_network=draft.rate_network
    )


def _require_trainer(options: Options) -> None:
    """Raises ``UserError`` for every package that the training which is asked for needs and that is not installed."""
    if options.fine_tune_epochs:
        require("fine-tuning of the model (--fine-tune)", ("tensorflow", "tf_keras", "keras"))
    if options.spiking_batches and options.steps is None:
        require("fine-tuning through spikes without --steps", ("tensorflow", "tf_keras"))


def _save_models(models: Models, folder: Path) -> None:
    """The model that was cut, if it is one of Keras, and the decoder; an ONNX file lies in the bundle as it was."""
    from convert.frontends.graph import Model
    from convert.frontends.keras.save import save_model

    if not isinstance(models.cut.model, Model):
        save_model(models.cut.model, folder / MODEL)
    if models.decoder is not None:
        save_model(models.decoder.model, folder / DECODER)


def _copy(path: Path, target: Path) -> None:
    from convert.frontends.onnx.reading import is_onnx, save_whole

    if is_onnx(path):
        save_whole(path, target)
        return
    shutil.copytree(path, target) if path.is_dir() else shutil.copy2(path, target)


def _converted(models: Models, sample: Sample, options: Options, progress: Progress, kept: Path | None) -> Converted:
    """Fine-tuned if wanted, lowered and calibrated, with what was measured on the way."""
    from convert.stages import run_stages

    metrics: dict[str, Metrics] = {"ann": sample.metrics(models.decoded(models.given.outputs))}
    if models.replaced:
        metrics["max_pooling_replaced"] = sample.metrics(models.decoded(models.cut.original.outputs))
    before = None
    if options.fine_tune_epochs:
        before = _measured(models.cut.original, models.cut, sample, options)
        _fine_tune(models.cut, sample.dataset, before, options, progress)
        metrics["fine_tuned"] = sample.metrics(models.cut.original.outputs)
    draft = run_stages(_lowered(models, sample, options, progress, kept))
    assert draft.rate_network is not None
    metrics["rate"] = sample.metrics(models.decoded(rate_predictor(draft.rate_network)))
    return Converted(draft, before, metrics)


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
    from convert.training.rate_loss import BATCH, KEEP, RELEARN, RateGoal, fine_tune

    goal = RateGoal(options.percentile, rates.scale_hz, rates.targets_hz)
    total = options.fine_tune_epochs * batches_per_epoch(dataset, BATCH, cut.shapes[INPUT][:2])
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


def _lowered(models: Models, sample: Sample, options: Options, progress: Progress, kept: Path | None) -> Draft:
    """The network in the original's own units, and what it is to do.

    Where max pooling was replaced and nothing trained since, calibration aims at the model that still has it.
    """
    from convert.draft import Draft, Goal
    from convert.lowering.lower import lower
    from convert.network.relays import relay_problems, with_relays

    cut = models.cut
    with progress("lowering layers", len(cut.segments)) as advance:
        network = lower(cut.segments, cut.shapes, advance)
    tell(relay_problems(network, options.relayed))
    require_timesteps(with_relays(network, options.relayed).with_(timesteps=options.timesteps))
    teacher = cut.original if options.fine_tune_epochs else models.given
    rates = _measured(teacher, cut, sample, options)
    decoded = models.decoder is not None
    return Draft(network, Goal(cut.original, teacher, rates, sample, options, progress, kept, decoded))
