"""Bundles, partitions and boards that are damaged or do not fit."""

from __future__ import annotations

import itertools
import json

import msgspec
import numpy as np
import pytest

from convert.bundle import load_report
from convert.network import Input
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from partition.cli import main as partition_model
from tests.builders.populations import population
from tests.builders.refusing import cut_in_half, empty, refused, text


@pytest.mark.parametrize("command", [partition_model, deploy_model, energy_report], ids=lambda c: c.name)
def test_no_bundle(command, tiny, tmp_path):
    data = ["--data", tiny / "data.npz"] if command is deploy_model else []
    refused(command, [tmp_path / "none", *data], "none.*(is not a bundle|no such folder)", folder=tmp_path)
    (tmp_path / "folder").mkdir()
    refused(command, [tmp_path / "folder", *data], "folder is not a bundle.*convert-model", folder=tmp_path)


def flip_bytes(path):
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 4, len(data) * 3 // 4, 7):
        data[place] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("spoil", [cut_in_half, flip_bytes, empty, text])
@pytest.mark.parametrize(
    ("command", "name"),
    [
        (partition_model, "network.npz"),
        (partition_model, "rates.npz"),
        (partition_model, "rates_p95.npz"),
        (deploy_model, "network.npz"),
        (deploy_model, "conversion.json"),
        (deploy_model, "partition.json"),
        (deploy_model, "calibration.npz"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_damaged_bundle(command, name, spoil, tiny, tiny_bundle, tmp_path):
    spoil(tiny_bundle / name)
    data = ["--data", tiny / "data.npz"] if command is deploy_model else []
    again = "run partition-model again" if name == "partition.json" else "convert the model again"
    refused(command, [tiny_bundle, *data], rf"{name} is damaged \(.*\); {again}$", folder=tmp_path)


def test_a_bundle_that_is_not_partitioned(tiny, tiny_bundle, tmp_path):
    (tiny_bundle / "partition.json").unlink()
    refused(
        deploy_model,
        [tiny_bundle, "--data", tiny / "data.npz"],
        "has no partition.json; run 'partition-model ",
        folder=tmp_path,
    )


def test_the_partition_of_another_network(tiny, tiny_bundle, tmp_path):
    partition = json.loads((tiny_bundle / "partition.json").read_text())
    for entry in (*partition["layers"], *partition["blocks"]):
        for key in ("name", "layer"):
            if key in entry:
                entry[key] = f"other {entry[key]}"
    (tiny_bundle / "partition.json").write_text(json.dumps(partition))
    refused(
        deploy_model,
        [tiny_bundle, "--data", tiny / "data.npz"],
        "does not cut this network.*run partition-model",
        folder=tmp_path,
    )


def test_the_model_as_a_target_of_a_bundle_without_it(tiny, tiny_bundle, tmp_path):
    (tiny_bundle / "source.keras").unlink()
    (tiny_bundle / "rate_network.npz").unlink()
    refused(
        deploy_model,
        [tiny_bundle, "--data", tiny / "data.npz", "--target", "keras"],
        "and there is none; use --target fast$",
        folder=tmp_path,
    )


def test_a_bundle_that_has_lost_the_model_it_is_measured_by(tiny, tiny_bundle, tmp_path):
    (tiny_bundle / "source.keras").unlink()
    report = msgspec.structs.replace(load_report(tiny_bundle), rate_network_is_original=False)
    (tiny_bundle / "conversion.json").write_bytes(msgspec.json.encode(report))
    refused(
        deploy_model,
        [tiny_bundle, "--data", tiny / "data.npz"],
        r"is damaged \(no source model in it\)",
        folder=tmp_path,
    )


BAD_RUNS = {
    "loihi without NxSDK": (["--target", "loihi"], "needs Intel's NxSDK .* use --target fast"),
    "continuous in nengo-dl": (
        ["--target", "nengo-dl", "--continuous"],
        "leave out --continuous or use --target fast$",
    ),
    "skips everything": (["--skip", 6], "has 6 images and --skip leaves out 6; skip fewer$"),
    "name of another folder": (["--name", "../../there"], "leave out slashes and leading dots$"),
}


@pytest.mark.parametrize("case", BAD_RUNS)
def test_a_run_that_cannot_start(case, tiny, tiny_bundle, tmp_path):
    options, sentence = BAD_RUNS[case]
    refused(deploy_model, [tiny_bundle, "--data", tiny / "data.npz", *options], sentence, folder=tmp_path)


def board_file(content):
    def write(folder):
        (folder / "board.json").write_text(content)
        return folder / "board.json"

    return write


BAD_BOARDS = {
    "unknown": (lambda folder: "loihi-9", "board 'loihi-9': neither a known board nor a file; choose one of auto"),
    "not JSON": (board_file("{"), "not readable as JSON"),
    "without chips": (board_file('{"name": "x"}'), "needs an object with the number of chips"),
    "unknown key": (board_file('{"chips": 1, "colour": "red"}'), r"unknown keys \['colour'\]"),
}


@pytest.mark.parametrize("case", BAD_BOARDS)
def test_a_bad_board(case, tiny_bundle, tmp_path):
    make, sentence = BAD_BOARDS[case]
    refused(partition_model, [tiny_bundle, "--force", "--board", make(tmp_path)], sentence, folder=tmp_path)


def test_a_board_too_small(tiny_bundle, tmp_path):
    from convert.bundle import save_rates
    from convert.network import INPUT, Convolution, Network, Projection, Readout
    from convert.network.archive.file import save_network

    shape = (256, 256, 3)
    populations = tuple(population(n, shape, on_chip=n == "chip", scale_hz=1.0) for n in ("host", "chip"))
    names = (INPUT, "host", "chip", "out")
    projections = tuple(Projection(a, b, Convolution(np.ones((3, 3, 3, 3)))) for a, b in itertools.pairwise(names))
    network = Network(Input(shape), populations, projections, (Readout("out", shape, np.zeros(shape)),))
    save_network(network, tiny_bundle / "network.npz")
    save_rates({p.name: np.ones(shape, np.float32) for p in populations}, tiny_bundle / "rates.npz")
    (tiny_bundle / "rates_p95.npz").unlink()
    for options in (["--board", "single-chip"], ["--chips", 1]):
        refused(
            partition_model,
            [tiny_bundle, "--force", *options],
            "the network needs at least .* cores, 1 x 128 = 128 are there; use",
            folder=tmp_path,
        )
    for options in (["--board", "kapoho-bay", "--chips", 3], ["--chips", 0]):
        refused(
            partition_model,
            [tiny_bundle, "--force", *options],
            "(has 2 chips, .*ask for fewer|chips is 0; use at least 1)",
            folder=tmp_path,
        )
