"""The bundle: one folder with all that a converted network needs, readable without Keras."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from .errors import UserError
from .network import Network, require_runnable
from .network.archive.file import load_network as read_network
from .network.archive.file import save_network
from .provenance import digests, provenance
from .report import ConversionReport
from .storage.archives import arrays_in
from .storage.atomic import keep, whole_folder
from .storage.damage import DAMAGED, too_little_memory
from .storage.locks import POLL_S, locked
from .storage.recovery import being_replaced, left_behind, recover
from .storage.reports import read_report, write_report

NETWORK, RATE_NETWORK = "network.npz", "rate_network.npz"
MODEL, DECODER = "model.keras", "decoder.keras"
RATES, PEAK_RATES = "rates.npz", "rates_p95.npz"
CALIBRATION = "calibration.npz"
REPORT, RATES_PICTURE = "conversion.json", "rates.svg"
PARTITION, PARTITION_PICTURE = "partition.json", "partition.svg"

RUNS = "runs"

CALIBRATION_BYTES = 2**24
"""Of the calibration inputs a bundle keeps the first that fit: enough to quantize a model on."""

WRITTEN_LATER = (REPORT, PARTITION, PARTITION_PICTURE, RUNS)
"""What conversion.json does not answer for."""

Rates = Mapping[str, NDArray[np.float32]]
"""A rate in Hz of every neuron by population, each of the population's shape."""


def save_bundle(
    bundle: str | Path,
    network: Network,
    rates_hz: Rates,
    report: ConversionReport,
    *,
    peak_rates_hz: Rates | None = None,
    rate_network: Network | None = None,
    force: bool = False,
) -> None:
    """Writes the folder ``bundle``, whole or not at all; ``partition-model`` and ``deploy-model`` take it from there.

    ``rates_hz`` are mean rates, ``peak_rates_hz`` their 95th percentiles over images; ``rate_network`` is the same
    network before its weights were fitted to spikes. Nothing here comes from Keras. Raises ``UserError``.
    """
    with whole_folder(Path(bundle), force=force, ours=is_part) as folder:
        write_bundle(folder, network, rates_hz, report, peak_rates_hz=peak_rates_hz, rate_network=rate_network)


def write_bundle(
    folder: Path,
    network: Network,
    rates_hz: Rates,
    report: ConversionReport,
    *,
    peak_rates_hz: Rates | None = None,
    rate_network: Network | None = None,
) -> ConversionReport:
    """The files of ``save_bundle`` in a ``folder`` that is there; returns what conversion.json holds."""
    save_network(network, folder / NETWORK)
    if rate_network is not None:
        save_network(rate_network, folder / RATE_NETWORK)
    save_rates(rates_hz, folder / RATES)
    if peak_rates_hz is not None:
        save_rates(peak_rates_hz, folder / PEAK_RATES)
    sealed = _sealed(folder, report)
    write_report(folder / REPORT, sealed)
    return sealed


def _sealed(folder: Path, report: ConversionReport) -> ConversionReport:
    """``report`` with the digests of everything in ``folder``."""
    names = sorted(path.name for path in folder.iterdir() if is_part(path) and path.name not in WRITTEN_LATER)
    origin = report.provenance or provenance("convert.save_bundle(...)", seed=report.seed)
    return msgspec.structs.replace(report, provenance=msgspec.structs.replace(origin, parts=digests(folder, names)))


