"""A network from a NIR file on recordings: each alone, behind each other without a reset, and as one stream.

    python -m benchmarks.spiking.streams net.nir recordings.npz --timesteps 128

For each floor of the voltages the right recordings, each alone and all with the state of those before; and the right
windows of the stream that they make (``deploy-model --event-stream``), each from rest and ``--continuous``. Exact
integers. Results go to results/streams.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

import convert
import deploy
import partition
from convert.data.dataset import Dataset
from convert.data.events.binning import Binning
from convert.data.events.opening import open_events
from convert.spiking.api import convert_nir
from convert.spiking.options import NirOptions

RESULTS = Path(__file__).parent / "results" / "streams.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--timesteps", type=int, default=128)
    parser.add_argument("--floors", type=float, nargs="+", default=[-50.0, -2.0, 0.0])
    options = parser.parse_args()
    found = {f"{floor:g}": right(options.model, options.data, options.timesteps, floor) for floor in options.floors}
    text = json.dumps({"timesteps": options.timesteps, "model": options.model.name, "floors": found}, indent=1)
    print(text)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text + "\n")


def right(model: Path, data: Path, timesteps: int, floor: float) -> dict[str, str]:
    """How many of how many are right, by what is run."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "net.bundle"
        convert_nir(model, bundle, data, NirOptions(vmin=floor, timesteps=timesteps))
        network, rates = convert.load_network(bundle), convert.load_rates(bundle)
    cut = partition.partition(network, rates)
    found = {}
    for kind, stream in (("recordings", False), ("windows", True)):
        binning = Binning(network.dt_s, timesteps)
        classes = network.readouts[0].output_shape[-1]
        dataset = open_events(data, network.input.shape, binning, classes, stream=stream).dataset
        inputs = np.stack([dataset.image(i) for i in range(len(dataset))])
        for how, continuous in (("alone", False), ("without a reset", True)):
            run = deploy.run_images(network, cut, inputs, continuous=continuous)
            found[f"{kind} {how}"] = _share(run.outputs[-1], dataset)
    return found


def _share(outputs: np.ndarray[tuple[int, ...], np.dtype[np.float32]], dataset: Dataset) -> str:
    labels = np.array([dataset.label(i) for i in range(len(dataset))])
    same = int((outputs.reshape(len(outputs), -1).argmax(axis=1) == labels).sum())
    return f"{same} of {len(labels)}"


if __name__ == "__main__":
    main()
