"""Every reader of a file, on files that are almost right: a sentence or a result, never another error.

``make fuzz`` tries many more than the suite does; FUZZ_RUNS says how many for each reader, FUZZ_SEED where to begin.
"""

from __future__ import annotations

import os
import shutil
import warnings
from random import Random

import numpy as np
import pytest
from PIL import Image

from convert.bundle import load_calibration_inputs, load_network, load_rates, load_report
from convert.data.dataset import open_data
from convert.errors import UserError
from deploy.energy.published import EXAMPLE, read_rows
from deploy.runs.report import read_run
from partition.board_file import find_board
from partition.result import read_partition
from tests.builders.reported_bundle import make_bundle

from .mutations import mutated, mutated_json

RUNS = int(os.environ.get("FUZZ_RUNS", "60"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
BY_HAND = {
    "board.json": b'{"name": "mine", "chips": 4, "columns": 2, "source": "test", "hop_weights": [1.0, 2.0], "host": 1}',
    "devices.json": EXAMPLE.encode(),
}


def tried(path, reader, change):
    """Runs ``reader`` on so many changes of the file ``path``; returns how many were refused."""
    content, refused = path.read_bytes(), 0
    for seed in range(SEED, SEED + RUNS):
        path.write_bytes(change(content, Random(seed)))
        try:
            reader(path)
        except UserError as error:
            refused += all(problem.strip() for problem in error.problems)
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")
    return refused


@pytest.mark.parametrize("change", [mutated, mutated_json])
@pytest.mark.parametrize("name", ["partition.json", "conversion.json", "run.json", "board.json", "devices.json"])
def test_json(name, change, tiny_bundle, tmp_path):
    readers = {
        "partition.json": read_partition,
        "conversion.json": lambda path: load_report(path.parent),
        "run.json": lambda path: read_run(path.parent),
        "board.json": lambda path: find_board(str(path)),
        "devices.json": read_rows,
    }
    if name in BY_HAND:
        (tmp_path / name).write_bytes(BY_HAND[name])
        path = tmp_path / name
    elif name == "run.json":
        path = next(make_bundle(tmp_path / "made.bundle").glob("runs/*/run.json"))
    else:
        path = tiny_bundle / name
    assert tried(path, readers[name], change) > RUNS // 4


@pytest.mark.parametrize("name", ["network.npz", "rates.npz", "calibration.npz"])
def test_archives(name, tiny_bundle):
    readers = {
        "network.npz": lambda path: load_network(path.parent),
        "rates.npz": lambda path: load_rates(path.parent),
        "calibration.npz": lambda path: load_calibration_inputs(path.parent),
    }
    assert tried(tiny_bundle / name, readers[name], mutated) > RUNS // 4


def read_all(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = open_data(path, input_shape=(8, 8, 3), target_shape=(3,))
        for i in range(len(data)):
            data.image(i), data.label(i)


def test_data_in_an_archive(tiny, tmp_path):
    for save in (np.savez, np.savez_compressed):
        with np.load(tiny / "data.npz") as arrays:
            save(tmp_path / "data.npz", **arrays)
        tried(tmp_path / "data.npz", read_all, mutated)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
def test_pictures(suffix, tmp_path):
    rng = np.random.default_rng(0)
    for label in "abc":
        (tmp_path / label).mkdir()
        pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / label / f"1.{suffix}")
    tried(tmp_path / "b" / f"1.{suffix}", lambda path: read_all(path.parents[1]), mutated)


@pytest.mark.slow
def test_models(tiny, tmp_path):
    from convert.frontends.keras.load import load_model

    path = tmp_path / "model.keras"
    shutil.copy(tiny / "model.keras", path)
    content = path.read_bytes()
    for seed in range(SEED, SEED + max(8, RUNS // 20)):
        path.write_bytes(mutated(content, Random(seed)))
        try:
            load_model(path)
        except UserError:
            continue
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")
