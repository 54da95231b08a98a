"""``convert``: a trained Keras model in, a bundle out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .atomic import whole_folder, write_json
from .bundle import MODEL, NETWORK, RATES, RATES_PICTURE, REPORT, save_network, save_rates
from .data import Dataset, open_data
from .errors import UserError
from .evaluate import Predictor, activate, crops_of, keras_predictor, predict, score
from .network import INPUT, ConvertedNetwork, Shape, require_timesteps

if TYPE_CHECKING:
    from .calibrate import Calibration
    from .rates import Rates
    from .spiking_training import Teacher

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
HELD_OUT = 8
"""At least so many inputs that set no scale are wanted to tell how rates lie; else those that set the scales do."""


@dataclass(frozen=True)
class Options:
    """How to convert; the defaults suit a network that was trained without the chip in mind.

    ``rates_hz`` are the rates at the ``percentile`` of the last and of the first layer on the chip.
    """

    fine_tune_epochs: int = 0
    spiking_batches: int = 0
    percentile: float = 99.9
    rates_hz: tuple[float, float] = (400.0, 600.0)
    max_pooling: str | None = None
    timesteps: int = 128
    synapse_s: float = 0.0
    vmin: float = -2.0
    calibration_images: int = 64
    metric_images: int = 256
    seed: int = 0


def silent(description: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda steps: None)


def convert(
    model_path: str | Path,
    data_path: str | Path,
    bundle: str | Path,
    options: Options | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Converts the model and writes the folder ``bundle``; returns what conversion.json holds.

    Raises ``UserError`` for everything about the model, the data or the folder that the user can put right; nothing is
    written then.
    """
    from .graph import cut_at_relus
    from .load import load_model
    from .pooling import replace_max_pooling
    from .rates_picture import draw

    options = options or Options()
    model_path, bundle = Path(model_path), Path(bundle)
    if force and bundle.exists() and not (bundle / REPORT).is_file():
        raise UserError(f"{bundle} is not a bundle and is kept, --force or not; choose another name")
    with whole_folder(bundle, force=force) as folder:
        source = load_model(model_path, max_pooling=options.max_pooling is not None)
        model = source if options.max_pooling is None else replace_max_pooling(source, options.max_pooling)
        cut = cut_at_relus(model)
        dataset = open_data(data_path, input_shape=cut.shapes[INPUT], target_shape=tuple(model.outputs[0].shape)[1:])
        measured = _Measured(dataset, cut.shapes[INPUT], options)
        metrics = {"ann": measured.metrics(keras_predictor(source))}
        if model is not source:
            metrics["max_pooling_replaced"] = measured.metrics(keras_predictor(model))
        before = None
        if options.fine_tune_epochs:
            before = _rates(cut, measured, options)
            _fine_tune(model, cut, dataset, before, options, progress)
            metrics["fine_tuned"] = measured.metrics(keras_predictor(model))
        followed = source if model is not source and not options.fine_tune_epochs else None
        made = _network(cut, measured, before, followed, options, progress)
        network = made.network
        metrics["rate"] = measured.metrics(_rate_predictor(made.rate_network))
        report = {
            "model": model_path.name,
            "task": dataset.task,
            "class_names": list(dataset.class_names),
            "input_shape": network.input_shape,
            "layers": made.layers,
            "left_out_silent": made.silent,
            "dt_s": network.dt_s,
            "timesteps": network.timesteps,
            "synapse_s": network.synapse_s,
            "percentile": options.percentile,
            "rates_hz": options.rates_hz,
            "max_pooling": options.max_pooling,
            "fine_tune_epochs": options.fine_tune_epochs,
            "spiking_batches": options.spiking_batches,
            "seed": options.seed,
            "agreement": made.agreement,
            "metrics": metrics,
            "metrics_measured_on": f"{len(measured.scored)} images of {Path(data_path).name} (training data)",
            "rates_measured_on": measured.described(),
        }
        save_network(network, folder / NETWORK)
        save_rates(made.rates_hz, folder / RATES)
        model.save(folder / MODEL)
        _copy(model_path, folder / f"source{model_path.suffix}")
        write_json(folder / REPORT, report)
        draw(report, folder / RATES_PICTURE)
    return report


