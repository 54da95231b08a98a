"""``convert_nir``: a .nir file in, a bundle out."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from convert.bundle import DECODER, at_work_in, is_part, require_free, write_bundle
from convert.data.events.binning import Binning
from convert.data.events.opening import open_events, require_recordings
from convert.errors import noting, tell
from convert.frontends.nir.assumed import Assumed
from convert.network import Network, require_runnable, require_timesteps
from convert.provenance import Provenance, command_line, provenance
from convert.report import ConversionReport
from convert.storage.atomic import whole_folder
from convert.timings import timings_since

from .compared import NOT_COMPARED, comparison
from .exported import AS_IT_WAS, SET_ASIDE, as_it_was, network_as_it_was
from .measured import GUESSED_SHARE, guessed_rates, measured
from .options import STEPS, NirOptions
from .report import Spiking, report_of

if TYPE_CHECKING:
    from convert.frontends.keras.decoder import Decoder
    from convert.frontends.nir.own import Foreign, Own
    from convert.frontends.nir.reading import Graph

Taken = tuple[Network, tuple[str, ...], ConversionReport | None]
"""A network, in words what was assumed, and what was said of it where it was exported from."""


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
    problems = _problems_before(model_path, data_path, options)
    with noting(problems):
        require_free(bundle, force=force)
    tell(problems)
    found = read_nir(model_path, data_path, options)
    if found.decoder is not None:
        from convert.frontends.keras.save import save_model
    with at_work_in(bundle, wait=wait), whole_folder(bundle, force=force, ours=is_part) as folder:
        shutil.copy2(model_path, folder / f"source{model_path.suffix.lower()}")
        if found.decoder is not None:
            save_model(found.decoder.model, folder / DECODER)
        report = msgspec.structs.replace(
            report_of(found, model_path),
            provenance=_origin(model_path, data_path, options),
            timings=timings_since(begin_s),
        )
        rates = found.rates
        return write_bundle(folder, found.network, rates.mean_hz, report, peak_rates_hz=rates.peak_hz or None)


def read_nir(model_path: Path, data_path: Path | None, options: NirOptions) -> Spiking:
    """The network in the file, compared and measured as far as there is something to do that with."""
    from convert.frontends.nir.own import Foreign, Own, is_own, own_network
    from convert.frontends.nir.reading import read_graph
    from convert.frontends.nir.reference import read_reference

    tell(_problems_before(model_path, data_path, options))
    graph = read_graph(model_path)
    own = own_network(graph) if options.assumed == Assumed() else Foreign(SET_ASIDE if is_own(graph) else "")
    unmeasured = data_path is None and options.reference is None
    if isinstance(own, Own) and (own.takes_images or unmeasured):
        found = as_it_was(own, data_path, options)
        return replace(found, decoder=_decoder(found.network, options))
    network, assumed, report = _network(graph, own, options)
    compared = NOT_COMPARED
    if options.reference is not None:
        compared = comparison(network, read_reference(Path(options.reference), network))
    decoder = _decoder(network, options)
    if data_path is None:
        guessed = f"neurons are taken to fire in {GUESSED_SHARE:.0%} of the steps: measured with --data"
        return Spiking(network, (*assumed, compared, guessed), guessed_rates(network), {}, None, 0, report, decoder)
    binning = Binning(network.dt_s, network.timesteps)
    output_shape = network.readouts[0].output_shape if decoder is None else decoder.output_shape
    data = open_events(data_path, network.input.shape, binning, output_shape[-1], output_shape)
    rates, metrics, count = measured(network, data, options.calibration_images, decoder)
    return Spiking(network, (*assumed, compared, str(data)), rates, metrics, data, count, report, decoder)


def _problems_before(model: Path, data: Path | None, options: NirOptions) -> list[str]:
    """What is wrong with what a conversion is given, as far as it shows before anything is opened."""
    problems = options.problems()
    if not model.is_file():
        problems.append(f"{model}: no such file; give the path of a .nir file")
    if options.reference is not None and not Path(options.reference).is_file():
        problems.append(f"{options.reference}: no such file; give another simulator's input and spikes, .npz or .csv")
    if options.decoder is not None:
        from convert.frontends.load import require_there

        with noting(problems):
            require_there(Path(options.decoder))
    if data is not None:
        with noting(problems):
            require_recordings(data)
    return problems


def _decoder(network: Network, options: NirOptions) -> Decoder | None:
    """What the host is to compute after ``network``."""
    if options.decoder is None:
        return None
    from convert.frontends.keras.decoder import read_decoder, require_fitting

    decoder = read_decoder(Path(options.decoder), options.decoder_takes)
    require_fitting(decoder, network.readouts[0].output_shape)
    return decoder


def _network(graph: Graph, own: Own | Foreign, options: NirOptions) -> Taken:
    """The network as it was exported, or that of the nodes."""
    from convert.frontends.nir.network import network_of
    from convert.frontends.nir.own import Foreign

    if not isinstance(own, Foreign):
        return network_as_it_was(own, options), (AS_IT_WAS,), own.report
    made = network_of(graph, options.assumed, STEPS if options.timesteps is None else options.timesteps)
    require_runnable(made.network)
    require_timesteps(made.network)
    return made.network, (*([own.because] if own.because else []), *made.assumed), None


def _origin(model_path: Path, data_path: Path | None, options: NirOptions) -> Provenance:
    """The command, and the files by their contents."""
    given = {"model": model_path} | ({} if data_path is None else {"data": data_path})
    if options.reference is not None:
        given["reference"] = Path(options.reference)
    files = [model_path.name, *([] if data_path is None else ["--data", data_path.name])]
    if options.reference is not None:
        files += ["--reference", Path(options.reference).name]
    if options.decoder is not None:
        given["decoder"] = Path(options.decoder)
        files += ["--decoder", Path(options.decoder).name]
    flags = {"reference": None, "decoder": None}
    return provenance(command_line("convert-model", files, options, flags), given=given)
