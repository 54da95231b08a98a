"""Other simulators that a user could pick, on the same network, image and steps.

NengoDL's float spikes, nengo_loihi and this emulator run here; brian2-loihi and SANA-FE in environments of their own,
made for this run with pip. Run with ``python -m benchmarks.emulator.others`` from the repository.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from convert.network.nengo_form import to_nengo
from convert.upstream.nengo_dl import load_nengo_dl
from deploy.emulator import compile_network, drives_hz, flatten_model, run
from deploy.nengo_loihi.build import build_model
from deploy.targets.nengo_dl import register_with_nengo_dl

from .networks import Subject, random_unet
from .record import RESULTS, options_of, table, timed
from .speed import reference

PEERS = Path(__file__).parent / "peers"
INSTALLED = {
    "brian2-loihi": ("brian2_loihi_peer.py", ["brian2-loihi", "numpy<2"]),
    "SANA-FE": ("sana_fe_peer.py", ["sanafe", "numpy"]),
}
"""The script that runs each, and what pip installs for it."""
NOTES = {
    "this emulator": "the chip's integers",
    "nengo_loihi": "the chip's integers; spikes and voltages compared, identical",
    "NengoDL, batch 1": "float32 neurons and weights, TensorFlow on the CPU, two cores",
    "NengoDL, batch 8": "the same, eight images at once, per image",
    "brian2-loihi": "not this network: it has one threshold for a group, no bias current and no voltage floor",
    "SANA-FE": "float64 without the current's filter, its 'simple' timing model; reckons energy and latency too",
}


def ours(subject: Subject, steps: int) -> dict[str, Any]:
    """This emulator on one core."""
    drives = drives_hz(subject.network, subject.images[:1])
    build, program = timed(lambda: compile_network(subject.network, subject.partition), 3)
    run(program, drives, 2, threads=1)
    time, (result,) = timed(lambda: run(program, drives, steps, threads=1), 5)
    spikes = sum(result.counts[layer.name].spikes for layer in program.chip_layers)
    return {"build_s": build["all_s"][0], "run_s": time["s"], "spikes": spikes}


def nengo_loihi(subject: Subject, steps: int) -> dict[str, Any]:
    found = reference(subject, steps)
    assert found["identical_spikes"]
    assert found["identical_voltages"]
    return {"build_s": found["build"]["s"], "run_s": found["steps_s"], "spikes": found["spikes"]}


def nengo_dl(subject: Subject, steps: int, batch: int) -> dict[str, Any]:
    """NengoDL's float spikes, ``batch`` images at once, after a call that lets TensorFlow compile."""
    dl = load_nengo_dl()
    import nengo

    register_with_nengo_dl()
    images = np.resize(subject.images, (batch, *subject.images.shape[1:]))
    form, drives = to_nengo(subject.network), drives_hz(subject.network, images)
    with form.net:
        dl.configure_settings(stateful=True, keep_history=False, trainable=False, inference_only=True)
        nengo.Probe(form.neurons[subject.network.populations[-1].name])
    data = {form.drive[name]: np.repeat(d[:, None], 20, axis=1) for name, d in drives.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        build, sim = timed(lambda: dl.Simulator(form.net, minibatch_size=batch, progress_bar=False, seed=0))

        def forward() -> None:
            for _ in range(0, steps, 20):
                sim.predict_on_batch(data, n_steps=20, stateful=True)

        with sim:
            first, _ = timed(lambda: sim.predict_on_batch(data, n_steps=20, stateful=False))
            time, _ = timed(forward)
    return {"build_s": build["s"] + first["s"], "run_s": time["s"] / batch, "spikes": None}


HERE: dict[str, Callable[[Subject, int], dict[str, Any]]] = {
    "this emulator": ours,
    "NengoDL, batch 1": partial(nengo_dl, batch=1),
    "NengoDL, batch 8": partial(nengo_dl, batch=8),
    "nengo_loihi": nengo_loihi,
}


def written(subject: Subject, steps: int, path: Path) -> None:
    """The network with one row for each synapse, and the host's spikes, as ``peers/synapses.py`` reads them."""
    network, cut = subject.network, subject.partition
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flat = flatten_model(build_model(network, cut))
    lines = np.diff(flat.row_pointer)[flat.fan_row]
    first = np.repeat(flat.row_pointer[flat.fan_row] - np.cumsum(lines) + lines, lines)
    entry = first + np.arange(lines.sum())
    sources = np.repeat(np.arange(flat.sources), np.diff(flat.fan_pointer))
    program = compile_network(network, cut)
    (host,) = program.host_layers
    (result,) = run(program, drives_hz(network, subject.images[:1]), steps, record=[host.name])
    step, neuron = np.nonzero(result.spikes[host.name].raster(host))
    np.savez(
        path,
        steps=steps,
        hosts=host.neurons,
        decay_u=flat.decay_u[0],
        step=step,
        host=neuron,
        pre=np.repeat(sources, lines),
        post=flat.targets[entry] + np.repeat(flat.fan_base, lines),
        weight=flat.weights[entry],
        vth=flat.vth,
        vmin=flat.vmin,
        bias=flat.bias,
        core=np.repeat(np.arange(len(cut.blocks)), [block.neurons for block in cut.blocks]),
    )


def installed(name: str, network: Path, folder: Path) -> dict[str, Any]:
    """What a peer in an environment of its own finds, or why it does not run."""
    script, packages = INSTALLED[name]
    python = folder / name / "bin" / "python"
    steps: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", folder / name],
        [python, "-m", "pip", "install", "--quiet", *packages],
        [python, PEERS / script, network],
    ]
    for command in steps[2:] if python.exists() else steps:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return {"failed": (done.stderr.strip() or done.stdout.strip()).splitlines()[-1]}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def cells(found: dict[str, Any] | None, base: dict[str, Any]) -> list[str]:
    if found is None:
        return ["", "", ""]
    if "failed" in found:
        return [f"does not run: {found['failed']}", "", ""]
    ratio = found["run_s"] / base["run_s"]
    return [f"{found['build_s']:.2f}", f"{found['run_s']:.3f}", f"{ratio:,.0f}" if ratio > 1 else "1"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--small", type=int, default=16, help="size of the U-Net that every simulator can hold")
    parser.add_argument("--large", type=int, default=64, help="size of the U-Net for those that can hold it")
    parser.add_argument("--environments", type=Path, help="a folder for the peers' environments (a temporary one)")
    options, record = options_of(parser, arguments, RESULTS / "others.json")
    sizes = {"small": options.small, "large": options.large}
    subjects = {name: random_unet(size, steps=options.steps) for name, size in sizes.items()}
    found: dict[str, dict[str, Any]] = {name: {} for name in NOTES}
    for size, subject in subjects.items():
        for name, measure in HERE.items():
            found[name][size] = record.measured(f"{name}, {size}", partial(measure, subject, options.steps))
    with tempfile.TemporaryDirectory() as temporary:
        network = Path(temporary) / "network.npz"
        for name in INSTALLED:
            if f"{name}, small" not in record.content["measured"] and not network.exists():
                written(subjects["small"], options.steps, network)
            folder = options.environments or Path(temporary)
            found[name]["small"] = record.measured(f"{name}, small", partial(installed, name, network, folder))
    rows = [
        [name, *(cell for size in sizes for cell in cells(found[name].get(size), found["this emulator"][size])), note]
        for name, note in NOTES.items()
    ]
    header = ["simulator"]
    for size, subject in subjects.items():
        neurons = sum(p.neurons for p in subject.network.chip_populations)
        header += [f"{sizes[size]}x{sizes[size]}, {neurons:,} neurons: build, s", f"{options.steps} steps, s", "times"]
    print(table([*header, "what it computes"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
