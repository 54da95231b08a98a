"""``export-model``: what it writes, says and refuses."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from scipy import sparse

import convert
from convert.bundle import NETWORK
from convert.export.cli import main as export_model
from convert.frontends.nir.own import Foreign, own_network
from convert.frontends.nir.reading import read_graph
from convert.network import INPUT, Convolution, Input, Network, Projection, Readout, Sparse
from convert.spiking.api import convert_nir
from convert.spiking.options import NirOptions
from tests.builders.event_bundle import event_bundle, listed_events
from tests.builders.image_networks import chain
from tests.builders.populations import population
from tests.convert.export.test_round_trip import bundled, images, u_net


def run(*arguments, code: int = 0) -> str:
    result = CliRunner().invoke(export_model, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return " ".join(result.output.split())


def test_it_says_what_nir_does_not(tmp_path: Path) -> None:
    said = run(bundled(images(), tmp_path), "-o", tmp_path / "a.nir")
    assert "a step is 0.001 in the file (--dt)" in said
    assert "on the chip a spike takes a step to each of 3 layers" in said
    assert "neurons of the host, which keep what is above the threshold" in said
    assert "voltages end 1 thresholds below the reset (vmin)" in said
    assert "rounds them to eight bits" in said
    assert "5 Conv2d, 4 IF, 1 Input, 1 Output" in said
    with h5py.File(tmp_path / "a.nir") as file:
        kept = file["node/metadata/not_in_nir"][()].decode()
        assert all(f"- {line}" in said for line in kept.split("\n"))
        assert float(file["node/nodes/p1/metadata/vmin"][()]) == -1.0
        assert file["node/nodes/p0/metadata/reset"][()] == b"subtract"
    said = run(bundled(u_net(), tmp_path / "u"), "-o", tmp_path / "u.nir")
    assert "blocks of 2 x 2 pixels are channels" in said
    assert "blocks of 4 x 4 pixels are channels" in said
    assert "for NIR has no transposed convolution" in said


def test_the_package_nir_reads_it(tmp_path: Path) -> None:
    nir = pytest.importorskip("nir")
    run(bundled(u_net(), tmp_path), "-o", tmp_path / "u.nir")
    graph = nir.read(tmp_path / "u.nir")
    kinds = {type(node).__name__ for node in graph.nodes.values()}
    assert kinds == {"Input", "Conv2d", "LIF", "Output"}
    assert graph.nodes["up"].output_type["output"].tolist() == [16, 4, 6]


def test_equal_bundles_give_equal_bytes_and_nothing_is_lost(tmp_path: Path) -> None:
    bundle, path = event_bundle(tmp_path), tmp_path / "a.nir"
    run(bundle, "-o", path)
    first = path.read_bytes()
    assert "is kept; choose another name or add --force" in run(bundle, "-o", path, code=2)
    path.write_text("mine")
    run(bundle, "-o", path, "--force")
    assert path.read_bytes() == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.nir", "events.bundle"]


def test_what_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    bundle = event_bundle(tmp_path)
    assert "choose a name that ends in .nir" in run(bundle, "-o", tmp_path / "a.h5", code=2)
    assert "make one with convert-model" in run(tmp_path, "-o", tmp_path / "a.nir", code=2)
    run(bundle, "-o", tmp_path / "a.nir", "--dt", "0", code=2)
    assert not (tmp_path / "a.nir").exists()


def huge() -> Network:
    """A map whose single synapses are of no pattern, and a layer after it."""
    network, shape = chain(2), (64, 64, 16)
    n = int(np.prod(shape))
    odd = sparse.csr_array(sparse.random_array((n, n), density=1e-8, rng=np.random.default_rng(0)))
    ones = Convolution(np.ones((1, 1, 16, 16)))
    projections = (
        Projection(INPUT, "p0", Convolution(np.ones((3, 3, 1, 16)))),
        Projection("p0", "p1", Sparse(odd)),
        Projection("p1", "p2", ones),
        Projection("p2", "out", Sparse(sparse.csr_array(([1.0], ([0], [0])), shape=(1, n)))),
    )
    return network.with_(
        input=Input((64, 64, 1)),
        populations=tuple(population(p.name, shape, on_chip=p.on_chip, floor=-1.0) for p in network.populations),
        projections=projections,
        readouts=(Readout("out", (1, 1, 1), np.zeros((1, 1, 1))),),
    )


def test_matrices_beyond_reason_are_refused_before_they_are_made(tmp_path: Path) -> None:
    said = run(bundled(huge(), tmp_path), "-o", tmp_path / "a.nir", code=2)
    assert "'p0' to 'p1': 16 GiB of weights" in said
    assert "'p1' to 'p2': 16 GiB of weights" in said
    assert not (tmp_path / "a.nir").exists()


def test_a_bundle_comes_back_by_convert_model(tmp_path: Path) -> None:
    bundle = event_bundle(tmp_path)
    run(bundle, "-o", tmp_path / "a.nir", "--dt", "1")
    report = convert_nir(tmp_path / "a.nir", tmp_path / "b.bundle")
    assert (tmp_path / "b.bundle" / NETWORK).read_bytes() == (bundle / NETWORK).read_bytes()
    for name, rates in convert.load_rates(bundle).items():
        np.testing.assert_array_equal(convert.load_rates(tmp_path / "b.bundle")[name], rates)
    assert report.assumed[0].startswith("the network is the one that export-model wrote")
    np.savez(tmp_path / "data.npz", **listed_events(4))
    report = convert_nir(tmp_path / "a.nir", tmp_path / "c.bundle", tmp_path / "data.npz")
    assert "float" in report.metrics
    assert (tmp_path / "c.bundle" / NETWORK).read_bytes() == (bundle / NETWORK).read_bytes()
    report = convert_nir(tmp_path / "a.nir", tmp_path / "d.bundle", options=NirOptions(dt=1.0))
    assert report.assumed[0].startswith("its metadata is left aside")


def test_images_need_no_data_to_come_back(tmp_path: Path) -> None:
    run(bundled(images(), tmp_path), "-o", tmp_path / "a.nir")
    with pytest.raises(convert.UserError, match="leave it out, and measure with deploy-model"):
        convert_nir(tmp_path / "a.nir", tmp_path / "b.bundle", tmp_path)
    convert_nir(tmp_path / "a.nir", tmp_path / "b.bundle")
    assert (tmp_path / "b.bundle" / NETWORK).read_bytes() == (tmp_path / "a.bundle" / NETWORK).read_bytes()


def test_nodes_that_were_changed_count_more_than_metadata(tmp_path: Path) -> None:
    run(event_bundle(tmp_path), "-o", tmp_path / "a.nir")
    with h5py.File(tmp_path / "a.nir", "a") as file:
        threshold = file["node/nodes/layer/v_threshold"]
        threshold[:] = 2.0 * threshold[:]
    found = own_network(read_graph(tmp_path / "a.nir"))
    assert isinstance(found, Foreign)
    assert "nodes were changed" in found.because
    report = convert_nir(tmp_path / "a.nir", tmp_path / "b.bundle")
    assert "nodes were changed" in report.assumed[0]