@contextmanager
def at_work_in(bundle: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Holds ``bundle`` while the block runs, ``shared`` with readers or alone; first puts right what was left of killed
    commands.

    Raises ``UserError`` if another command holds it, unless it is to ``wait`` for that one.
    """
    while being_replaced(bundle):
        if not wait:
            raise UserError(f"{bundle} is in use by another command; let it end first, or add --wait")
        time.sleep(POLL_S)
    if not bundle.exists():
        recover(bundle)
    parts = bundle / PARTITION_PICTURE, bundle / PARTITION
    if shared and left_behind(*parts):
        with locked(bundle, wait=wait):
            recover(*parts)
    with locked(bundle, shared=shared, wait=wait):
        if not shared:
            recover(*parts)
        yield


def require_free(bundle: Path, *, force: bool) -> None:
    """Raises ``UserError`` if something is at ``bundle``, or with ``force`` something that is no bundle."""
    if force and bundle.exists() and not (bundle / REPORT).is_file():
        raise UserError(f"{bundle} is not a bundle and is kept, --force or not; choose another name")
    keep(bundle, force=force)


def is_part(path: Path) -> bool:
    """Whether ``path`` is a file or folder that the commands write into a bundle, by its name."""
    arrays = {NETWORK, RATE_NETWORK, RATES, PEAK_RATES, CALIBRATION}
    others = {MODEL, DECODER, REPORT, RATES_PICTURE, PARTITION, PARTITION_PICTURE, RUNS}
    return path.name in arrays | others or path.stem == "source" or path.name.startswith(".")


def load_network(bundle: str | Path) -> Network:
    """The network in the folder ``bundle``. Raises ``UserError`` if it is none."""
    with _reading(bundle, NETWORK) as path:
        network = read_network(path)
    require_runnable(network)
    return network


def load_rate_network(bundle: str | Path) -> Network | None:
    """The network before its weights were fitted to spikes, None if it was not kept."""
    if not (Path(bundle) / RATE_NETWORK).exists():
        return None
    with _reading(bundle, RATE_NETWORK) as path:
        return read_network(path)


def save_rates(rates_hz: Rates, path: Path) -> None:
    """Writes one rate of every neuron, its mean or a percentile on the calibration images, by population."""
    np.savez_compressed(path, **rates_hz)  # type: ignore[arg-type]


def load_rates(bundle: str | Path) -> dict[str, NDArray[np.float32]]:
    """Mean rates in Hz by population, each of the population's shape, on the calibration images."""
    return _rates(bundle, RATES)


def load_peak_rates(bundle: str | Path) -> dict[str, NDArray[np.float32]] | None:
    """95th percentiles of the rates in Hz over the calibration images, like ``load_rates``; None if there are none."""
    return _rates(bundle, PEAK_RATES) if (Path(bundle) / PEAK_RATES).exists() else None


def save_calibration_inputs(inputs: NDArray[np.float32], path: Path) -> None:
    """Writes the first of ``inputs``, shape (n, rows, columns, channels), which calibration looked at."""
    kept = max(1, CALIBRATION_BYTES // max(1, inputs[0].nbytes))
    np.savez_compressed(path, inputs=inputs[:kept])


def load_calibration_inputs(bundle: str | Path) -> NDArray[np.float32] | None:
    """The inputs that the conversion calibrated on, or the first of them; None if they were not kept."""
    if not (Path(bundle) / CALIBRATION).exists():
        return None
    with _reading(bundle, CALIBRATION) as path, arrays_in(path) as data:
        inputs = data["inputs"]
        if inputs.dtype != np.float32 or inputs.ndim != 4 or not len(inputs) or not np.isfinite(inputs).all():
            raise ValueError("the inputs are no finite numbers of shape (n, rows, columns, channels)")
        return np.asarray(inputs)


def load_report(bundle: str | Path) -> ConversionReport:
    """conversion.json of ``bundle``."""
    with _reading(bundle, REPORT) as path:
        return read_report(path, ConversionReport, "convert the model again")


def source_of(bundle: str | Path) -> Path:
    """The model in ``bundle`` as it was given. Raises ``UserError`` if there is none."""
    found = sorted(Path(bundle).glob("source*"))
    if not found:
        raise UserError(f"{bundle} is damaged (no source model in it); convert the model again")
    return found[0]


def _rates(bundle: str | Path, file: str) -> dict[str, NDArray[np.float32]]:
    with _reading(bundle, file) as path, arrays_in(path) as data:
        rates_hz = {name: data[name] for name in data.files}
        for name, values in rates_hz.items():
            if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
                raise ValueError(f"the rates of {name!r} are no finite numbers")
        return rates_hz


@contextmanager
def _reading(bundle: str | Path, name: str) -> Iterator[Path]:
    """The path of the file ``name``; what goes wrong while it is read becomes a ``UserError``."""
    path = Path(bundle) / name
    if Path(bundle).is_file():
        raise UserError(f"{bundle} is a file, and a bundle is a folder; give the one that convert-model has written")
    if not path.is_file():
        raise UserError(f"{bundle} is not a bundle (no {name} in it); make one with convert-model MODEL -o {bundle}")
    try:
        yield path
    except (*DAMAGED, msgspec.MsgspecError) as error:
        if too_little_memory(error, path):
            raise
        raise UserError(f"{path} is damaged ({type(error).__name__}: {error}); convert the model again") from error
