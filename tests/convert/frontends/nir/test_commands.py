"""Every command on a NIR file; what was assumed, compared and refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import convert
from convert.cli import main as convert_model
from convert.spiking.api import convert_nir
from convert.spiking.options import NirOptions
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from deploy.verify.cli import main as verify_model
from partition.cli import main as partition_model
from tests.builders.event_bundle import listed_events
from tests.builders.nir_files import (
    Edges,
    Nodes,
    chain,
    conv2d,
    flatten,
    given,
    integrate,
    lif,
    linear,
    out,
    simulated_by_hand,
    write_nir,
)
from tests.builders.shared import shared_file


def run(command, *arguments, code: int = 0) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return " ".join(result.output.split())


def small() -> tuple[Nodes, Edges]:
    rng = np.random.default_rng(8)
    return chain(
        i=given(2, 6, 5),
        c=conv2d(rng.normal(0.1, 0.3, (3, 2, 3, 3)), padding=1, bias=0.0),
        n=lif(3, 6, 5),
        f=flatten(),
        a=linear(rng.normal(0.05, 0.2, (3, 90))),
        m=integrate(3),
        o=out(3),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with net.nir, data.npz, and a bundle that was converted on them."""
    folder = tmp_path_factory.mktemp("nir")
    write_nir(folder / "net.nir", *small())
    np.savez(folder / "data.npz", **listed_events(6))
    options = ("--data", folder / "data.npz", "--timesteps", "50", "-o", folder / "net.bundle")
    (folder / "said.txt").write_text(run(convert_model, folder / "net.nir", *options))
    run(partition_model, folder / "net.bundle")
    return folder


@pytest.mark.slow
def test_every_command(folder: Path) -> None:
    said, bundle = (folder / "said.txt").read_text(), folder / "net.bundle"
    assert "a step is 0.001 s (--dt); NIR says none" in said
    assert "not compared with another simulator" in said
    assert "In floating point, 6 recordings of data.npz: accuracy" in said
    report = convert.load_report(bundle)
    assert (report.model, report.timesteps, report.assumed[0]) == (
        "net.nir",
        50,
        "a step is 0.001 s (--dt); NIR says none",
    )
    assert report.provenance is not None
    assert report.provenance.command == "convert-model net.nir --data data.npz --timesteps 50"
    run(deploy_model, bundle, "--data", folder / "data.npz")
    metrics = json.loads((bundle / "runs" / "fast" / "run.json").read_text())["metrics"]
    assert "ann" not in metrics
    assert abs(metrics["snn"]["accuracy"] - report.metrics["float"]["accuracy"]) < 0.35
    assert "no ANN to compare with: none lies" in run(energy_report, bundle, "-o", folder / "report.html")
    report = json.loads((folder / "report.json").read_text())
    assert {point["recipe"] for front in report["fronts"] for point in front["points"]} == {"as given"}
    run(verify_model, bundle, "--model", folder / "net.nir", "--data", folder / "data.npz")


def test_a_check_writes_nothing(folder: Path) -> None:
    said = run(convert_model, folder / "net.nir", "--check")
    assert "input 6 x 5 x 2 (events), 93 neurons on the chip" in said
    assert "a step is 0.001 s (--dt)" in said


def test_without_recordings_rates_are_guessed(folder: Path, tmp_path: Path) -> None:
    said = run(convert_model, folder / "net.nir", "-o", tmp_path / "b.bundle")
    assert "neurons are taken to fire in 2% of the steps" in said
    assert {float(r.max()) for r in convert.load_rates(tmp_path / "b.bundle").values()} == {20.0}


def test_a_reference_is_compared(folder: Path, tmp_path: Path) -> None:
    nodes, edges = small()
    events = (np.random.default_rng(0).random((2, 40, 2, 6, 5)) < 0.1).astype(np.uint8)
    spikes = np.stack([simulated_by_hand(nodes, edges, one, 0.001) for one in events])
    np.savez(tmp_path / "reference.npz", input=events, output=spikes)
    arguments = (folder / "net.nir", "--reference", tmp_path / "reference.npz", "-o", tmp_path / "b.bundle")
    total = int(spikes.sum())
    said = run(convert_model, *arguments)
    assert f"of its {total} spikes at the same steps, 2 later" in said
    np.savez(tmp_path / "reference.npz", input=events[..., :4], output=spikes)
    assert "input has shape (2, 40, 2, 6, 4)" in run(convert_model, *arguments, "--force", code=2)


def test_what_does_not_go_together_is_refused(folder: Path, tmp_path: Path) -> None:
    nir, bundle = folder / "net.nir", tmp_path / "b.bundle"
    said = run(convert_model, nir, "-o", bundle, "--fine-tune", "3", "--seed", "4", code=2)
    assert "with its weights; leave out --" in said
    assert all(option in said for option in ("--fine-tune", "--seed"))
    assert "OR is exact: leave it out" in run(convert_model, nir, "-o", bundle, "--max-pooling", "average", code=2)
    assert "leave out --dt" in run(convert_model, "m.keras", "--data", "d", "-o", bundle, "--dt", "0.1", code=2)
    assert "Missing -o" in run(convert_model, nir, code=2)
    assert "leave out --json" in run(convert_model, nir, "--check", "--json", code=2)
    assert "no such file" in run(convert_model, "none.nir", "-o", bundle, code=2)
    assert not bundle.exists()


def test_one_neuron_is_that_of_a_loihi_chip(tmp_path: Path) -> None:
    """norse's file, Lava's trace: all four spikes, a step after the input as there."""
    model = shared_file("models/nir/lif_norse.nir")
    trace = shared_file("models/nir/lif_lava_loihi_fixed.csv")
    said = run(convert_model, model, "--dt", "1e-4", "--reference", trace, "-o", tmp_path / "b.bundle")
    assert "4 of its 4 spikes at the same steps, 0 later, of 4 here" in said


@pytest.mark.slow
def test_n_mnist_on_exact_integers(tmp_path: Path) -> None:
    model, data = shared_file("models/nir/cnn_sinabs.nir"), shared_file("data/events/nmnist_test60.npz")
    convert_nir(model, tmp_path / "n.bundle", data, NirOptions(timesteps=300))
    run(partition_model, tmp_path / "n.bundle", "--seconds", "2")
    run(deploy_model, tmp_path / "n.bundle", "--data", data, "--no-measure")
    found = json.loads((tmp_path / "n.bundle" / "runs" / "fast" / "run.json").read_text())
    assert round(60 * found["metrics"]["snn"]["accuracy"]) >= 58
