"""Networks from NIR files give the spikes that NIR's equations give, layer by layer a step later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convert.calibration.simulate import simulated
from convert.frontends.nir.assumed import Assumed
from convert.frontends.nir.network import Made, network_of
from convert.frontends.nir.reading import read_graph
from convert.network import Network, require_runnable
from tests.builders.nir_files import (
    Edges,
    Nodes,
    affine,
    chain,
    conv2d,
    cuba,
    flatten,
    given,
    integrate,
    lif,
    linear,
    out,
    pool2d,
    simulated_by_hand,
    write_nir,
)

RNG = np.random.default_rng(5)
STEPS = 60


def weights(*shape: int, mean: float = 0.05) -> np.ndarray:
    return RNG.normal(mean, 0.35, shape)


CHAINS: dict[str, tuple[Nodes, Edges]] = {
    "LIF after Affine": chain(i=given(6), a=affine(weights(5, 6, mean=0.2)), b=lif(5, v_leak=0.2), o=out(5)),
    "IF with r of its own": chain(i=given(6), a=affine(weights(5, 6, mean=0.2)), b=integrate(5, r=700.0), o=out(5)),
    "CubaLIF": chain(i=given(6), a=linear(weights(5, 6, mean=0.3)), b=cuba(5), o=out(5)),
    "a current that is gone at once": chain(
        i=given(6), a=linear(weights(5, 6, mean=0.3)), b=cuba(5, tau_syn=0.001), o=out(5)
    ),
    "v_reset and v_leak": chain(
        i=given(6),
        a=affine(weights(5, 6, mean=0.2)),
        b={**lif(5, v_leak=0.3), "v_reset": np.full(5, 0.0)},
        o=out(5),
    ),
    "torch's padding, strides, a pool": chain(
        i=given(2, 11, 9),
        c=conv2d(weights(3, 2, 3, 3, mean=0.1), stride=2, padding=1),
        n=integrate(3, 6, 5),
        p=pool2d("SumPool2d", 2, 2),
        d=conv2d(weights(4, 3, 3, 3), padding=1, bias=0.0),
        m=lif(4, 3, 2),
        f=flatten(),
        a=linear(weights(3, 24, mean=0.2)),
        z=integrate(3),
        o=out(3),
    ),
    "max pool of spikes": chain(
        i=given(2, 11, 9),
        c=conv2d(weights(3, 2, 3, 3, mean=0.05), padding=1),
        n=lif(3, 11, 9, r=2.0),
        p=pool2d("MaxPool2d", (2, 3), (2, 2), padding=(1, 0)),
        d=conv2d(weights(2, 3, 2, 2, mean=-0.02), bias=0.0),
        m=integrate(2, 5, 3),
        q=pool2d("MaxPool2d", 2, 1),
        o=out(2, 4, 2),
    ),
    "max pool as NIR says it: a sum and neurons below one spike": chain(
        i=given(2, 8, 6),
        c=conv2d(weights(3, 2, 3, 3, mean=0.05), padding=1),
        n=lif(3, 8, 6, r=2.0),
        p=pool2d("SumPool2d", 2, 2),
        m=integrate(3, 4, 3, v_threshold=0.5),
        o=out(3, 4, 3),
    ),
    "average pool before Flatten": chain(
        i=given(2, 8, 6),
        p=pool2d("AvgPool2d", (2, 3), (2, 3)),
        f=flatten(),
        a=affine(weights(6, 16, mean=0.1)),
        n=lif(6),
        o=out(6),
    ),
    "dilation and groups": chain(
        i=given(2, 9, 8),
        c=conv2d(weights(4, 1, 3, 2, mean=0.3), padding=(2, 0), dilation=(2, 1), groups=2),
        n=integrate(4, 9, 7),
        f=flatten(),
        a=linear(weights(3, 252, mean=0.02)),
        z=integrate(3),
        o=out(3),
    ),
    "two convolutions without neurons between": chain(
        i=given(1, 8, 8),
        c=conv2d(weights(2, 1, 3, 3, mean=0.2), padding=1),
        d=conv2d(weights(2, 2, 3, 3, mean=0.2), padding=1, stride=2),
        n=integrate(2, 4, 4),
        o=out(2, 4, 4),
    ),
    "a sequence": chain(
        i=given(2, 12),
        c={
            "type": "Conv1d",
            "weight": weights(3, 2, 3, mean=0.3),
            "bias": np.full(3, 0.02),
            "stride": 2,
            "padding": 1,
            "dilation": 1,
            "groups": 1,
        },
        n=lif(3, 6),
        s={"type": "Scale", "scale": RNG.uniform(0.4, 1.5, (3, 6))},
        m=integrate(3, 6, v_threshold=0.9),
        o=out(3, 6),
    ),
    "thresholds of their own": chain(
        i=given(6),
        a=affine(weights(5, 6, mean=0.2)),
        b={**lif(5), "v_threshold": np.linspace(0.5, 1.5, 5)},
        o=out(5),
    ),
    "a delay": chain(
        i=given(6),
        d={"type": "Delay", "delay": np.full(6, 0.003)},
        a=affine(weights(5, 6, mean=0.2)),
        b=lif(5),
        e={"type": "Delay", "delay": np.full(5, 0.002)},
        c=linear(weights(4, 5, mean=0.5)),
        z=integrate(4),
        o=out(4),
    ),
}


def test_a_sum_with_a_low_threshold_is_a_max_pool(tmp_path: Path) -> None:
    nodes, edges = CHAINS["max pool as NIR says it: a sum and neurons below one spike"]
    pool = {"p": pool2d("MaxPool2d", 2, 2), "o": out(3, 4, 3)}
    as_node = chain(**{**{name: nodes[name] for name in "icn"}, **pool})
    events = np.random.default_rng(0).random((STEPS, 2, 8, 6)) < 0.3
    networks = [made(*graph, tmp_path).network for graph in ((nodes, edges), as_node)]
    said, as_pool = (last_spikes(network, as_ours(events, network)) for network in networks)
    np.testing.assert_array_equal(said, as_pool)
    assert 0.05 < said.mean() < 0.95


def made(nodes: Nodes, edges: Edges, path: Path, **assumed: float) -> Made:
    found = network_of(read_graph(write_nir(path / "a.nir", nodes, edges)), Assumed(**assumed), STEPS)
    require_runnable(found.network)
    return found


def last_spikes(network: Network, events: np.ndarray) -> np.ndarray:
    """Shape (steps, *NIR's size) of the last layer, for events (steps, *NIR's size)."""
    *_, (population, trains) = simulated(network, dict.fromkeys((p.name for p in network.populations), 0), events)
    fired = trains.of(0).reshape(-1, *population.shape)
    return fired.transpose(0, 3, 1, 2).reshape(len(fired), -1) > 0


def as_ours(events: np.ndarray, network: Network) -> np.ndarray:
    rows, columns, channels = network.input.shape
    return events.reshape(1, len(events), channels, rows, columns).transpose(0, 1, 3, 4, 2).astype(np.float32)


@pytest.mark.parametrize("name", CHAINS)
def test_spikes_are_those_of_the_equations(name: str, tmp_path: Path) -> None:
    nodes, edges = CHAINS[name]
    network = made(nodes, edges, tmp_path).network
    events = np.random.default_rng(0).random((STEPS, *nodes["i"]["shape"])) < 0.3
    wanted = with_early_biases(nodes, edges, events)
    lag = network.depth()[network.populations[-1].name] - delays(nodes)
    got, wanted = last_spikes(network, as_ours(events, network))[lag:], wanted[: STEPS - lag]
    assert 0.02 < wanted.mean() < 0.9
    assert (got != wanted).mean() < 0.002  # float32 here, float64 there: a voltage may lie at the threshold


def delays(nodes: Nodes) -> int:
    return sum(round(float(n["delay"][0]) * 1000) for n in nodes.values() if n["type"] == "Delay")


def with_early_biases(nodes: Nodes, edges: Edges, events: np.ndarray) -> np.ndarray:
    """By hand, the bias of the first layer from a step before the events on: that is when they reach it on the chip."""
    silent = np.zeros((1, *events.shape[1:]), bool)
    whole = simulated_by_hand(nodes, edges, np.concatenate([silent, events]), dt=0.001)
    return whole.reshape(len(whole), -1)[1:] > 0
