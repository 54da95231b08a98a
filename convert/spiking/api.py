"""``convert_nir``: a .nir file in, a bundle out."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import msgspec

from convert.bundle import at_work_in, is_part, write_bundle
from convert.data.events.binning import Binning
from convert.data.events.opening import open_events
from convert.errors import UserError
from convert.network import require_runnable, require_timesteps
from convert.provenance import Provenance, command_line, provenance
from convert.report import ConversionReport
from convert.storage.atomic import whole_folder
from convert.timings import timings_since

from .compared import NOT_COMPARED, comparison
from .measured import GUESSED_SHARE, guessed_rates, measured
from .options import NirOptions
from .report import Spiking, report_of


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
            report_of(found, model_path),
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
        compared = comparison(network, read_reference(Path(options.reference), network))
    if data_path is None:
        guessed = f"neurons are taken to fire in {GUESSED_SHARE:.0%} of the steps: measured with --data"
        return Spiking(network, (*made.assumed, compared, guessed), guessed_rates(network), {}, None, 0)
    binning = Binning(network.dt_s, network.timesteps)
    data = open_events(data_path, network.input.shape, binning, network.readouts[0].output_shape[-1])
    rates, metrics, count = measured(network, data, options.calibration_images)
    return Spiking(network, (*made.assumed, compared, str(data)), rates, metrics, data, count)


def _origin(model_path: Path, data_path: Path | None, options: NirOptions) -> Provenance:
    """The command, and the files by their contents."""
    given = {"model": model_path} | ({} if data_path is None else {"data": data_path})
    if options.reference is not None:
        given["reference"] = Path(options.reference)
    files = [model_path.name, *([] if data_path is None else ["--data", data_path.name])]
    if options.reference is not None:
        files += ["--reference", Path(options.reference).name]
    return provenance(command_line("convert-model", files, options, {"reference": None}), given=given)
