"""``train``: an architecture and recordings in, a bundle out; the network learns through the chip's own steps."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import msgspec

from convert.bundle import at_work_in, is_part, require_free, write_bundle
from convert.data.dataset import Dataset
from convert.data.evaluate import targets
from convert.data.events.binning import Binning
from convert.data.events.opening import open_events, require_recordings
from convert.errors import UserError, noting, tell
from convert.network import Network, Neuron
from convert.options import Progress, silent
from convert.provenance import Provenance, command_line, provenance
from convert.report import ConversionReport
from convert.storage.atomic import whole_folder
from convert.storage.unfinished import unfinished
from convert.timings import timings_since

from .architecture import spiking_architecture
from .report import report_of_training
from .train_options import FLAGS, TrainOptions


def train(
    model_path: str | Path,
    data_path: str | Path,
    bundle: str | Path,
    options: TrainOptions | None = None,
    *,
    held_out: str | Path | None = None,
    force: bool = False,
    wait: bool = False,
    progress: Progress = silent,
) -> ConversionReport:
    """Trains the architecture in ``model_path`` on recordings and writes the folder ``bundle``; returns what
    conversion.json holds.

    Accuracy is measured on the recordings ``held_out``, which nothing is trained on, or else on those that are. Raises
    ``UserError``; nothing is written then. A training that was killed goes on when it is asked for again with the same
    model, data and options.
    """
    begin_s = time.monotonic()
    model_path, data_path, bundle, options = Path(model_path), Path(data_path), Path(bundle), options or TrainOptions()
    held_out = None if held_out is None else Path(held_out)
    tell(_problems_before(model_path, [data_path, *([] if held_out is None else [held_out])], bundle, options, force))
    from convert.upstream.tensorflow import fix_threads

    from .training import firing_of, metrics_of, trained

    fix_threads()
    with (
        ExitStack() as until_written,
        at_work_in(bundle, wait=wait),
        whole_folder(bundle, force=force, ours=is_part) as folder,
    ):
        network = _architecture(model_path, options)
        problems: list[str] = []
        with noting(problems):
            measured = data = _recordings(network, data_path, options)
        if held_out is not None:
            with noting(problems):
                measured = _recordings(network, held_out, options)
        tell(problems)
        signed = _signature(model_path, data, options)
        kept = until_written.enter_context(unfinished(bundle, signed, what="training", wait=wait))
        wave = trained(network, data, options, kept, progress)
        network, rates = wave.delivered(), firing_of(wave, data)
        report = msgspec.structs.replace(
            report_of_training(network, rates, options, measured, model_path),
            metrics={"spiking": metrics_of(wave, measured, progress)},
            provenance=_origin(model_path, data_path, held_out, options),
            timings=timings_since(begin_s),
        )
        shutil.copy2(model_path, folder / f"source{model_path.suffix.lower()}")
        return write_bundle(folder, network, rates.mean_hz, report, peak_rates_hz=rates.peak_hz)


def _problems_before(model: Path, data: Sequence[Path], bundle: Path, options: TrainOptions, force: bool) -> list[str]:
    """What is wrong with what a training is given, as far as it shows before anything is opened."""
    problems = options.problems()
    if not model.is_file():
        problems.append(f"{model}: no such file; give the architecture as a .keras, .h5 or .onnx file")
    for path in data:
        with noting(problems):
            require_recordings(path)
    with noting(problems):
        require_free(bundle, force=force)
    return problems


def _architecture(path: Path, options: TrainOptions) -> Network:
    """Raises ``UserError`` for a model that tells no classes apart, beside what ``spiking_architecture`` refuses."""
    network = spiking_architecture(path, Neuron(floor=options.vmin, leak=options.leak), options.steps)
    shape = network.readouts[0].output_shape
    if len(shape) > 1 or shape[0] < 2:
        raise UserError(
            f"{path.name} gives {' x '.join(map(str, shape))} numbers, and what is trained from labels alone tells "
            "classes apart; end the model with a Dense layer of one number for each class"
        )
    return network


def _recordings(network: Network, path: Path, options: TrainOptions) -> Dataset:
    binning = Binning(options.event_dt_s or network.dt_s, options.steps, options.event_start_s)
    found = open_events(path, network.input.shape, binning, network.readouts[0].output_shape[-1]).dataset
    if found.task != "classification":
        raise UserError(
            f"{path.name} is labelled with numbers, and what is trained from labels alone tells classes apart; give a "
            "class for each recording (make-events --label class)"
        )
    return found


def _signature(model_path: Path, data: Dataset, options: TrainOptions) -> str:
    """What a training depends on: the model's bytes, the recordings and labels themselves, and the options."""
    digest = hashlib.sha256(repr(sorted(asdict(options).items())).encode())
    digest.update(model_path.read_bytes())
    digest.update(data.digest(targets(data)).encode())
    return digest.hexdigest()


def _origin(model_path: Path, data_path: Path, held_out: Path | None, options: TrainOptions) -> Provenance:
    """The command, and the files by their contents."""
    given, files = {"model": model_path, "data": data_path}, [model_path.name, "--data", data_path.name]
    if held_out is not None:
        given["held_out"] = held_out
        files += ["--held-out", held_out.name]
    return provenance(command_line("train-model", files, options, FLAGS), seed=options.seed, given=given)
