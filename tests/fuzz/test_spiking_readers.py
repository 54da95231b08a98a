"""Readers of NIR files and recordings, on files that are almost right: a sentence or a result, never another error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import h5py
import numpy as np
import pytest

from convert.data.events.binning import Binning
from convert.data.events.files import read_recording
from convert.data.events.opening import open_events
from convert.errors import UserError
from convert.export.api import export_model
from convert.export.nir.kept import KEY
from convert.frontends.nir.assumed import Assumed
from convert.frontends.nir.network import network_of
from convert.frontends.nir.own import Foreign, own_network
from convert.frontends.nir.reading import read_graph
from convert.frontends.nir.reference import read_reference
from convert.network import require_runnable
from tests.builders.event_bundle import CLASSES, SHAPE, event_bundle, event_network, listed_events
from tests.builders.nir_files import affine, chain, conv2d, cuba, flatten, given, lif, out, pool2d, write_nir

from .mutations import mutated, mutated_json
from .test_readers import RUNS, SEED, tried

ODD = (
    np.array(-1.0),
    np.array(0),
    np.array(1e30),
    np.array(np.nan),
    np.array(2**40),
    np.zeros(0),
    np.ones((2, 2, 2, 2, 2)),
    np.ones(7),
    b"same",
    b"no such thing",
    np.array([3, 3, 3]),
    np.array(1 + 2j),
)


def read_nir(path: Path) -> None:
    require_runnable(network_of(read_graph(path), Assumed(), 40).network)


def net(path: Path) -> Path:
    nodes, edges = chain(
        i=given(2, 8, 6),
        c=conv2d(np.ones((3, 2, 3, 3)), padding=1),
        n=lif(3, 8, 6),
        p=pool2d("SumPool2d", 2, 2),
        f=flatten(),
        a=affine(np.ones((5, 36))),
        d={"type": "Scale", "scale": np.ones(5)},
        m=cuba(5),
        e={"type": "Delay", "delay": np.full(5, 0.002)},
        o=out(5),
    )
    return write_nir(path / "net.nir", nodes, edges)


def test_bytes_of_nir_files(tmp_path: Path) -> None:
    tried(net(tmp_path), read_nir, mutated)


def test_fields_of_nir_files(tmp_path: Path) -> None:
    content = net(tmp_path).read_bytes()
    refused = 0
    for seed in range(SEED, SEED + 3 * RUNS):
        rng, path = Random(seed), tmp_path / "net.nir"
        path.write_bytes(content)
        with h5py.File(path, "r+") as file:
            fields: list[str] = []
            file["node"].visititems(lambda name, o: fields.append(name) if isinstance(o, h5py.Dataset) else None)  # noqa: B023
            for name in rng.sample(fields, rng.randint(1, 2)):
                del file["node"][name]
                if rng.random() < 0.8:
                    file["node"][name] = rng.choice(ODD)
        try:
            read_nir(path)
        except UserError as error:
            refused += all(problem.strip() for problem in error.problems)
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")
    assert refused > RUNS


@pytest.mark.parametrize(
    "name", ["events.npz", "events.bin", "events.bs2", "events.aedat4", "events.raw", "events.dat"]
)
def test_recordings(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "events.npz":
        np.savez(path, **listed_events(3))

        def read(path: Path) -> None:
            data = open_events(path, SHAPE, Binning(0.001, 20), CLASSES).dataset
            for i in range(len(data)):
                data.image(i)

        tried(path, read, mutated)
        return
    path.write_bytes(bytes(range(5)) * 40)
    tried(path, read_recording, mutated)


def test_references(tmp_path: Path) -> None:
    network = event_network()
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "r.npz", input=rng.integers(0, 2, (2, 9, 2, 6, 5)), output=rng.integers(0, 2, (2, 9, 3)))
    read_reference(tmp_path / "r.npz", network)
    tried(tmp_path / "r.npz", lambda path: read_reference(path, network), mutated)
    np.savetxt(tmp_path / "r.csv", rng.integers(0, 2, (9, 3)), delimiter=",")
    tried(tmp_path / "r.csv", lambda path: read_reference(path, network), mutated)


def test_metadata_of_exported_files(tmp_path: Path) -> None:
    """A network or a reason why there is none, whatever the metadata says."""
    export_model(event_bundle(tmp_path), tmp_path / "a.nir")
    graph, foreign = read_graph(tmp_path / "a.nir"), 0
    text = str(graph.metadata[KEY]).encode()
    for seed in range(SEED, SEED + 3 * RUNS):
        rng = Random(seed)
        metadata = dict(graph.metadata)
        if rng.random() < 0.7:
            metadata[KEY] = rng.choice((mutated, mutated_json))(text, rng).decode(errors="replace")
        else:
            metadata[rng.choice(sorted(metadata.keys() - {KEY}))] = rng.choice(ODD)
        try:
            foreign += isinstance(own_network(replace(graph, metadata=metadata)), Foreign)
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")
    assert foreign > RUNS
