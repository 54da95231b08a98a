"""A trained wave of any model, kept small in ``weights``: its network, its report, and the mean rate of each layer.

    python -m benchmarks.few_spikes.kept_bundle keep BUNDLE NAME
    python -m benchmarks.few_spikes.kept_bundle restore NAME BUNDLE MODEL

MODEL is the file that it was converted from, which runs compare with; ``convert-model --start-from`` needs none. All
neurons of a layer have its mean rate, so chips are planned less well than with the rates of the bundle that was kept.
"""

from __future__ import annotations

import io
import json
import lzma
import sys
import tarfile
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

import numpy as np

from convert import load_network, save_bundle
from convert.bundle import NETWORK, REPORT, load_rates, load_report

from .measure import WEIGHTS

MEAN_RATES = "mean_rates_hz.json"


def keep(bundle: Path, name: str) -> None:
    """Writes weights/NAME.tar.xz, the same bytes for the same bundle."""
    rates_hz = {layer: float(np.mean(rates)) for layer, rates in load_rates(bundle).items()}
    held = {part: (bundle / part).read_bytes() for part in (NETWORK, REPORT)}
    held[MEAN_RATES] = json.dumps(rates_hz, indent=1).encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for part, content in held.items():
            info = tarfile.TarInfo(part)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    (WEIGHTS / f"{name}.tar.xz").write_bytes(lzma.compress(archive.getvalue(), preset=9))


def restore(name: str, bundle: Path, model: Path | None = None) -> None:
    """Writes the folder ``bundle`` of what was kept as NAME, with its ``model``."""
    with TemporaryDirectory() as folder:
        with tarfile.open(WEIGHTS / f"{name}.tar.xz") as tar:
            tar.extractall(folder, filter="data")
        network, rates_hz = load_network(folder), json.loads((Path(folder) / MEAN_RATES).read_text())
        every = {layer: np.full(network.population(layer).shape, hz, np.float32) for layer, hz in rates_hz.items()}
        save_bundle(bundle, network, every, load_report(Path(folder)))
    if model is not None:
        copy(model, bundle / f"source{model.suffix}")


if __name__ == "__main__":
    what, first, second, *model = sys.argv[1:]
    if what == "keep":
        keep(Path(first), second)
    else:
        restore(first, Path(second), *map(Path, model))
