"""A bundle out as NIR and back, and the file in other simulators: spikes of every layer side by side.

    python -m venv /tmp/venvs/sinabs && /tmp/venvs/sinabs/bin/pip install sinabs==3.1.3 'nir<=1.0.4' torch h5py
    python -m benchmarks.nir.side_by_side n.bundle --data nmnist_test60.npz --images 10 \
        --peer spikingjelly=/tmp/venvs/spikingjelly/bin/python --peer sinabs=/tmp/venvs/sinabs/bin/python

The bundle is exported, converted again, and both networks run on the exact emulator, on the bundle's partition: spikes
are compared neuron by neuron and step by step. Then each peer runs the file (peers/in_NAME.py), as its importer reads
it, and with the floors and resets of the metadata. Results go to results/NAME.json and are printed as a table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from convert.bundle import load_network, load_report
from convert.data.dataset import Dataset, open_data
from convert.data.evaluate import crops_of
from convert.data.events.binning import Binning
from convert.data.events.opening import open_events
from convert.export.api import ExportOptions, export_model
from convert.export.nir.chosen import ways_of
from convert.export.nir.graph import graph_of
from convert.export.nir.layout import Layout
from convert.network import INPUT, Network, TimeCourse
from convert.network.archive.writing import described
from convert.spiking.api import convert_nir
from deploy import emulator, run_images
from partition.result import FILE, read_partition

HERE = Path(__file__).parent
RIGHT = "classes that are right"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--peer", action="append", default=[], help="NAME=PYTHON[,DT], an interpreter, --dt for it")
    parser.add_argument("--name", help="of the file in results/")
    options = parser.parse_args()
    found = compared(options.bundle, options.data, options.images, [peer.split("=") for peer in options.peer])
    path = HERE / "results" / f"{options.name or options.bundle.stem}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))


def compared(bundle: Path, data: Path, count: int, peers: list[list[str]]) -> dict[str, Any]:
    """Spikes of each layer, in the mean of the images, by all that can run the file."""
    network = load_network(bundle)
    images, labels = inputs_of(network, bundle, data, count)
    with tempfile.TemporaryDirectory() as folder:
        net, again = Path(folder) / "net.nir", Path(folder) / "again.bundle"
        done = export_model(bundle, net)
        convert_nir(net, again)
        own, back = (spikes_of(load_network(b), bundle, images) for b in (bundle, again))
        differ = sum(int((own[name] != back[name]).sum()) for name in own)
        same = same_network(load_network(bundle), load_network(again))
        found: dict[str, Any] = {
            "images": len(images),
            "file_bytes": done.bytes,
            "nodes": done.nodes,
            "the_network_is_the_same": same,
            "spikes_that_differ_after_the_round_trip": differ,
            "exact integers": {name: float(raster.sum() / len(images)) for name, raster in own.items()},
        }
        if labels is not None:
            run = run_images(network, read_partition(bundle / FILE), images, threads=1)
            found["exact integers"][RIGHT] = right(run.outputs[-1], labels)
        names = {node: name for name, node in graph_of(network, ways_of(network), network.dt_s).names.items()}
        np.savez(Path(folder) / "given.npz", input=given_to_peers(network, images))
        for peer, python in peers:
            python, _, dt = python.partition(",")
            export_model(bundle, net, ExportOptions(float(dt) if dt else None), force=True)
            for beside in ((), ("--beside",)):
                title = peer + (" + metadata" if beside else "")
                found[title] = _in_peer(peer, python, Path(folder), beside, names, labels)
    return found


def same_network(one: Network, other: Network) -> bool:
    """Every number, name and order, as they are stored."""
    (text, arrays), (wanted, others) = described(one), described(other)
    return text == wanted and all(np.array_equal(array, others[name]) for name, array in arrays.items())


def right(outputs: np.ndarray, labels: np.ndarray) -> int:
    """How many classes are right."""
    return int((outputs.reshape(len(labels), -1).argmax(axis=1) == labels).sum())


def inputs_of(network: Network, bundle: Path, data: Path, count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Images, or recordings in steps, as the network takes them; their classes if they have one each."""
    shape, readout = network.input.shape, network.readouts[0]
    if network.input.time_course is TimeCourse.EVENTS:
        binning = Binning(network.dt_s, network.timesteps)
        dataset: Dataset = open_events(data, shape, binning, readout.output_shape[-1]).dataset
        chosen = spread(len(dataset), count)
        return np.stack([dataset.image(i) for i in chosen]), np.array([dataset.label(i) for i in chosen])
    report = load_report(bundle)
    dataset = open_data(
        data,
        input_shape=shape,
        target_shape=readout.output_shape,
        task=report.task,
        activation=readout.activation,
        grid=report.output_grid,
    )
    chosen = spread(len(dataset), count)
    images = np.stack([crops_of(dataset, i, shape).inputs[0] for i in chosen])
    return images, np.array([dataset.label(i) for i in chosen]) if report.task == "classification" else None


