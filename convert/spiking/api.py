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
from convert.frontends.nir.assumed import Assumed
from convert.network import require_runnable, require_timesteps
from convert.provenance import Provenance, command_line, provenance
from convert.report import ConversionReport
from convert.storage.atomic import whole_folder
from convert.timings import timings_since

from .compared import NOT_COMPARED, comparison
from .exported import AS_IT_WAS, SET_ASIDE, as_it_was, network_as_it_was
from .measured import GUESSED_SHARE, guessed_rates, measured
from .options import STEPS, NirOptions
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
        return write_bundle(folder, found.network, rates.mean_hz, report, peak_rates_hz=rates.peak_hz or None)


def read_nir(model_path: Path, data_path: Path | None, options: NirOptions) -> Spiking:
    """The network in the file, compared and measured as far as there is something to do that with."""
    from convert.frontends.nir.network import network_of
    from convert.frontends.nir.own import Foreign, Own, is_own, own_network
    from convert.frontends.nir.reading import read_graph
    from convert.frontends.nir.reference import read_reference

    if problems := options.problems():
        raise UserError(problems)
    if not model_path.is_file():
        raise UserError(f"{model_path}: no such file")
    graph = read_graph(model_path)
    own = own_network(graph) if options.assumed == Assumed() else Foreign(SET_ASIDE if is_own(graph) else "")
    unmeasured = data_path is None and options.reference is None
    if isinstance(own, Own) and (own.takes_images or unmeasured):
        return as_it_was(own, data_path, options)
    assumed: tuple[str, ...]
    if isinstance(own, Own):
        network, assumed, report = network_as_it_was(own, options), (AS_IT_WAS,), own.report
    else:
        made = network_of(graph, options.assumed, STEPS if options.timesteps is None else options.timesteps)
        network, report = made.network, None
        assumed = (*([own.because] if own.because else []), *made.assumed)
    require_runnable(network)
    require_timesteps(network)
    compared = NOT_COMPARED
    if options.reference is not None:
        compared = comparison(network, read_reference(Path(options.reference), network))
    if data_path is None:
        guessed = f"neurons are taken to fire in {GUESSED_SHARE:.0%} of the steps: measured with --data"
        return Spiking(network, (*assumed, compared, guessed), guessed_rates(network), {}, None, 0, report)
    binning = Binning(network.dt_s, network.timesteps)
    data = open_events(data_path, network.input.shape, binning, network.readouts[0].output_shape[-1])
    rates, metrics, count = measured(network, data, options.calibration_images)
    return Spiking(network, (*assumed, compared, str(data)), rates, metrics, data, count, report)


def _origin(model_path: Path, data_path: Path | None, options: NirOptions) -> Provenance:
    """The command, and the files by their contents."""
    given = {"model": model_path} | ({} if data_path is None else {"data": data_path})
    if options.reference is not None:
        given["reference"] = Path(options.reference)
    files = [model_path.name, *([] if data_path is None else ["--data", data_path.name])]
    if options.reference is not None:
        files += ["--reference", Path(options.reference).name]
    return provenance(command_line("convert-model", files, options, {"reference": None}), given=given)
