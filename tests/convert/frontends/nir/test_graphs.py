"""Graphs: sums, inner graphs, names, the output; and everything that cannot be held, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from convert.errors import UserError
from convert.frontends.nir.assumed import Assumed
from convert.frontends.nir.network import Made, network_of
from convert.frontends.nir.reading import read_graph
from convert.network import Network
from tests.builders.nir_files import (
    Edges,
    Nodes,
    affine,
    chain,
    conv2d,
    given,
    integrate,
    lif,
    linear,
    out,
    pool2d,
    write_nir,
)


def made(path: Path, nodes: Nodes, edges: Edges, **assumed: float) -> Made:
    return network_of(read_graph(write_nir(path / "a.nir", nodes, edges)), Assumed(**assumed), 40)


def into(network: Network, target: str) -> list[tuple[str, float]]:
    """Sources and the sums of their weights."""
    return [(p.source, float(p.transform.weights.sum())) for p in network.into(target)]


def test_several_edges_into_a_node_are_a_sum(tmp_path: Path) -> None:
    nodes = {
        "i": given(2),
        "one": linear(np.eye(2)),
        "1": integrate(2),
        "two": affine(3 * np.eye(2)),
        "three": linear(2 * np.eye(2)),
        "sum": integrate(2, v_threshold=2.0),
        "o": out(2),
    }
    edges = [("i", "one"), ("one", "1"), ("1", "two"), ("i", "two"), ("1", "three"), ("two", "sum"), ("three", "sum")]
    network = made(tmp_path, nodes, [*edges, ("sum", "o")]).network
    assert into(network, "IF_1") == [("events", 2.0)]
    assert sorted(into(network, "sum")) == [("IF_1", 2.0), ("IF_1", 3.0), ("events", 3.0)]
    np.testing.assert_allclose(network.population("sum").bias_hz.ravel(), [-15.0, 15.0])


def test_inner_graphs_are_opened(tmp_path: Path) -> None:
    inner, inside = chain(x=given(2), a=linear(np.eye(2)), n=lif(2), y=out(2))
    nodes = {"i": given(2), "g": {"type": "NIRGraph", "nodes": inner, "edges": inside}, "z": integrate(2), "o": out(2)}
    network = made(tmp_path, nodes, [("i", "g"), ("g", "z"), ("z", "o")]).network
    assert [p.name for p in network.populations] == ["events", "g.n", "z"]
    assert into(network, "z") == [("g.n", 2.0)]


def test_times_in_steps(tmp_path: Path) -> None:
    nodes, edges = chain(i=given(2), a=linear(np.eye(2)), n=lif(2, tau=20.0, r=1.0), o=out(2))
    network = made(tmp_path, nodes, edges, dt=1.0).network
    assert network.population("n").neuron.leak == pytest.approx(0.05)
    assert network.dt_s == 0.001


def test_names_that_are_taken_or_hard_to_read(tmp_path: Path) -> None:
    names = {"input": given(1), "0": linear(np.eye(1)), "events": integrate(1), "ü b": integrate(1), "output": out(1)}
    network = made(tmp_path, *chain(**names)).network
    assert [p.name for p in network.populations] == ["events", "events_2", "b"]


def test_a_leaky_integrator_at_the_output_is_read_by_the_host(tmp_path: Path) -> None:
    reader = {"type": "LI", "tau": np.full(3, 0.02), "r": np.full(3, 2.0), "v_leak": np.zeros(3)}
    nodes, edges = chain(i=given(2), a=linear(np.eye(2)), n=integrate(2), b=affine(np.ones((3, 2))), l=reader, o=out(3))
    found = made(tmp_path, nodes, edges)
    assert into(found.network, "output") == [("n", pytest.approx(12 * 0.001))]
    np.testing.assert_allclose(found.network.readouts[0].bias.ravel(), [-0.06, 0.0, 0.06])
    assert any("the host reads the mean" in line for line in found.assumed)


def test_what_was_assumed_is_said(tmp_path: Path) -> None:
    nodes, edges = chain(i=given(2), a=linear(np.eye(2)), n=lif(2), m=integrate(2, r=1000.0), o=out(2))
    lines = "\n".join(made(tmp_path, nodes, edges).assumed)
    for said in (
        "a step is 0.001 s",
        "leak 0.25 of the voltage in a step (dt / tau), on the chip 1024/4096",
        "r = 1 / dt",
    ):
        assert said in lines
    subtracted = network_of(read_graph(tmp_path / "a.nir"), Assumed(reset="subtract"), 40).assumed
    assert any("made for subtraction" in line for line in subtracted)


def test_everything_that_cannot_be_held_is_told_at_once(tmp_path: Path) -> None:
    uneven = {**lif(2), "tau": np.array([0.01, 0.02])}
    branches: Nodes = {
        "uneven": uneven,
        "short": lif(2, tau=0.0001),
        "wrong": linear(np.ones((3, 7))),
        "jump": {"type": "Threshold", "threshold": np.ones(2)},
        "slow": {"type": "LI", "tau": np.full(2, 0.02), "r": np.ones(2), "v_leak": np.zeros(2)},
        "late": {"type": "Delay", "delay": np.array([0.001, 0.002])},
        "mute": integrate(2, v_threshold=0.0),
        "flat": pool2d("MaxPool2d", 1, 1),
    }
    nodes = {"i": given(2), **branches, "sum": integrate(2), "o": out(2)}
    edges = [(a, b) for name in branches for a, b in (("i", name), (name, "sum"))]
    with pytest.raises(UserError) as refused:
        made(tmp_path, nodes, [*edges, ("sum", "o")])
    told = refused.value.problems
    assert len(told) == len(branches)
    for words in (
        "'uneven' (LIF): tau goes from 0.01 to 0.02, and neurons of a layer share theirs",
        "'short' (LIF): tau is 0.0001, shorter than a step of 0.001; give the writer's step with --dt",
        "'wrong' (Linear): its weights have shape (3, 7), and 2 numbers come in",
        "'jump' (Threshold): it cannot be held; use an IF",
        "'slow' (LI): it cannot be held; it does not spike",
        "'late' (Delay): its delays are 1 to 2 steps",
        "'flat' (MaxPool2d): a tensor of shape (2,) comes in",
        "'mute' (IF): a threshold is at or below the reset",
    ):
        assert any(words in problem for problem in told), words


@pytest.mark.parametrize(
    ("pool", "sentence"),
    [
        (pool2d("MaxPool2d", 2, 2), "takes the largest of sums.*put it right after neurons"),
        ({**pool2d("MaxPool2d", 2, 2), "dilation": 2}, "dilation"),
        (pool2d("MaxPool2d", 23, 1), "a window of 529 neurons, more than the 500 .* pool twice"),
    ],
)
def test_max_pooling_that_is_no_or_of_spikes(pool: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    first = {"s": {"type": "Scale", "scale": np.full((1, 24, 24), 0.5)}} if "sums" in sentence else {}
    nodes, edges = chain(i=given(1, 24, 24), n=integrate(1, 24, 24), **first, p=pool, o=out(1, 12, 12))
    with pytest.raises(UserError, match=sentence):
        made(tmp_path, nodes, edges)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("stride", np.zeros(0), "stride of Conv2d holds no number"),
        ("stride", 1.5, "stride of Conv2d holds more than integers"),
        ("dilation", [1, 2, 3], "its dilation is .1, 2, 3."),
        ("padding", 1e30, "padding of Conv2d holds more than integers"),
        ("groups", np.zeros(0), "groups of Conv2d holds no number"),
        ("groups", 0, "in 0 groups"),
        ("bias", np.zeros(0), "bias of Conv2d holds no number"),
    ],
)
def test_settings_that_are_no_such_numbers(field: str, value: Any, sentence: str, tmp_path: Path) -> None:
    nodes, edges = chain(
        i=given(1, 6, 6), c={**conv2d(np.ones((2, 1, 3, 3))), field: value}, n=integrate(2, 4, 4), o=out(2, 4, 4)
    )
    with pytest.raises(UserError, match=sentence):
        made(tmp_path, nodes, edges)


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        ([("i", "r"), ("r", "r"), ("r", "n"), ("n", "o")], "nodes n, o, r depend on themselves past all neurons"),
        ([("r", "n"), ("n", "r"), ("n", "o")], "nodes n, o, r depend on themselves past all neurons that the input"),
        ([("i", "o")], "the input reaches the output past all neurons"),
        ([("n", "o")], "node 'n' \\(IF\\): nothing comes in"),
    ],
)
def test_graphs_that_do_not_run_layer_after_layer(edges: Edges, sentence: str, tmp_path: Path) -> None:
    nodes = {"i": given(2), "n": integrate(2), "r": linear(np.eye(2)), "o": out(2)}
    with pytest.raises(UserError, match=sentence):
        made(tmp_path, nodes, edges)


def test_two_inputs_are_refused(tmp_path: Path) -> None:
    nodes = {"i": given(2), "j": given(2), "n": integrate(2), "o": out(2)}
    with pytest.raises(UserError, match="2 Input nodes"):
        made(tmp_path, nodes, [("i", "n"), ("j", "n"), ("n", "o")])


def no_type(file: h5py.File) -> None:
    del file["node/nodes/n/type"]


def no_weights(file: h5py.File) -> None:
    del file["node/nodes/a/weight"]


def not_finite(file: h5py.File) -> None:
    file["node/nodes/a/weight"][0, 0] = np.nan


def unknown_edge(file: h5py.File) -> None:
    file["node/edges"][0] = ["nobody", "a"]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (no_type, "cannot be read as a .nir file"),
        (no_weights, "Linear has no weight"),
        (not_finite, "more than finite numbers"),
        (unknown_edge, "edges name nodes that are not there: nobody"),
    ],
)
def test_damaged_files_are_a_sentence(spoil, sentence: str, tmp_path: Path) -> None:
    nodes, edges = chain(i=given(2), a=linear(np.eye(2)), n=integrate(2), o=out(2))
    path = write_nir(tmp_path / "a.nir", nodes, edges)
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(UserError, match=sentence):
        network_of(read_graph(path), Assumed(), 40)
    path.write_bytes(b"no such thing")
    with pytest.raises(UserError, match="cannot be read as a"):
        read_graph(path)


def test_files_of_the_package_nir(tmp_path: Path) -> None:
    nir = pytest.importorskip("nir")
    weight = np.ones((2, 1, 3, 3))
    graph = nir.NIRGraph.from_list(
        nir.Input(np.array([1, 6, 6])),
        nir.Conv2d((6, 6), weight, 1, 1, 1, 1, np.zeros(2)),
        nir.LIF(np.full((2, 6, 6), 0.01), np.ones((2, 6, 6)), np.zeros((2, 6, 6)), np.full((2, 6, 6), 0.3)),
        nir.Output(np.array([2, 6, 6])),
    )
    nir.write(tmp_path / "a.nir", graph)
    network = network_of(read_graph(tmp_path / "a.nir"), Assumed(), 40).network
    (layer,) = network.chip_populations
    assert (layer.shape, layer.neuron.decay_v) == ((6, 6, 2), 410)
    assert network.into(layer.name)[0].transform.weights.max() == pytest.approx(0.1 / 0.3)


def test_a_convolution_of_another_number_of_channels(tmp_path: Path) -> None:
    nodes, edges = chain(i=given(2, 6, 6), c=conv2d(np.ones((4, 3, 3, 3))), n=integrate(4, 4, 4), o=out(4, 4, 4))
    with pytest.raises(UserError, match="in 1 groups do not take 2 channels"):
        made(tmp_path, nodes, edges)
