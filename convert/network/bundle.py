"""The bundle: one folder with all that a converted network needs, readable without Keras."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.errors import UserError

from .network import (
    ConvertedNetwork,
    Convolution,
    ConvolutionTranspose,
    Population,
    Projection,
    Readout,
    Sparse,
    Transform,
)

NETWORK, RATES, REPORT, MODEL = "network.npz", "rates.npz", "conversion.json", "model.keras"
PEAK_RATES = "rates_p95.npz"
RATES_PICTURE = "rates.svg"
FORMAT = 2


def save_network(network: ConvertedNetwork, path: Path) -> None:
    """Writes ``network`` as one .npz: a JSON description and float32 arrays by number."""
    arrays: dict[str, NDArray[Any]] = {}

    def put(array: Any) -> str:
        arrays[f"a{len(arrays)}"] = np.asarray(array)
        return f"a{len(arrays) - 1}"

    description = {
        "format": FORMAT,
        "input_shape": network.input_shape,
        "dt_s": network.dt_s,
        "timesteps": network.timesteps,
        "populations": [_row(p, bias_hz=put(np.float32(p.bias_hz))) for p in network.populations],
        "readouts": [_row(r, bias=put(np.float32(r.bias))) for r in network.readouts],
        "projections": [_row(p, transform=_describe(p.transform, put)) for p in network.projections],
    }
    np.savez(path, description=json.dumps(description), **arrays)  # type: ignore[arg-type]


def load_network(bundle: str | Path) -> ConvertedNetwork:
    """The network in the folder ``bundle``. Raises ``UserError`` if it is none."""
    with _reading(bundle, NETWORK) as path, np.load(path) as data:
        description = json.loads(str(data["description"]))
        if description["format"] != FORMAT:
            raise UserError(
                f"{bundle} has format {description['format']} and this version reads {FORMAT}; convert the model again"
            )
        populations = [
            Population(**{**row, "shape": tuple(row["shape"]), "bias_hz": np.float64(data[row["bias_hz"]])})
            for row in description["populations"]
        ]
        readouts = [
            Readout(**{**row, "shape": tuple(row["shape"]), "bias": np.float64(data[row["bias"]])})
            for row in description["readouts"]
        ]
        projections = [
            Projection(row["source"], row["target"], _transform(row["transform"], data))
            for row in description["projections"]
        ]
        return ConvertedNetwork(
            tuple(description["input_shape"]),
            tuple(populations),
            tuple(projections),
            tuple(readouts),
            description["dt_s"],
            description["timesteps"],
        )


def save_rates(rates_hz: dict[str, NDArray[np.float32]], path: Path) -> None:
    """Writes one rate of every neuron, its mean or a percentile on the calibration images, by population."""
    np.savez_compressed(path, **rates_hz)  # type: ignore[arg-type]


def load_rates(bundle: str | Path) -> dict[str, NDArray[np.float32]]:
    """Mean rates in Hz by population, each of the population's shape, on the calibration images."""
    return _rates(bundle, RATES)


def load_peak_rates(bundle: str | Path) -> dict[str, NDArray[np.float32]] | None:
    """95th percentiles of the rates in Hz over the calibration images, like ``load_rates``; None if there are none."""
    return _rates(bundle, PEAK_RATES) if (Path(bundle) / PEAK_RATES).exists() else None


def _rates(bundle: str | Path, file: str) -> dict[str, NDArray[np.float32]]:
    with _reading(bundle, file) as path, np.load(path) as data:
        return {name: data[name] for name in data.files}


def load_report(bundle: str | Path) -> dict[str, Any]:
    """conversion.json of ``bundle``."""
    with _reading(bundle, REPORT) as path:
        data: dict[str, Any] = json.loads(path.read_text())
        return {"task": data["task"], **data}


def source_of(bundle: str | Path) -> Path:
    """The model in ``bundle`` as it was brought."""
    found = sorted(Path(bundle).glob("source*"))
    if not found:
        raise UserError(f"{bundle} is damaged (no source model in it); convert the model again")
    return found[0]


@contextmanager
def _reading(bundle: str | Path, name: str) -> Iterator[Path]:
    """The path of the file ``name``; what goes wrong while it is read becomes a ``UserError``."""
    path = Path(bundle) / name
    if not path.is_file():
        raise UserError(f"{bundle} is not a bundle (no {name} in it); make one with convert-model MODEL -o {bundle}")
    try:
        yield path
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} is damaged ({type(error).__name__}: {error}); convert the model again") from error


def _row(item: Any, **replaced: Any) -> dict[str, Any]:
    return {f.name: replaced.get(f.name, getattr(item, f.name)) for f in fields(item)}


def _describe(transform: Transform, put: Any) -> dict[str, Any]:
    if isinstance(transform, Sparse):
        m = transform.matrix
        return {
            "kind": "Sparse",
            "shape": m.shape,
            "data": put(np.float32(m.data)),
            "indices": put(np.int32(m.indices)),
            "indptr": put(np.int32(m.indptr)),
        }
    return _row(transform, kernel=put(np.float32(transform.kernel))) | {"kind": type(transform).__name__}


def _transform(row: dict[str, Any], data: Any) -> Transform:
    if row["kind"] == "Sparse":
        parts = (np.float64(data[row["data"]]), data[row["indices"]], data[row["indptr"]])
        return Sparse(sparse.csr_array(parts, shape=tuple(row["shape"])))
    kinds: dict[str, type[Convolution | ConvolutionTranspose]] = {
        "Convolution": Convolution,
        "ConvolutionTranspose": ConvolutionTranspose,
    }
    return kinds[row["kind"]](np.asarray(data[row["kernel"]], np.float64), tuple(row["strides"]), row["padding"])
