"""Recurrent graphs: spikes that go back come a step later, as their writers have it; every command runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import convert
from convert.calibration.simulate import simulated
from convert.cli import main as convert_model
from convert.export.cli import main as export_model
from convert.network import Network
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from deploy.verify.cli import main as verify_model
from partition.cli import main as partition_model
from tests.builders.nir_files import (
    Edges,
    Nodes,
    affine,
    conv2d,
    cuba,
    flatten,
    given,
    integrate,
    lif,
    linear,
    out,
    simulated_by_hand,
    write_nir,
)

from .test_spikes import as_ours, last_spikes, made

RNG = np.random.default_rng(11)
STEPS = 60


def weights(*shape: int, mean: float = 0.05) -> np.ndarray:
    return RNG.normal(mean, 0.35, shape)


LOOP: Edges = [("i", "a"), ("a", "n"), ("n", "r"), ("r", "n"), ("n", "o")]

GRAPHS: dict[str, tuple[Nodes, Edges, Edges]] = {
    "a CubaLIF through Linear, as snnTorch's RSynaptic": (
        {"i": given(6), "a": linear(weights(5, 6, mean=0.3)), "n": cuba(5), "r": linear(weights(5, 5)), "o": out(5)},
        LOOP,
        [("n", "r")],
    ),
    "a LIF through Affine, as its RLeaky": (
        {"i": given(6), "a": affine(weights(5, 6, mean=0.2)), "n": lif(5), "r": affine(weights(5, 5)), "o": out(5)},
        LOOP,
        [("n", "r")],
    ),
    "an IF by itself": (
        {"i": given(6), "a": linear(weights(5, 6, mean=0.1)), "n": integrate(5), "o": out(5)},
        [("i", "a"), ("a", "n"), ("n", "n"), ("n", "o")],
        [("n", "n")],
    ),
    "a map by a convolution": (
        {
            "i": given(2, 7, 6),
            "a": conv2d(weights(3, 2, 3, 3, mean=0.1), padding=1),
            "n": lif(3, 7, 6, r=2.0),
            "r": conv2d(weights(3, 3, 3, 3, mean=-0.05), padding=1),
            "f": flatten(),
            "z": linear(weights(4, 126, mean=0.02)),
            "m": integrate(4),
            "o": out(4),
        },
        [("i", "a"), ("a", "n"), ("n", "r"), ("r", "n"), ("n", "f"), ("f", "z"), ("z", "m"), ("m", "o")],
        [("n", "r")],
    ),
    "a Delay in the loop": (
        {
            "i": given(6),
            "a": linear(weights(5, 6, mean=0.3)),
            "n": lif(5),
            "d": {"type": "Delay", "delay": np.full(5, 0.003)},
            "r": linear(weights(5, 5)),
            "o": out(5),
        },
        [("i", "a"), ("a", "n"), ("n", "d"), ("d", "r"), ("r", "n"), ("n", "o")],
        [("n", "d")],
    ),
    "two layers that drive each other, each a step later": (
        {
            "i": given(6),
            "a": linear(weights(5, 6, mean=0.3)),
            "n": lif(5),
            "b": linear(weights(4, 5, mean=0.4)),
            "m": integrate(4),
            "r": linear(weights(5, 4, mean=-0.2)),
            "o": out(4),
        },
        [("i", "a"), ("a", "n"), ("n", "b"), ("b", "m"), ("m", "r"), ("r", "n"), ("m", "o")],
        [("n", "b"), ("m", "r")],
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_spikes_are_those_of_the_equations(name: str, tmp_path: Path) -> None:
    nodes, edges, late = GRAPHS[name]
    found = made(nodes, edges, tmp_path)
    events = np.random.default_rng(0).random((STEPS, *nodes["i"]["shape"])) < 0.3
    silent = np.zeros((1, *events.shape[1:]), bool)
    wanted = simulated_by_hand(nodes, edges, np.concatenate([silent, events]), 0.001, late)[1:] > 0
    last = found.network.into("output")[0].source
    lag = found.network.depth()[last] - sum(a in ("n", "m") for a, b in late if b == "b")
    got = spikes_of(found.network, last, as_ours(events, found.network))[lag:]
    wanted = wanted.reshape(STEPS, -1)[: STEPS - lag]
    assert 0.02 < wanted.mean() < 0.9
    assert (got != wanted).mean() < 0.002
    assert any("recurrent (" in line and "in the next step" in line for line in found.assumed)
    assert any("loop of 2 populations (n, m)" in line for line in found.assumed) == ("two layers" in name)


def spikes_of(network: Network, layer: str, events: np.ndarray) -> np.ndarray:
    """Shape (steps, neurons), in NIR's order."""
    arrival = {p.name: 0 for p in network.populations}
    (population, trains), *_ = [found for found in simulated(network, arrival, events) if found[0].name == layer]
    fired = trains.of(0).reshape(-1, *population.shape)
    return fired.transpose(0, 3, 1, 2).reshape(len(fired), -1) > 0