class _Measured:
    """The images that are looked at: for metrics, for percentiles and for gains, always the same for a seed."""

    def __init__(self, dataset: Dataset, shape: Shape, options: Options) -> None:
        if len(dataset) == 0:
            raise UserError("the data holds no images; at least one is needed to measure firing rates")
        self.dataset = dataset.shuffled(options.seed)
        self.shape = shape
        self.options = options
        count = options.metric_images if dataset.task == "classification" else max(1, options.metric_images // 64)
        self.scored = list(range(min(count, len(dataset))))

    def metrics(self, predictor: Predictor) -> dict[str, float]:
        outputs = list(predict(predictor, self.dataset, self.scored, self.shape))
        return score(self.dataset, outputs, self.scored)

    @cached_property
    def calibration(self) -> NDArray[np.float32]:
        """The inputs that set the scales, weights and gains."""
        return np.stack([values for _, values in islice(self._inputs(), self.options.calibration_images)])

    @cached_property
    def held_out(self) -> NDArray[np.float32] | None:
        """As many inputs that are not among ``calibration``, or what there is of them; None below ``HELD_OUT``."""
        inputs, wanted = self._inputs(), self.options.calibration_images
        used = {place for place, _ in islice(inputs, wanted)}
        found: dict[tuple[int, int], NDArray[np.float32]] = {}
        for place, values in islice(inputs, 2 * wanted):
            if len(found) == wanted:
                break
            if place not in used:
                found[place] = values
        return np.stack(list(found.values())) if len(found) >= min(HELD_OUT, wanted) else None

    def described(self) -> dict[str, Any]:
        """On which inputs the spread of rates is measured, for conversion.json."""
        whole = self.dataset.image(0).shape[:2] == self.shape[:2]
        return {
            "count": len(self.calibration if self.held_out is None else self.held_out),
            "of": "images" if whole else "crops",
            "held_out_from_calibration": self.held_out is not None,
        }

    def _inputs(self) -> Iterator[tuple[tuple[int, int], NDArray[np.float32]]]:
        """Inputs of the model's shape with their image and crop: every image once, or a random crop of each in turn,
        without end."""
        rng = np.random.default_rng(self.options.seed)
        for k in count() if self.dataset.task == "segmentation" else range(len(self.dataset)):
            image = k % len(self.dataset)
            crops = crops_of(self.dataset, image, self.shape).inputs
            crop = int(rng.integers(len(crops)))
            yield (image, crop), crops[crop]


def _rates(cut: Any, measured: _Measured, options: Options) -> Rates:
    from .rates import measure_rates

    others = measured.calibration if measured.held_out is None else measured.held_out
    return measure_rates(cut, measured.calibration, others, percentile=options.percentile, rates_hz=options.rates_hz)


def _fine_tune(model: Any, cut: Any, dataset: Dataset, rates: Rates, options: Options, progress: Progress) -> None:
    from .regularize import KEEP, RELEARN, batches_per_epoch, fine_tune

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


@dataclass(frozen=True)
class _Made:
    """The network as rates and, with gains against the hard reset, as spikes; and what conversion.json says of it."""

    rate_network: ConvertedNetwork
    network: ConvertedNetwork
    layers: list[dict[str, Any]]
    silent: list[str]
    rates_hz: dict[str, NDArray[np.float32]]
    agreement: dict[str, float]


def _network(
    cut: Any, measured: _Measured, before: Rates | None, followed: Any, options: Options, progress: Progress
) -> _Made:
    """Lowers, scales by percentile, compares with Keras and calibrates the spiking network.

    ``before`` is what the rates were before fine-tuning, if there was any; ``followed``, if not None, is the Keras
    model whose activations calibration aims at instead of those of ``cut``: the one with its max pooling.
    """
    from .calibrate import calibrate_spiking
    from .late_biases import with_late_biases
    from .lower import lower, with_scales, without_silent
    from .nengodl import agreement
    from .rates import percentiles_hz
    from .spiking import few_enough

    inputs = measured.calibration
    with progress("lowering layers", len(cut.segments)) as advance:
        unit = lower(cut, advance)
    require_timesteps(unit.with_(timesteps=options.timesteps))
    names = [p.name for p in unit.populations]
    aimed = cut if followed is None else replace(cut, activities=_at_relus(followed, names, "output"))
    now = _rates(aimed, measured, options)
    unit = without_silent(unit, {name for name, a in now.activity.items() if not a.mean.any()})
    silent = sorted(set(now.activity) - {p.name for p in unit.populations})
    scale = {p.name: now.scale_hz[p.name] for p in unit.populations}
    rate_network = with_scales(unit, scale)
    logits = _logits(cut)
    found = agreement(rate_network, inputs[:2], logits(inputs[:2]))
    if not found.holds:
        raise RuntimeError(f"the rate network is {found.max_abs_error:g} off Keras, more than {found.tolerance:g}")
    populations = tuple(replace(p, vmin=options.vmin if p.on_chip else 0.0) for p in rate_network.populations)
    network = replace(rate_network, populations=populations, timesteps=options.timesteps, synapse_s=options.synapse_s)
    with progress("calibrating", len(network.populations)) as advance:
        few = few_enough(network, inputs)
        wanted_hz = None if followed is None else _drives_hz(followed, names, few, now.scale_hz)
        calibration = calibrate_spiking(network, few, advance, wanted_hz=wanted_hz)
    if options.spiking_batches:
        calibration = _train_spiking(calibration, measured, lambda images: logits(images)[0], options, progress)
    layers = [
        {
            "name": p.name,
            "kind": p.kind,
            "shape": p.shape,
            "neurons": p.neurons,
            "on_chip": p.on_chip,
            "scale_hz": p.scale_hz,
            "percentile_rate_hz": now.activity[p.name].percentile * scale[p.name],
            "mean_rate_hz": float(now.activity[p.name].mean.mean()) * scale[p.name],
            "rates_hz_percentiles": percentiles_hz(p.name, before, now),
            "share_in_range": now.spread[p.name].share_in_range,
            "gain": _range(calibration.gains.get(p.name)),
            "arrival_step": calibration.arrival.get(p.name, 0),
        }
        for p in network.populations
    ]
    network = with_late_biases(calibration.network, calibration.arrival)
    rates = {name: np.asarray(now.activity[name].mean * hz, np.float32) for name, hz in scale.items()}
    for clock in (p for p in network.populations if p.name not in rates):
        driven = 1 - clock.start_step / options.timesteps
        rates[clock.name] = np.asarray(clock.bias_hz * driven, np.float32)
    agreed = {"max_abs_error": found.max_abs_error, "tolerance": found.tolerance}
    return _Made(rate_network, network, layers, silent, rates, agreed)


def _range(gain: NDArray[np.float64] | None) -> list[float]:
    """The smallest and the largest gain of a population; 1 for one without."""
    return [1.0, 1.0] if gain is None else [float(gain.min()), float(gain.max())]


def _logits(cut: Any) -> Callable[[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Images -> the readouts before their activation, by Keras."""
    from .compat import load_tf_keras

    model = load_tf_keras().Model(cut.activities.inputs, [s.drive for s in cut.segments if s.is_readout])

    def logits(images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        outputs = model(images, training=False)
        return [np.asarray(o) for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]

    return logits


def _at_relus(model: Any, names: Sequence[str], end: str) -> Any:
    """A Keras model with the 'input' or the 'output' of each of ``model``'s ReLU layers."""
    from .compat import load_tf_keras

    return load_tf_keras().Model(model.inputs, [getattr(model.get_layer(name), end) for name in names])


def _drives_hz(
    model: Any, names: Sequence[str], images: NDArray[np.float32], scale_hz: Mapping[str, float]
) -> dict[str, NDArray[np.float32]]:
    """What ``model``'s ReLU layers ``names`` get on ``images``, at the scale of their populations."""
    drives = _at_relus(model, names, "input").predict(images, batch_size=8, verbose=0)
    return {name: drive * np.float32(scale_hz[name]) for name, drive in zip(names, drives, strict=True)}


def _train_spiking(
    calibration: Calibration, measured: _Measured, teacher: Teacher, options: Options, progress: Progress
) -> Calibration:
    """Trains the calibrated network through its spikes on ``options.spiking_batches`` batches."""
    from .crops import training_batches
    from .spiking import few_enough
    from .spiking_training import BATCH, train_spiking

    def batches() -> Iterator[NDArray[np.float32]]:
        for epoch in count():
            for images, _ in training_batches(measured.dataset, BATCH, measured.shape[:2], options.seed + epoch):
                yield few_enough(calibration.network, images.astype(np.float32))

    with progress("fine-tuning through spikes", options.spiking_batches) as advance:
        network = train_spiking(calibration.network, calibration.arrival,
                                islice(batches(), options.spiking_batches), teacher,
                                count=options.spiking_batches, advance=advance)
    return replace(calibration, network=network)


def _rate_predictor(network: ConvertedNetwork) -> Predictor:
    """The first readout of the network with rates instead of spikes."""
    from .nengodl import keras_form

    model, readout = keras_form(network), network.readouts[0]

    def predictor(images: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs = model(images, training=False)
        values = np.asarray(outputs[0] if isinstance(outputs, (list, tuple)) else outputs)
        shape = readout.shape if readout.shape[:2] != (1, 1) else readout.shape[2:]
        return activate(values, readout.activation).reshape(len(images), *shape)

    return predictor


def _copy(path: Path, target: Path) -> None:
    shutil.copytree(path, target) if path.is_dir() else shutil.copy2(path, target)

