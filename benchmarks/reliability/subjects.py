"""A tiny model, its data, and the four commands on them, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

MAINS = {
    "convert-model": "deploy.convert_model",
    "partition-model": "partition.cli",
    "deploy-model": "deploy.cli",
    "energy-report": "deploy.report.cli",
    "verify-model": "deploy.verify.cli",
}
ROOT = Path(__file__).resolve().parents[2]
TIMINGS = re.compile(rb"<!-- timings:.*?<!-- end of timings -->", re.DOTALL)
MODEL, OTHER_MODEL, DATA, BUNDLE = "model.keras", "other.keras", "data.npz", "tiny.bundle"


def make(folder: Path) -> None:
    """Two classifiers of 8 x 8 images with max pooling and a residual block, and data for both, in ``folder``."""
    from convert.upstream.tensorflow import load_keras3

    keras = load_keras3()
    layers = keras.layers
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate((MODEL, OTHER_MODEL)):
        keras.utils.set_random_seed(seed)
        image = keras.Input((8, 8, 1))
        x = layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(image)
        y = layers.MaxPooling2D()(layers.Conv2D(4, 3, padding="same", activation="relu", name="inner")(x))
        z = layers.ReLU(name="sum")(layers.Add()([y, layers.Conv2D(4, 1, strides=2)(x)]))
        z = layers.GlobalAveragePooling2D()(z)
        keras.Model(image, layers.Dense(3, activation="softmax", name="head")(z)).save(folder / name)
    rng = np.random.default_rng(0)
    y = np.arange(48) % 3
    x = rng.random((48, 8, 8, 1)) + y[:, None, None, None] * np.linspace(0, 0.5, 8)[:, None, None]
    np.savez(folder / DATA, x=x.astype(np.float32), y=y)


def program(command: str, *arguments: object, before: str = "") -> list[str]:
    """What to run for ``command``, with some Python ``before`` it."""
    code = f"{before}\nimport sys\nfrom {MAINS[command]} import main\nsys.argv[0] = {command!r}\nmain()"
    return [sys.executable, "-c", code, *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """This one, with this checkout first, one thread for each library, and ``more``."""
    fixed = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return os.environ | fixed | more


def ran(arguments: Sequence[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The process of ``arguments`` in ``folder``, ended."""
    return subprocess.run(
        arguments, cwd=folder, env=environment(**more), capture_output=True, text=True, errors="replace", check=False
    )


def contents(folder: Path, *, hidden: bool = False, raw: bool = False) -> dict[str, bytes]:
    """The files below ``folder`` by name, without what no two runs share or ``raw``; hidden ones on request."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and (hidden or not any(part.startswith(".") for part in name.split("/"))):
            found[name] = path.read_bytes() if raw else without_timings(path)
    return found


def without_timings(path: Path) -> bytes:
    """What ``path`` holds, but for the block of timings."""
    content = path.read_bytes()
    if path.suffix == ".html":
        return TIMINGS.sub(b"", content)
    if path.suffix == ".csv":  # rows of processors are measured here
        return b"\n".join(line for line in content.splitlines() if b",measured," not in line)
    if path.suffix == ".json" and content:
        report = json.loads(content)
        report.pop("timings", None)
        return json.dumps(report).encode()
    return content


def write(path: Path, found: Mapping[str, object]) -> None:
    """Writes the results ``found``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def results(name: str) -> Path:
    """Where the results of the script ``name`` go."""
    return Path(__file__).parent / "results" / f"{name}.json"
