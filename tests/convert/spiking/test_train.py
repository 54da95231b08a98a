"""A network trained from scratch on recordings: what it learns, that it is the emulator's, and what is refused."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from convert.bundle import NETWORK, RATES, load_network, load_report
from convert.data.events.binning import Binning
from convert.data.events.opening import open_events
from convert.errors import UserError
from convert.spiking.train import train
from convert.spiking.train_options import TrainOptions
from convert.train_model import main as train_model
from deploy import run_images
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from deploy.verify.cli import main as verify_model
from partition.cli import main as partition_model
from partition.result import read_partition
from tests.builders.moving_bars import CLASSES, SHAPE, STEPS, write_architecture, write_bars

CHANCE = 1 / CLASSES
OPTIONS = TrainOptions(steps=STEPS, leak=0.25, epochs=8, batch=16, shift=1, drop=0.1, seed=3)


def ran(command, *arguments, code=0) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> Path:
    """A folder with an architecture, recordings to learn from and to test on, and a bundle trained by the command."""
    folder = tmp_path_factory.mktemp("train")
    write_architecture(folder / "net.keras")
    write_bars(folder / "train.npz", 96)
    write_bars(folder / "test.npz", 48, seed=1)
    options = ["--steps", STEPS, "--leak", 0.25, "--epochs", 8, "--batch", 16, "--shift", 1, "--drop", 0.1, "--seed", 3]
    said = ran(
        train_model,
        *(folder / "net.keras", "--data", folder / "train.npz", "--held-out", folder / "test.npz"),
        *(*options, "-o", folder / "bars.bundle"),
    )
    (folder / "said.txt").write_text(said)
    ran(partition_model, folder / "bars.bundle")
    return folder


def test_it_learns_and_says_what_it_is(given: Path) -> None:
    report, said = load_report(given / "bars.bundle"), (given / "said.txt").read_text()
    assert report.metrics["spiking"]["accuracy"] > CHANCE + 0.4
    assert "By the chip's spikes, 48 recordings of test.npz: accuracy" in said
    assert "neurons lose 1024/4096 of their voltage in a step" in said
    assert report.provenance.command.startswith("train-model net.keras --data train.npz --held-out test.npz --steps 8")


def test_what_was_measured_in_training_is_what_the_chip_gives(given: Path) -> None:
    bundle = given / "bars.bundle"
    network, report = load_network(bundle), load_report(bundle)
    data = open_events(given / "test.npz", SHAPE, Binning(network.dt_s, STEPS), CLASSES).dataset
    recordings = np.stack([data.image(i) for i in range(len(data))])
    outputs = run_images(network, read_partition(bundle / "partition.json"), recordings).outputs[-1]
    right = outputs.argmax(axis=-1) == [data.label(i) for i in range(len(data))]
    assert np.mean(right) == report.metrics["spiking"]["accuracy"]


def test_the_other_commands_take_the_bundle(given: Path) -> None:
    bundle = given / "bars.bundle"
    said = ran(deploy_model, bundle, "--data", given / "test.npz", "--images", 8, "--no-measure")
    assert "48 recordings in 8 steps of 1 ms" in said
    ran(energy_report, bundle, "-o", given / "report.html")
    ran(verify_model, bundle, "--model", given / "net.keras", "--data", given / "train.npz")


def test_the_same_again_gives_the_same_bytes_and_a_seed_others(given: Path, tmp_path: Path) -> None:
    short = replace(OPTIONS, epochs=1)
    bundles = []
    for k, seed in enumerate((0, 0, 1)):
        bundles.append(tmp_path / f"{k}.bundle")
        train(given / "net.keras", given / "train.npz", bundles[-1], replace(short, seed=seed))
    one, again, other = ([(b / name).read_bytes() for name in (NETWORK, RATES)] for b in bundles)
    assert one == again != other


def test_it_goes_on_after_it_was_killed(given: Path, tmp_path: Path) -> None:
    short = replace(OPTIONS, epochs=1)
    train(given / "net.keras", given / "train.npz", tmp_path / "whole.bundle", short)

    def killed(what, total):
        def advance(steps):
            seen.append(steps)
            if len(seen) == 3:
                raise KeyboardInterrupt

        return nullcontext(advance)

    seen: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        train(given / "net.keras", given / "train.npz", tmp_path / "killed.bundle", short, progress=killed)
    assert not (tmp_path / "killed.bundle").exists()
    train(given / "net.keras", given / "train.npz", tmp_path / "killed.bundle", short)
    whole, went_on = ((tmp_path / name / NETWORK).read_bytes() for name in ("whole.bundle", "killed.bundle"))
    assert whole == went_on
    assert not list(tmp_path.glob(".*unfinished"))


def test_it_writes_nothing_and_says_why(given: Path, tmp_path: Path) -> None:
    data, bundle = given / "train.npz", tmp_path / "b.bundle"
    biased = write_architecture(tmp_path / "biased.keras", bias=True)
    with pytest.raises(UserError, match="have biases or offsets that are not 0"):
        train(biased, data, bundle, OPTIONS)
    with pytest.raises(UserError, match="no such file; give the architecture"):
        train(tmp_path / "none.keras", data, bundle, OPTIONS)
    with pytest.raises(UserError) as error:
        train(given / "net.keras", data, bundle, replace(OPTIONS, leak=1.5, epochs=0, drop=1.0))
    assert len(str(error.value).splitlines()) == 3
    np.savez(tmp_path / "silent.npz", x=np.zeros((4, STEPS, *SHAPE), np.uint8), y=np.arange(4))
    np.savez(tmp_path / "images.npz", x=np.ones((4, STEPS, *SHAPE), np.uint8), y=np.full((4, 5, 6), 0.5))
    with pytest.raises(UserError, match=r"images.npz is labelled with numbers.*give a class for each recording"):
        train(given / "net.keras", tmp_path / "images.npz", bundle, OPTIONS)
    with pytest.raises(UserError, match="layer 'first' fires in less than"):
        train(given / "net.keras", tmp_path / "silent.npz", bundle, OPTIONS)
    assert not bundle.exists()
    assert not list(tmp_path.glob(".b*"))
