"""``verify-model`` on a bundle, its runs and its report: whole, changed, lost, or made from something else."""

from __future__ import annotations

import json
import os
import shutil

import h5py
import pytest
from click.testing import CliRunner

from convert.bundle import load_network, load_rates, load_report, save_bundle
from convert.export.cli import main as export_model
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from deploy.verify.cli import main as verify_model
from partition.cli import main as partition_model


def ran(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def said(*arguments):
    """The sentences of ``verify-model``, which finds something."""
    result = CliRunner().invoke(verify_model, [str(argument) for argument in arguments])
    assert result.exit_code == 2, result.output
    return result.stderr.splitlines()


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    """A folder with tiny.bundle, a run of it, and report.html."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(tiny / "tiny.bundle", folder / "tiny.bundle")
    ran(deploy_model, folder / "tiny.bundle", "--data", tiny / "data.npz", "--no-measure")
    ran(energy_report, folder / "tiny.bundle", "-o", folder / "report.html")
    return folder


@pytest.fixture
def bundle(made, tmp_path):
    """A copy that a test may spoil."""
    shutil.copytree(made, tmp_path / "made")
    return tmp_path / "made" / "tiny.bundle"


def test_what_was_made_together_belongs_together(tiny, bundle):
    given = ["--model", tiny / "model.keras", "--data", tiny / "data.npz"]
    for report in ("report.json", "report.html", "report.csv"):
        assert ran(verify_model, bundle, bundle.parent / report, *given) == "18 files belong together.\n"


def test_where_it_lies_and_when_it_was_made_does_not_matter(tiny, bundle):
    path = bundle / "partition.json"
    report = json.loads(path.read_text())
    report["timings"]["seconds"] += 5
    path.write_text(json.dumps(report, indent=7))
    ran(verify_model, bundle, bundle.parent / "report.json")


def test_everything_that_is_wrong_is_told_at_once(tiny, bundle):
    with (bundle / "rates.npz").open("ab") as file:
        file.write(b"x")
    (bundle / "partition.svg").unlink()
    (bundle.parent / "report.html").write_text("another page")
    sentences = said(
        bundle, bundle.parent / "report.json", "--model", tiny / "data.npz", "--data", tiny / "model.keras"
    )
    assert [sentence.split(" ", 2)[2].split("(")[0] for sentence in sentences] == [
        "has been changed since it was written with conversion.json ",
        "is missing, which was written with partition.json; run partition-model again",
        "has been changed since it was written with report.json ",
        "is not the model that was used ",
        "is not the data that was used ",
    ]


def test_another_partition_leaves_the_run_and_the_report_behind(bundle):
    ran(partition_model, bundle, "--force", "--board", "nahuku-8", "--objective", "hops", "--seed", 1)
    run, report = said(bundle, bundle.parent / "report.json")
    assert run.endswith("run.json was made from another partition.json; run deploy-model again")
    assert "report.json was made from another tiny.bundle/partition.json" in report


def test_another_network_leaves_the_partition_behind(bundle):
    network = load_network(bundle)
    arguments = (network.with_(timesteps=40), load_rates(bundle), load_report(bundle))
    shutil.copytree(bundle, bundle.parent / "kept")
    save_bundle(bundle, *arguments, force=True)
    for name in ("partition.json", "partition.svg"):
        shutil.copy(bundle.parent / "kept" / name, bundle / name)
    (sentence,) = said(bundle)
    assert sentence.endswith(
        "partition.json was made from another network.npz and another rates_p95.npz, which is missing; "
        "run partition-model again"
    )


def test_a_file_that_came_later(bundle):
    shutil.copy(bundle / "model.keras", bundle / "source.h5")
    (sentence,) = said(bundle)
    assert sentence.endswith("source.h5 was not written with conversion.json; remove it, or convert the model again")


def test_files_that_tell_nothing(bundle):
    for path in (bundle / "conversion.json", bundle / "partition.json"):
        report = json.loads(path.read_text())
        path.write_text(json.dumps({key: value for key, value in report.items() if key != "provenance"}))
    conversion, partition, run = said(bundle)
    assert conversion.endswith("does not say what it belongs to, as files of version 0.1.0; convert the model again")
    assert partition.endswith("does not say what it belongs to, as files of version 0.1.0; run partition-model again")
    assert "was made from another conversion.json and another partition.json" in run


def test_a_named_pipe_is_not_waited_for(tiny, bundle):
    for name in ("partition.json", "rates.npz"):
        (bundle / name).unlink()
        os.mkfifo(bundle / name)
    rates, partition, run = said(bundle, "--data", tiny / "data.npz")
    assert "rates.npz is missing" in rates
    assert partition.endswith("partition.json is no file; run partition-model again")
    assert "was made from another partition.json" in run


def test_a_report_of_a_bundle_that_is_not_named(bundle):
    (sentence,) = said(bundle.parent / "report.json")
    assert sentence.endswith("report.json was made from tiny.bundle too; name that bundle beside it")


def test_what_is_no_bundle(tmp_path):
    (sentence,) = said(tmp_path)
    assert sentence.endswith("is neither a bundle nor a report.json; name what convert-model wrote")
    assert "report.json" in said(tmp_path / "report.json")[0]


def test_a_file_that_was_exported_belongs_to_its_bundle(bundle):
    net = bundle.parent / "net.nir"
    ran(export_model, bundle, "-o", net)
    before = int(ran(verify_model, bundle).split()[0])
    assert ran(verify_model, bundle, net) == f"{before + 1} files belong together.\n"
    assert "name that bundle beside it" in said(net)[0]
    save_bundle(bundle, load_network(bundle).with_(timesteps=31), load_rates(bundle), load_report(bundle), force=True)
    assert any("net.nir was made from another conversion.json and another network.npz" in s for s in said(bundle, net))
    with h5py.File(net, "a") as file:
        node = next(node for node in file["node/nodes"].values() if "weight" in node)
        node["weight"][...] = 0.0
    assert any("its nodes were changed after export-model wrote them" in s for s in said(bundle, net))