def test_a_graph_within_a_graph_is_the_same(tmp_path: Path) -> None:
    nodes, edges, _ = GRAPHS["a CubaLIF through Linear, as snnTorch's RSynaptic"]
    inner = {
        "type": "NIRGraph",
        "nodes": {"input": given(5), "lif": nodes["n"], "w_rec": nodes["r"], "output": out(5)},
        "edges": [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    }
    nested = {"i": nodes["i"], "a": nodes["a"], "n": inner, "o": nodes["o"]}
    flat, opened = (
        made(*graph, tmp_path).network for graph in ((nodes, edges), (nested, [("i", "a"), ("a", "n"), ("n", "o")]))
    )
    events = (np.random.default_rng(0).random((1, STEPS, 1, 1, 6)) < 0.3).astype(np.float32)
    np.testing.assert_array_equal(last_spikes(flat, events), last_spikes(opened, events))
    assert [p.name for p in opened.populations] == ["events", "n.lif"]


def run(command, *arguments, code: int = 0) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return " ".join(result.output.split())


@pytest.mark.slow
def test_every_command(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    nodes: Nodes = {
        "i": given(8),
        "a": linear(rng.normal(0.3, 0.4, (20, 8))),
        "n": cuba(20),
        "r": linear(rng.normal(0, 0.3, (20, 20))),
        "b": linear(rng.normal(0.2, 0.4, (3, 20))),
        "m": lif(3),
        "o": out(3),
    }
    edges: Edges = [("i", "a"), ("a", "n"), ("n", "r"), ("r", "n"), ("n", "b"), ("b", "m"), ("m", "o")]
    net, data, bundle = tmp_path / "net.nir", tmp_path / "data.npz", tmp_path / "net.bundle"
    write_nir(net, nodes, edges)
    events = (rng.random((6, 50, 1, 1, 8)) < 0.2).astype(np.uint8)
    np.savez(data, x=events, y=np.arange(6) % 3)
    spikes = np.stack([simulated_by_hand(nodes, edges, e.reshape(50, 8), 0.001, [("n", "r")]) for e in events])
    np.savez(tmp_path / "reference.npz", input=events.reshape(6, 50, 8), output=spikes)
    said = run(
        convert_model, net, "--data", data, "--timesteps", 50, "--reference", tmp_path / "reference.npz", "-o", bundle
    )
    assert "recurrent (n to itself): NIR says no delay; a spike comes back in the next step" in said
    found = re.search(r"(\d+) of its (\d+) spikes at the same steps", said)
    assert found is not None
    same, of = map(int, found.groups())
    assert same >= 0.95 * of > 50
    run(partition_model, bundle)
    run(deploy_model, bundle, "--data", data)
    run(deploy_model, bundle, "--data", data, "--target", "emulator")
    fast, other = (json.loads((bundle / "runs" / t / "run.json").read_text()) for t in ("fast", "emulator"))
    assert fast["metrics"]["snn"] == other["metrics"]["snn"]
    assert fast["spikes"] == other["spikes"] > 0
    said = run(deploy_model, bundle, "--data", data, "--target", "nengo-dl", code=2)
    assert "spikes of 'n' go back to 'n'" in said
    run(energy_report, bundle, "-o", tmp_path / "report.html")
    run(verify_model, bundle, "--model", net, "--data", data)
    said = run(export_model, bundle, "-o", tmp_path / "back.nir")
    assert "spikes that go back (n to itself) arrive in the next step" in said
    run(convert_model, tmp_path / "back.nir", "-o", tmp_path / "back.bundle")
    run(verify_model, bundle, tmp_path / "back.nir")
    assert (bundle / "network.npz").read_bytes() == (tmp_path / "back.bundle" / "network.npz").read_bytes()
    assert convert.load_network(bundle).going_back
