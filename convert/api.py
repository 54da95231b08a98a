"""``convert``: a trained Keras model in, a bundle out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convert.bundle import RATES_PICTURE, REPORT, write_bundle
from convert.calibration.sample import Sample
from convert.data.dataset import Dataset, open_data
from convert.data.evaluate import Predictor, activate, keras_predictor
from convert.network import INPUT, Network
from convert.report import ConversionReport, Metrics
from convert.storage.atomic import whole_folder

from .errors import UserError
from .options import Options, Progress, silent
from .pipeline import make_network, rates_of

if TYPE_CHECKING:
    from convert.calibration.activity import Rates


def convert(
    model_path: str | Path,
    data_path: str | Path,
    bundle: str | Path,
    options: Options | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> ConversionReport:
    """Converts the model and writes the folder ``bundle``; returns what conversion.json holds.

    Raises ``UserError`` for everything about the model, the data or the folder that the user can put right; nothing is
    written then.
    """
    from convert.calibration.figure import draw
    from convert.frontends.keras.cut import cut_at_relus
    from convert.frontends.keras.load import load_model
    from convert.frontends.keras.passes.max_pooling import replace_max_pooling

    options = options or Options()
    model_path, bundle = Path(model_path), Path(bundle)
    if force and bundle.exists() and not (bundle / REPORT).is_file():
        raise UserError(f"{bundle} is not a bundle and is kept, --force or not; choose another name")
    with whole_folder(bundle, force=force) as folder:
        source = load_model(model_path, max_pooling=options.max_pooling is not None)
        model = source if options.max_pooling is None else replace_max_pooling(source, options.max_pooling)
        cut = cut_at_relus(model)
        dataset = open_data(data_path, input_shape=cut.shapes[INPUT], target_shape=tuple(model.outputs[0].shape)[1:])
        sample = Sample(dataset, cut.shapes[INPUT], options)
        metrics: dict[str, Metrics] = {"ann": sample.metrics(keras_predictor(source))}
        if model is not source:
            metrics["max_pooling_replaced"] = sample.metrics(keras_predictor(model))
        before = None
        if options.fine_tune_epochs:
            before = rates_of(cut, sample, options)
            _fine_tune(model, cut, dataset, before, options, progress)
            metrics["fine_tuned"] = sample.metrics(keras_predictor(model))
        followed = source if model is not source and not options.fine_tune_epochs else None
        made = make_network(cut, sample, before, followed, options, progress)
        network = made.network
        metrics["rate"] = sample.metrics(_rate_predictor(made.rate_network))
        report = ConversionReport(
            model=model_path.name,
            task=dataset.task,
            class_names=dataset.class_names,
            input_shape=network.input.shape,
            layers=made.layers,
            left_out_silent=tuple(made.silent),
            dt_s=network.dt_s,
            timesteps=network.timesteps,
            synapse_s=options.synapse_s,
            percentile=options.percentile,
            rates_hz=options.rates_hz,
            one_scale=options.one_scale,
            max_pooling=options.max_pooling,
            fine_tune_epochs=options.fine_tune_epochs,
            spiking_batches=options.spiking_batches,
            seed=options.seed,
            agreement=made.agreement,
            metrics=metrics,
            metrics_measured_on=f"{len(sample.scored)} images of {Path(data_path).name} (training data)",
            rates_measured_on=sample.described(),
            rate_network_is_original=model is source and not options.fine_tune_epochs,
        )
        write_bundle(
            folder,
            network,
            made.rates_hz,
            report,
            peak_rates_hz=made.peak_rates_hz,
            rate_network=made.rate_network,
        )
        _copy(model_path, folder / f"source{model_path.suffix}")
        draw(report, folder / RATES_PICTURE)
    return report


def _fine_tune(model: Any, cut: Any, dataset: Dataset, rates: Rates, options: Options, progress: Progress) -> None:
    from convert.training.rate_loss import KEEP, RELEARN, batches_per_epoch, fine_tune

    readout = next(s for s in cut.segments if s.is_readout)
    total = options.fine_tune_epochs * batches_per_epoch(dataset, readout)
    with progress("fine-tuning", total) as advance:
        fine_tune(
            model,
            cut,
            dataset,
            epochs=options.fine_tune_epochs,
            scale_hz=rates.scale_hz,
            percentile=options.percentile,
            targets_hz=rates.targets_hz,
            pace=RELEARN if options.max_pooling else KEEP,
            seed=options.seed,
            advance=advance,
        )


def _rate_predictor(network: Network) -> Predictor:
    """The first readout of the network with rates instead of spikes."""
    from convert.lowering.agreement import keras_form

    model, readout = keras_form(network), network.readouts[0]

    def predictor(images: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs = model(images, training=False)
        values = np.asarray(outputs[0] if isinstance(outputs, (list, tuple)) else outputs)
        shape = readout.shape if readout.shape[:2] != (1, 1) else readout.shape[2:]
        return activate(values, readout.activation).reshape(len(images), *shape)

    return predictor


def _copy(path: Path, target: Path) -> None:
    shutil.copytree(path, target) if path.is_dir() else shutil.copy2(path, target)