def spread(length: int, count: int) -> list[int]:
    return [i * (length // min(count, length)) for i in range(min(count, length))]


def spikes_of(network: Network, bundle: Path, images: np.ndarray) -> dict[str, np.ndarray]:
    """By population, shape (images, steps, neurons), on exact integers."""
    program = emulator.compile_network(network, read_partition(bundle / FILE))
    names = [p.name for p in network.populations if network.into(p.name) and (p.on_chip or not network.replays(p))]
    runs = emulator.run(
        program, emulator.drives_hz(network, images), network.timesteps, threads=1, record=names, by_core=False
    )
    return {n: np.stack([run.spikes[n].raster(program.layer(n)) for run in runs]) for n in names}


def given_to_peers(network: Network, images: np.ndarray) -> np.ndarray:
    """(images, steps, *NIR's size): an image in every step in which it is shown."""
    layout = Layout(network.input.shape, sequence=ways_of(network).layouts[INPUT].sequence)
    if network.input.time_course is not TimeCourse.EVENTS:
        steps = network.input_end_step or network.timesteps
        images = np.repeat(images[:, None], steps, axis=1)
    ordered = np.empty((*images.shape[:2], int(np.prod(layout.size))), np.float32)
    ordered[..., layout.places.ravel()] = images.reshape(*images.shape[:2], -1)
    return ordered.reshape(*images.shape[:2], *layout.size)


def _in_peer(
    peer: str, python: str, folder: Path, beside: tuple[str, ...], names: dict[str, str], labels: np.ndarray | None
) -> Any:
    result = folder / "result.npz"
    script = HERE / "peers" / f"in_{peer}.py"
    done = subprocess.run(
        [python, str(script), str(folder / "net.nir"), str(folder / "given.npz"), str(result), *beside],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"fails": lines[-1][:300] if lines else f"exit code {done.returncode}"}
    with np.load(result) as arrays:
        counts = {n.removeprefix("spikes/"): float(arrays[n].mean()) for n in arrays.files if n != "output"}
        found: dict[str, float] = {names.get(node, node): count for node, count in counts.items()}
        return found if labels is None else found | {RIGHT: right(arrays["output"], labels)}


def table(found: dict[str, Any]) -> str:
    """As Markdown: a row for each layer."""
    titles = [t for t, values in found.items() if isinstance(values, dict) and t != "nodes"]
    lines = [f"| layer | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for name in (n for n in found["exact integers"] if n != RIGHT):
        cells = [found[t].get(name) for t in titles]
        lines.append(f"| {name} | " + " | ".join("" if c is None else f"{c:,.1f}" for c in cells) + " |")
    titles_of = [t for t in titles if RIGHT in found[t]]
    if titles_of:
        lines += [f"{RIGHT}, of {found['images']}: " + ", ".join(f"{t} {found[t][RIGHT]}" for t in titles_of)]
    lines += [f"{t}: {found[t]['fails']}" for t in titles if "fails" in found[t]]
    same = f"the network is the same: {found['the_network_is_the_same']}"
    differ = f"spikes that differ after the round trip: {found['spikes_that_differ_after_the_round_trip']}"
    return "\n".join([*lines, f"{same}; {differ}; {found['file_bytes'] / 1e6:.1f} MB"])


if __name__ == "__main__":
    main()
