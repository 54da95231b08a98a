"""What a light installation does: the same programs where TensorFlow, Nengo and what belongs to them cannot be
imported."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import numpy as np
import pytest

from convert.left_out import LEFT_OUT
from tests.builders.event_bundle import CLASSES, SHAPE, listed_events
from tests.builders.nir_files import write_nir
from tests.builders.onnx_models import node, resnet, unet, weights, write
from tests.builders.paths import ROOT
from tests.convert.frontends.nir.test_commands import small

COMMANDS = f"""
import json, sys
from importlib import import_module
for name in {sorted(set(LEFT_OUT) - {"onnx"})}:
    sys.modules[name] = None
for module, *arguments in json.loads(sys.argv[1]):
    try:
        import_module(module).main(arguments)
    except SystemExit as end:
        print("ended with", end.code)
"""
"""Each command in turn, none of the packages importable."""

REQUIREMENTS = """
import setuptools
from distutils.core import run_setup
print(*run_setup("setup.py", stop_after="init").install_requires, sep="\\n")
"""


def light(folder: Path, *commands: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(commands)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stdout.count("ended with") == len(commands), done.stderr
    return done


def ends(done: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall("ended with (.*)", done.stdout)


@pytest.mark.slow
def test_a_nir_file_goes_through_all_commands(tmp_path):
    write_nir(tmp_path / "net.nir", *small())
    np.savez(tmp_path / "data.npz", **listed_events(4))
    data = ["--data", "data.npz"]
    done = light(
        tmp_path,
        ["deploy.convert_model", "net.nir", *data, "--timesteps", "50", "-o", "net.bundle"],
        ["partition.cli", "net.bundle"],
        ["deploy.cli", "net.bundle", *data],
        ["deploy.report.cli", "net.bundle", "-o", "report.html"],
        ["convert.export.cli", "net.bundle", "-o", "again.nir"],
        ["deploy.verify.cli", "net.bundle", "report.json"],
    )
    assert ends(done) == ["0"] * 6, done.stdout + done.stderr
    run = json.loads((tmp_path / "net.bundle/runs/fast/run.json").read_text())
    assert run["exact"]
    assert not {"tensorflow", "nengo", "nengo-dl", "nengo-loihi"} & {p.stem for p in tmp_path.iterdir()}
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert (tmp_path / "again.nir").stat().st_size > 1000


@pytest.mark.slow
def test_a_bundle_from_elsewhere_runs_with_the_same_spikes(tiny, tiny_bundle):
    from click.testing import CliRunner

    from deploy.cli import main as deploy_model

    given = [str(tiny_bundle), "--data", str(tiny / "data.npz"), "--no-measure", "--name"]
    done = light(tiny, ["deploy.cli", *given, "light"], ["deploy.cli", *given[:3], "--name", "measured"])
    assert ends(done) == ["0", "2"], done.stdout + done.stderr
    assert "measuring the original on this machine (leave it out with --no-measure) needs TensorFlow" in done.stderr
    assert CliRunner().invoke(deploy_model, [*given, "whole"]).exit_code == 0
    runs = [json.loads((tiny_bundle / "runs" / name / "run.json").read_text()) for name in ("light", "whole")]
    for key in ("layers", "metrics", "spikes", "synops"):
        assert runs[0][key] == runs[1][key], key


@pytest.mark.slow
def test_onnx_files_go_through_all_commands(tmp_path):
    """A ResNet as it is, and a U-Net whose spikes are trained for a few steps, its max pooling replaced."""
    resnet(tmp_path / "resnet.onnx", size=8, channels=2, blocks=1)
    unet(tmp_path / "unet.onnx", size=8, channels=2)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "resnet.npz", x=rng.random((16, 8, 8, 3), np.float32), y=np.arange(16) % 3)
    np.savez(tmp_path / "unet.npz", x=rng.random((16, 8, 8, 1), np.float32), y=rng.integers(0, 2, (16, 8, 8)))
    trained = ["--max-pooling", "average", "--steps", "4", "--spiking-fine-tune", "2", "--rate-loss", "0.1"]
    done = light(
        tmp_path,
        ["deploy.convert_model", "resnet.onnx", "--check"],
        ["deploy.convert_model", "resnet.onnx", "--data", "resnet.npz", "--timesteps", "32", "-o", "resnet.bundle"],
        ["deploy.convert_model", "unet.onnx", "--data", "unet.npz", "-o", "unet.bundle", *trained],
        *(["partition.cli", f"{name}.bundle"] for name in ("resnet", "unet")),
        *(["deploy.cli", f"{name}.bundle", "--data", f"{name}.npz"] for name in ("resnet", "unet")),
        ["deploy.report.cli", "resnet.bundle", "unet.bundle", "-o", "report.html"],
    )
    assert ends(done) == ["0"] * 8, done.stdout + done.stderr
    for name in ("resnet", "unet"):
        run = json.loads((tmp_path / f"{name}.bundle/runs/fast/run.json").read_text())
        assert run["exact"]
        assert run["metrics"]["ann"], run["metrics"]
        assert (tmp_path / f"{name}.bundle/source.onnx").is_file()
        assert not (tmp_path / f"{name}.bundle/model.keras").exists()
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.slow
def test_an_architecture_in_onnx_is_trained_on_events(tmp_path):
    rows, columns, polarities = SHAPE
    constants = {"a": weights(4, polarities, 3, 3), "w": weights(CLASSES, 4 * rows * columns)}
    write(
        tmp_path / "net.onnx",
        node("Conv", "x a", "c", pads=[1] * 4),
        node("Relu", "c", "r"),
        node("Flatten", "r", "f"),
        node("Gemm", "f w", "y", transB=1),
        shape=("images", polarities, rows, columns),
        constants=constants,
    )
    np.savez(tmp_path / "data.npz", **listed_events(12))
    options = ["--steps", "12", "--epochs", "1", "-o", "net.bundle"]
    done = light(tmp_path, ["convert.train_model", "net.onnx", "--data", "data.npz", *options])
    assert ends(done) == ["0"], done.stdout + done.stderr


def test_what_needs_a_package_that_is_left_out_says_so_and_writes_nothing(tmp_path):
    (tmp_path / "net.keras").write_bytes(b"some file")
    resnet(tmp_path / "net.onnx", size=8, channels=2, blocks=1)
    np.savez(tmp_path / "data.npz", x=np.zeros((2, 8, 8, 3), np.uint8), y=np.zeros(2, np.int64))
    written = ["--data", "data.npz", "-o", "net.bundle"]
    done = light(
        tmp_path,
        ["deploy.convert_model", "net.keras", *written],
        ["deploy.convert_model", "net.keras", "--check"],
        ["deploy.convert_model", "net.onnx", *written, "--fine-tune", "1"],
        ["deploy.convert_model", "net.onnx", *written, "--spiking-fine-tune", "1"],
        ["deploy.convert_model", "net.onnx", *written, "--host-from", "stem"],
    )
    assert ends(done) == ["2"] * 5
    assert done.stderr.count("needs TensorFlow, which is not installed here: pip install 'tensorflow>=2.21,<2.22'") == 5
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"net.keras", "net.onnx", "data.npz"}


def test_a_target_names_all_that_it_lacks():
    asked = "from deploy.targets.registry import prepare; prepare('nengo-dl', None)"
    blocked = f"import sys; sys.modules |= dict.fromkeys({sorted(LEFT_OUT)})"
    done = subprocess.run(
        [sys.executable, "-c", f"{blocked}; {asked}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr.count("target 'nengo-dl' needs") == 3


def test_light_leaves_out_what_is_known_to_be_left_out():
    done = subprocess.run(
        [sys.executable, "-c", REQUIREMENTS], cwd=ROOT / "light", capture_output=True, text=True, check=True
    )
    own, whole = done.stdout.split("\n"), ConfigParser()
    whole.read(ROOT / "setup.cfg")
    names = [
        {re.match(r"[\w-]*", line)[0] for line in lines if line}
        for lines in (whole["options"]["install_requires"].split("\n"), own)
    ]
    assert names[0] - names[1] == {name.replace("_", "-") for name in LEFT_OUT} - {"onnx"}
    assert names[1] < names[0]


@pytest.mark.parametrize("package", sorted(set(LEFT_OUT.values())))
def test_the_way_out_is_what_setup_cfg_asks_for(package):
    whole = ConfigParser()
    whole.read(ROOT / "setup.cfg")
    asked = {line.partition(";")[0] for line in whole["options"]["install_requires"].split("\n")}
    quoted = set(re.findall("'(.*?)'", package.how)) - {"setuptools<81"}
    assert quoted
    assert quoted <= asked
