"""Whether two checkouts do the same: networks, partitions, spikes, counts and outputs, number by number.

``record FOLDER`` runs the checkout that PYTHONPATH names (this one without it) and keeps what it gives; ``compare A B``
prints what differs, and by how much. Only names that every version has are used: the commands, ``compile_network`` and
``run`` of the emulator, ``partition``. For example, from this checkout, with another one at ../before::

    PYTHONPATH=../before python benchmarks/same_behaviour.py record before --demo --models ../models ../data
    PYTHONPATH=. python benchmarks/same_behaviour.py record after --demo --models ../models ../data --rates-of before
    python benchmarks/same_behaviour.py compare before after
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

NETWORKS = 200
KERAS_MODELS = 12
RENAMED = re.compile("^clock@")
"""Host neurons that start biases had another name."""
UNTIMED = {
    "timings",
    "provenance",
    "seconds",
    "seconds_per_image",
    "devices_measured",
    "seconds_per_inference",
    "seed_of_run",
}
"""Keys of reports that no two runs share."""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    recording = actions.add_parser("record")
    recording.add_argument("folder", type=Path)
    recording.add_argument("--networks", type=int, default=NETWORKS, help="random networks, from seed 0 on")
    recording.add_argument("--keras-models", type=int, default=KERAS_MODELS, help="random Keras models, lowered")
    recording.add_argument("--demo", action="store_true", help="what make demo runs")
    recording.add_argument(
        "--models",
        nargs=2,
        type=Path,
        metavar=("MODELS", "DATA"),
        help="resnet20_cifar10.keras and unet_isbi.keras; cifar10/ and isbi2012/, both with train/ and test/",
    )
    recording.add_argument("--rates-of", type=Path, help="partition with the rates of this record")
    comparing = actions.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args(arguments)
    if given.action == "compare":
        sys.exit(compare(given.before, given.after))
    given.folder.mkdir(parents=True, exist_ok=True)
    _record_networks(given.folder, given.networks)
    _record_lowering(given.folder, given.keras_models)
    if given.demo:
        _record_bundle(given.folder, "demo", _demo(given.folder), given.rates_of)
    if given.models:
        models, data = given.models
        for name, job in _models(models, data):
            _record_bundle(given.folder, name, job, given.rates_of)


Job = tuple[Path, Path, Path, list[str], list[str]]
"""Model, training data, test data, options of convert-model, options of deploy-model."""


def _demo(folder: Path) -> Job:
    examples = Path(__file__).parents[1] / "examples" / "unet_em"
    data = folder / "demo-data"
    for part, options in (("train", ["16", "64", "1"]), ("test", ["8", "32", "2"])):
        count, size, seed = options
        made = [data / part, "--images", count, "--size", size, "--seed", seed]
        if not (data / part).exists():
            subprocess.run([sys.executable, examples / "make_data.py", *map(str, made)], check=True)
    return examples / "unet_em.keras", data / "train", data / "test", ["--timesteps", "96"], []


def _models(models: Path, data: Path) -> Iterator[tuple[str, Job]]:
    cifar, em = data / "cifar10", data / "isbi2012"
    yield "resnet", (models / "resnet20_cifar10.keras", cifar / "train", cifar / "test", [], ["--images", "64"])
    pooled = ["--max-pooling", "average"]
    yield "unet", (models / "unet_isbi.keras", em / "train", em / "test", pooled, ["--images", "1"])


def _record_bundle(folder: Path, name: str, job: Job, rates_of: Path | None) -> None:
    """Converts, partitions and runs; keeps network, reports and outputs. What is there is not made again."""
    if (folder / f"{name}.npz").exists():
        return
    model, train, test, converting, running = job
    bundle = folder / f"{name}.bundle"
    if not bundle.exists():
        _command("convert.cli", model, "--data", train, "-o", bundle, *converting)
    if not (bundle / "partition.json").exists():
        own = folder / f"{name}.own-rates"
        shutil.copytree(bundle, own, dirs_exist_ok=True)
        if rates_of is not None:
            for file in ("rates.npz", "rates_p95.npz"):
                with np.load(rates_of / f"{name}.bundle" / file) as rates:
                    renamed = {RENAMED.sub("bias@", key): rates[key] for key in rates.files}
                np.savez_compressed(bundle / file, **renamed)
            _command("partition.cli", own, "--seconds", "100000")
        _command("partition.cli", bundle, "--seconds", "100000")
    _command("deploy.cli", bundle, "--data", test, "--no-measure", "--force", *running)
    arrays: dict[str, Any] = dict(_network_arrays(importlib.import_module("convert").load_network(bundle)))
    with np.load(bundle / "runs" / "fast" / "outputs.npz") as outputs:
        arrays |= {f"outputs/{key}": outputs[key] for key in outputs.files}
    for file in ("conversion.json", "partition.json", "runs/fast/run.json"):
        arrays |= {f"{file}/{key}": value for key, value in _flat(json.loads((bundle / file).read_text()))}
    np.savez_compressed(folder / f"{name}.npz", **arrays)


def _command(module: str, *arguments: object) -> None:
    code = f"from {module} import main; main()"
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, env=os.environ)


def _network_arrays(network: Any) -> Iterator[tuple[str, Any]]:
    for p in network.populations:
        floor = p.neuron.floor if hasattr(p, "neuron") else p.vmin
        yield f"population/{p.name}/bias_hz", np.asarray(p.bias_hz)
        yield f"population/{p.name}/numbers", np.array([p.scale_hz, floor if p.on_chip else 0.0, p.synapse_s])
    for i, p in enumerate(network.projections):
        weights = p.transform.matrix.toarray() if hasattr(p.transform, "matrix") else p.transform.kernel
        yield f"projection/{i}/{p.source}/{p.target}", np.asarray(weights)
    for r in network.readouts:
        yield f"readout/{r.name}", np.asarray(r.bias)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Numbers and texts of a report by their path; lists of numbers stay whole."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in UNTIMED:
                yield from _flat(item, f"{path}/{key}")
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        for i, item in enumerate(value):
            yield from _flat(item, f"{path}/{i}")
    else:
        yield path, np.asarray("null" if value is None else value)


def _record_networks(folder: Path, count: int) -> None:
    """Random networks: spikes of every layer, counts, what the readouts see, and the partition that is found."""
    if (folder / "networks.npz").exists():
        return
    try:
        random_case = importlib.import_module("tests.builders.random_networks").random_case
    except ModuleNotFoundError:
        source = Path(importlib.import_module("convert").__file__ or "").parents[1]
        sys.path.insert(0, str(source / "tests" / "deploy" / "emulator"))
        random_case = importlib.import_module("random_networks").random_case
    emulator, partition = importlib.import_module("deploy.emulator"), importlib.import_module("partition").partition
    refused = importlib.import_module("convert.errors").UserError
    arrays: dict[str, Any] = {}
    for seed in range(count):
        case = random_case(Random(seed))
        try:
            program = emulator.compile_network(case.network, case.partition)
        except refused as error:
            arrays[f"{seed}/refused"] = np.asarray(str(error))
            continue
        names = [layer.name for layer in program.layers]
        for i, result in enumerate(emulator.run(program, case.drives_hz, threads=1, windows=[(3, 12)], record=names)):
            for name in names:
                arrays[f"{seed}/{i}/{name}/spikes"] = np.packbits(result.spikes[name].raster(program.layer(name)))
                c = result.counts[name]
                counts = [c.spikes, c.synops, c.neuron_updates, c.messages, c.interchip, *c.overflow]
                arrays[f"{seed}/{i}/{name}/counts"] = np.array(counts)
            arrays |= {f"{seed}/{i}/{name}/readout": counts for name, counts in result.readouts.items()}
        rng = np.random.default_rng(seed)
        rates = {p.name: rng.gamma(1.0, 20.0, p.shape) for p in case.network.populations}
        try:
            found = partition(case.network, rates, chips=8, board="nahuku-8", seconds=1e6)
        except refused as error:
            arrays[f"{seed}/partition"] = np.asarray(str(error))
            continue
        found.save(folder)
        for key, value in _flat(json.loads((folder / "partition.json").read_text())):
            arrays[f"{seed}/partition{key}"] = value
    np.savez_compressed(folder / "networks.npz", **arrays)


def _record_lowering(folder: Path, count: int) -> None:
    """Random Keras models, cut and lowered."""
    if (folder / "lowering.npz").exists():
        return
    places = (
        ("tests.builders.random_keras_models", "convert.frontends.keras.", "cut", "convert.lowering.lower"),
        ("tests.convert.random_models", "convert.", "graph", "convert.lower"),
    )
    for models, front_end, cut, lower in places:
        try:
            random_model = importlib.import_module(models).random_model
        except ModuleNotFoundError:
            continue
        load = importlib.import_module(f"{front_end}load").load_model
        cut_at_relus = importlib.import_module(f"{front_end}{cut}").cut_at_relus
        lowered = importlib.import_module(lower).lower
        break
    arrays: dict[str, Any] = {}
    for seed in range(count):
        path = folder / "model.keras"
        random_model(seed).save(path)
        model = load(path)
        try:
            cut_model = cut_at_relus(model)
        except importlib.import_module("convert.errors").UserError as error:
            arrays[f"{seed}/refused"] = np.asarray(str(error))
            continue
        arrays |= {f"{seed}/{key}": value for key, value in _network_arrays(lowered(*_segments(cut_model)))}
    np.savez_compressed(folder / "lowering.npz", **arrays)


def _segments(cut: Any) -> tuple[Any, ...]:
    """What ``lower`` takes: the whole cut, or its parts."""
    return (cut.segments, cut.shapes) if hasattr(cut, "model") else (cut,)


def compare(before: Path, after: Path) -> int:
    """Prints a line for each file of both records; 1 if anything differs."""
    different = 0
    for path in sorted(before.glob("*.npz")):
        if not (after / path.name).exists():
            print(f"{path.name}: not in {after}")
            continue
        with np.load(path) as old, np.load(after / path.name) as new:
            lost, gained = sorted(set(old.files) - set(new.files)), sorted(set(new.files) - set(old.files))
            unequal = [key for key in old.files if key in new.files and not _equal(old[key], new[key])]
            print(f"{path.name}: {len(old.files)} arrays, {len(unequal)} differ, {len(lost)} lost, {len(gained)} new")
            for key in unequal[:40]:
                print(f"    {key}: {_difference(old[key], new[key])}")
            for what, keys in (("lost", lost), ("new", gained)):
                if keys:
                    print(f"    {what}: {', '.join(keys[:12])}{' ...' if len(keys) > 12 else ''}")
        different += bool(unequal or lost)
    return int(different > 0)


def _equal(a: Any, b: Any) -> bool:
    return a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())


def _difference(a: Any, b: Any) -> str:
    if a.shape != b.shape:
        return f"shape {a.shape} -> {b.shape}"
    if a.dtype.kind in "US" or b.dtype.kind in "US":
        return f"{str(a)[:60]} -> {str(b)[:60]}"
    off = np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64))
    share = f"{np.count_nonzero(off)} of {off.size} values"
    return f"{share}, by {off.max():.3g} at most (largest value {np.abs(a).max():.3g})"


if __name__ == "__main__":
    main(sys.argv[1:])
