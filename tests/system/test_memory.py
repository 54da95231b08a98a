"""Commands with too little memory, or too few steps: one sentence, exit code 2, and nothing is written."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from convert.bundle import load_network, load_rates, load_report, save_bundle
from deploy.convert_model import main as convert_model
from partition.cli import main as partition_model
from tests.builders.paths import ROOT

COMMANDS = {"convert": "deploy.convert_model", "partition": "partition.cli", "deploy": "deploy.cli"}


def within(mebibytes, command, *arguments):
    """The command in a process whose address space is so small; its exit code and what it said."""
    limit = mebibytes * 2**20
    code = (
        f"import resource\nresource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))\n"
        f"from {COMMANDS[command]} import main\nmain({[str(a) for a in arguments]!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT, timeout=300
    )
    return done.returncode, done.stderr


def files(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("mebibytes", [256, 500])
def test_an_address_space_that_holds_no_libraries_is_refused(mebibytes, tiny, tiny_bundle):
    before = files(tiny_bundle)
    data = tiny / "data.npz"
    for command, arguments in (
        ("convert", [tiny / "model.keras", "--data", data, "-o", tiny_bundle, "--force"]),
        ("partition", [tiny_bundle, "--force"]),
        ("deploy", [tiny_bundle, "--data", data, "--no-measure"]),
    ):
        code, said = within(mebibytes, command, *arguments)
        assert (code, said.count("\n")) == (2, 1)
        assert said.startswith(f"error: there are {mebibytes} MiB of address space (ulimit -v), and the libraries")
    assert files(tiny_bundle) == before


def test_an_address_space_that_holds_no_tensorflow_is_refused(tiny, tiny_bundle):
    before = files(tiny_bundle)
    code, said = within(
        1500, "convert", tiny / "model.keras", "--data", tiny / "data.npz", "-o", tiny_bundle, "--force"
    )
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("error: there are 1.46 GiB of address space (ulimit -v), and TensorFlow")
    assert files(tiny_bundle) == before


@pytest.mark.slow
def test_what_is_foreseen_is_said_and_refused_where_it_is_too_much(tiny, tmp_path):
    arguments = ["--data", str(tiny / "data.npz"), "--timesteps", "32", "-o", str(tmp_path / "b")]
    refused = CliRunner().invoke(convert_model, [str(tiny / "model.keras"), *arguments, "--memory", "100M"])
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.split())
    assert said.startswith("error: about 7")
    assert "MiB of it for libraries), and there are 100 MiB given with --memory; use a machine with more memory" in said
    assert not list(tmp_path.iterdir())


def test_too_few_steps_are_refused_before_the_data_is_read(tmp_path):
    """Sixteen layers: eight steps do not pass them."""
    from convert.upstream.tensorflow import load_keras3

    keras = load_keras3()
    layers = keras.layers
    x = image = keras.Input((8, 8, 1))
    for _ in range(10):
        x = layers.Conv2D(1, 1, activation="relu")(x)
    keras.Model(image, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x))).save(
        tmp_path / "deep.keras"
    )
    (tmp_path / "unreadable.npz").write_bytes(b"no archive")
    arguments = [tmp_path / "deep.keras", "--data", tmp_path / "unreadable.npz", "-o", tmp_path / "b", "--timesteps", 9]
    result = CliRunner().invoke(convert_model, [str(a) for a in arguments])
    assert result.exit_code == 2
    assert "9 timesteps end before a spike has passed the 9 layers on the chip" in " ".join(result.stderr.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep.keras", "unreadable.npz"]


def test_a_bundle_of_too_few_steps_is_not_partitioned(tiny_bundle, tmp_path):
    network = load_network(tiny_bundle)
    short = network.with_(timesteps=max(network.depth().values()))
    save_bundle(tmp_path / "short.bundle", short, load_rates(tiny_bundle), load_report(tiny_bundle))
    result = CliRunner().invoke(partition_model, [str(tmp_path / "short.bundle")])
    assert result.exit_code == 2
    assert "timesteps end before a spike has passed" in " ".join(result.stderr.split())
    assert not (tmp_path / "short.bundle" / "partition.json").exists()
