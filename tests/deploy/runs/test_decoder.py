"""A decoder on the host: every command runs it, counts it apart and says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import convert
import deploy
from convert.bundle import load_network
from convert.cli import main as convert_model
from convert.frontends.keras.decoder import read_decoder
from convert.simulated_events.cli import main as make_events
from convert.upstream.tensorflow import load_keras3
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from deploy.runs.original import decoder_of
from deploy.verify.cli import main as verify_model
from partition.cli import main as partition_model
from partition.result import read_partition
from tests.builders.hybrids import SIZE, gated, hybrid_data
from tests.builders.nir_files import chain, conv2d, given, integrate, out, write_nir
from tests.builders.refusing import refused

MACS = 8 * 8 * (9 * 4 * 4 + 4 + 4 + 4 + 1) + 8 * 8 * 4 + 4 * 4 + 4
"""Of 'up', the product, the normalization, 'image' and its sigmoid; the mean of the map; 'gate' and its sigmoid."""


def ran(command, *arguments) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """model.keras, data.npz and a partitioned bundle of what comes before its layer 'up'."""
    folder = tmp_path_factory.mktemp("hybrid")
    gated(load_keras3()).save(folder / "model.keras")
    options = ("--host-from", "up", "--timesteps", "48", "-o", folder / "b")
    ran(convert_model, folder / "model.keras", "--data", hybrid_data(folder), *options)
    ran(partition_model, folder / "b")
    return folder


def run_json(bundle: Path, name: str = "fast") -> dict:
    return json.loads((bundle / "runs" / name / "run.json").read_text())


@pytest.mark.slow
def test_every_command_takes_a_decoder(folder: Path) -> None:
    bundle = folder / "b"
    report = convert.load_report(bundle)
    assert report.decoder is not None
    assert (report.decoder.name, report.decoder.in_model, report.decoder.input_shape) == ("up", True, (SIZE, SIZE, 4))
    assert (report.task, [layer.name for layer in report.layers]) == ("regression", ["first_relu", "second_relu"])
    whole = load_keras3().saving.load_model(folder / "model.keras")
    with np.load(folder / "data.npz") as data:
        error = float(np.mean((np.asarray(whole(data["x"])) - data["y"]) ** 2))
    assert report.metrics["ann"]["mse"] == pytest.approx(error, rel=1e-4)
    ran(deploy_model, bundle, "--data", folder / "data.npz")
    run = run_json(bundle)
    assert run["decoder"] == {"name": "up", "macs": MACS}
    assert run["metrics"]["ann"]["psnr"] == pytest.approx(report.metrics["ann"]["psnr"], rel=1e-4)
    assert run["metrics"]["snn"]["psnr"] == pytest.approx(run["metrics"]["ann"]["psnr"], abs=0.5)
    said = ran(energy_report, bundle, "-o", folder / "report.html")
    assert f"The decoder 'up' on the host, {MACS:,} multiply-accumulates an inference, is not in Loihi's joules" in said
    assert "its decoder has no form that the engines here run" in said
    chips = [d for d in json.loads((folder / "report.json").read_text())["devices"] if d["kind"] == "spiking chip"]
    assert all("is not in Loihi's joules" in d["assumptions"][-1] for d in chips)
    ran(verify_model, bundle, "--model", folder / "model.keras")


def test_outputs_are_the_decoders_of_the_networks(folder: Path) -> None:
    bundle = folder / "b"
    network, partition = load_network(bundle), read_partition(bundle / "partition.json")
    with np.load(folder / "data.npz") as data:
        images = data["x"][:2]
    features = deploy.run_images(network, partition, images, steps=(24, 48)).outputs
    decoder = decoder_of(bundle)
    assert decoder is not None
    for target in ("fast", "emulator"):
        found = deploy.run_images(network, partition, images, target=target, steps=(24, 48), decoder=decoder).outputs
        for k in range(2):
            np.testing.assert_allclose(found[k], decoder(features[k]), atol=1e-6)


def test_a_check_says_what_the_host_runs(folder: Path) -> None:
    said = ran(convert_model, folder / "model.keras", "--check", "--host-from", "up")
    assert "run by the host, in Keras, with all that follows: up" in said
    refused(convert_model, [folder / "model.keras", "--check"], "attention.*--host-from", "norm", "gate", folder=folder)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host-from", "up", "--fine-tune", "2"], "--fine-tune would train .* leave out --host-from, or train"),
        (["--host-from", "up", "--decoder", "d.keras"], "leave out one of them$"),
        (["--decoder-takes", "counts", "--host-from", "up"], "add --decoder FILE, or leave it out$"),
        (["--host-from", "attention"], "'attention' cannot begin the host's part"),
        (["--max-pooling", "or"], "of rates an OR is no maximum: use --max-pooling average"),
    ],
)
def test_what_does_not_go_together(folder: Path, tmp_path: Path, arguments: list[str], sentence: str) -> None:
    given = [folder / "model.keras", "--data", folder / "data.npz", "-o", tmp_path / "b", *arguments]
    refused(convert_model, given, sentence, folder=tmp_path)


@pytest.fixture(scope="module")
def spiking(folder: Path) -> Path:
    """net.nir, decoder.keras on its counts, events.npz behind a fence and a bundle of them all."""
    from PIL import Image

    rng = np.random.default_rng(4)
    (folder / "slices").mkdir()
    Image.fromarray(rng.integers(0, 256, (20, 20), np.uint8)).save(folder / "slices" / "a.png")
    crops = ("--crop", SIZE, SIZE, "--recordings", 5, "--duration", 0.04)
    ran(make_events, folder / "slices", "-o", folder / "events.npz", "--motion", "fence", *crops)
    graph = chain(
        i=given(2, SIZE, SIZE),
        c=conv2d(rng.normal(0.2, 0.3, (3, 2, 3, 3)), padding=1, bias=0.0),
        n=integrate(3, SIZE, SIZE),
        o=out(3, SIZE, SIZE),
    )
    write_nir(folder / "net.nir", *graph)
    keras = load_keras3()
    counts = keras.Input((SIZE, SIZE, 3))
    keras.Model(counts, keras.layers.Conv2D(1, 1, activation="sigmoid")(counts)).save(folder / "decoder.keras")
    options = ("--decoder", folder / "decoder.keras", "--decoder-takes", "counts", "--timesteps", "40")
    ran(convert_model, folder / "net.nir", "--data", folder / "events.npz", "-o", folder / "nir", *options)
    ran(partition_model, folder / "nir")
    return folder


def test_spike_counts_of_simulated_events_are_decoded(spiking: Path) -> None:
    bundle = spiking / "nir"
    report = convert.load_report(bundle)
    assert report.provenance is not None
    assert report.provenance.command == (
        "convert-model net.nir --data events.npz --decoder decoder.keras --timesteps 40 --decoder-takes counts"
    )
    assert (report.task, report.metrics_measured_on) == ("regression", "5 simulated recordings of events.npz")
    said = ran(deploy_model, bundle, "--data", spiking / "events.npz")
    assert "SIMULATED events: a fence, bars of 4 pixels 4 apart" in said
    run = run_json(bundle)
    assert run["simulated"].startswith("a fence")
    assert run["decoder"] == {"name": "decoder.keras", "macs": SIZE * SIZE * 4}
    assert run["metrics"]["snn"]["psnr"] == pytest.approx(report.metrics["float"]["psnr"], abs=1.5)
    said = ran(energy_report, bundle, "-o", spiking / "nir.html")
    assert "The events are simulated: a fence" in said
    with np.load(bundle / "runs" / "fast" / "outputs.npz") as held:
        outputs, labels = held["outputs"], held["labels"]
    assert outputs.shape == labels.shape == (5, SIZE, SIZE, 1)
    mse = np.mean((outputs - labels).reshape(5, -1).astype(np.float64) ** 2, axis=1)
    assert run["metrics"]["snn"]["psnr"] == pytest.approx(np.mean(-10 * np.log10(mse)), rel=1e-6)


def test_a_decoder_of_another_shape_is_refused(spiking: Path, tmp_path: Path) -> None:
    keras = load_keras3()
    other = keras.Input((SIZE, SIZE, 2))
    keras.Model(other, keras.layers.Conv2D(1, 1)(other)).save(spiking / "other.keras")
    given = [spiking / "net.nir", "-o", tmp_path / "b", "--decoder", spiking / "other.keras"]
    refused(convert_model, given, "other.keras takes 8 x 8 x 2, and the network gives 8 x 8 x 3", folder=tmp_path)
    assert read_decoder(spiking / "other.keras").output_shape == (SIZE, SIZE, 1)
