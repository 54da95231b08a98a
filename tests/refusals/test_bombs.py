"""Small files that would unpack to far more: one sentence, before memory is taken for them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest
import tifffile

ZEROS = bytes(2**23)
MOST_BYTES = 100 * 2**20
"""What refusing may take: less than half of the smallest bomb here."""
READ = """
import resource, sys
from pathlib import Path
from convert.bundle import load_network, load_rates, load_report
from convert.data.folders import read_pixels
from convert.frontends.keras.reading import bombs
from convert.errors import UserError
from deploy.report.page.examples import shown_in
from partition.board_file import find_board
from partition.result import read_partition

def model(path):
    raise UserError(bombs.bomb_in(path) or "no bomb")

path = Path(sys.argv[2])
readers = {
    "network": lambda: load_network(path.parent),
    "rates": lambda: load_rates(path.parent),
    "outputs": lambda: shown_in(path),
    "model": lambda: model(path),
    "report": lambda: load_report(path.parent),
    "partition": lambda: read_partition(path),
    "board": lambda: find_board(str(path)),
    "pixels": lambda: read_pixels(path),
}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    readers[sys.argv[1]]()
except UserError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, *error.problems)
"""


def zeros(path, member, header=b""):
    """A zip file whose ``member`` is 320 MB of zeros in 0.3 MB."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(member, "w", force_zip64=True) as file,
    ):
        file.write(header)
        for _ in range(40):
            file.write(ZEROS)
    return path


def npz(name):
    def write(folder):
        header = io.BytesIO()
        described = {"descr": "<f4", "fortran_order": False, "shape": (10 * len(ZEROS),)}
        np.lib.format.write_array_header_1_0(header, described)
        return zeros(folder / name, "stem.npy", header.getvalue())

    return write


def never_written(path):
    """HDF5 keeps no byte of chunks that were never written."""
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", (2**20, 2**20), "f4", chunks=(1024, 1024), compression="gzip")
    return path


def weights_in_a_zip(compression):
    def write(folder):
        never_written(folder / "weights")
        with zipfile.ZipFile(folder / "a.keras", "w", compression) as archive:
            archive.writestr("config.json", "{}")
            archive.write(folder / "weights", "model.weights.h5")
        return folder / "a.keras"

    return write


def text(name, content):
    def write(folder):
        (folder / name).write_text(content)
        return folder / name

    return write


def large(name):
    """A file of 300 MB that takes no room on the disk."""

    def write(folder):
        with (folder / name).open("wb") as file:
            file.truncate(300 * 2**20)
        return folder / name

    return write


def tiles(folder):
    pixels = np.zeros((1024, 1024), np.uint8)
    many = (pixels for _ in range(18 * 18))
    size = 18 * 1024
    tifffile.imwrite(folder / "a.tif", many, shape=(size, size), dtype="u1", tile=(1024, 1024), compression="zlib")
    return folder / "a.tif"


NESTED = '{"layers": ' + "[" * 200_000
BOMBS = {
    "network.npz": ("network", npz("network.npz"), "is damaged .*would unpack to .*convert the model again"),
    "rates.npz": ("rates", npz("rates.npz"), "is damaged .*would unpack to .*convert the model again"),
    "outputs.npz": ("outputs", npz("outputs.npz"), "would unpack to"),
    "keras, packed weights": ("model", lambda folder: zeros(folder / "a.keras", "model.weights.h5"), "would unpack to"),
    "keras, weights never written": (
        "model",
        weights_in_a_zip(zipfile.ZIP_STORED),
        "array 'layers/dense/vars/0' has 0",
    ),
    "keras, packed, never written": ("model", weights_in_a_zip(zipfile.ZIP_DEFLATED), "'layers/dense/vars/0' has 0"),
    "h5, weights never written": ("model", lambda folder: never_written(folder / "a.h5"), "4,398,046,511,104"),
    "conversion.json, nested": ("report", text("conversion.json", NESTED), "is damaged .*convert the model again"),
    "partition.json, nested": ("partition", text("partition.json", '{"blocks": ' + "[" * 200_000), "is damaged"),
    "board, nested": ("board", text("board.json", '{"chips": ' + "[" * 200_000), "not readable as JSON"),
    "conversion.json, large": ("report", large("conversion.json"), "bytes, more than 134,217,728"),
    "board, large": ("board", large("board.json"), "bytes, more than 1,048,576; is it the right file?"),
    "image": ("pixels", tiles, "cannot be read as a TIFF image .*would unpack to"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb(case, tmp_path):
    reader, make, sentence = BOMBS[case]
    path = make(tmp_path)
    done = subprocess.run([sys.executable, "-c", READ, reader, path], capture_output=True, text=True, check=True)
    kilobytes, _, said = done.stdout.partition(" ")
    assert len(said.strip().splitlines()) == 1
    assert re.search(sentence, said), said
    assert int(kilobytes) * 1024 < MOST_BYTES


@pytest.mark.slow
def test_a_model_file_that_is_a_bomb_is_refused_by_the_command(tmp_path):
    from click.testing import CliRunner

    from convert.cli import main

    weights_in_a_zip(zipfile.ZIP_STORED)(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.keras", "a") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.10.0"}))
    result = CliRunner().invoke(main, [str(tmp_path / "a.keras"), "--check"])
    assert result.exit_code == 2
    assert "is no model file: array 'layers/dense/vars/0' has 0 bytes that would unpack to" in result.stderr
