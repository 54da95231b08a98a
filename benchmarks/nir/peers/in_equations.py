"""A file as its equations say: every node by NIR's definition in Euler's steps, with torch for the products alone.

All layers pass a step one after the other, as in simulators; edges into one node add. What another simulator gives
apart from this is its reading of the file.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from running import main
from torch.nn.functional import conv1d, conv2d

DT = 1e-3

Node = dict[str, Any]


def run(path: Path, beside: dict[str, dict[str, Any]], images: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    nodes, before = read(path)
    order = [name for name in TopologicalSorter(before).static_order() if name in nodes]
    spiking = [name for name in order if "v_threshold" in nodes[name]]
    counts, outputs = {name: np.zeros(len(images)) for name in spiking}, []
    for k, image in enumerate(images):
        state: dict[str, Any] = {}
        total = 0.0
        for step in image:
            values = {}
            for name in order:
                given = (
                    sum(values[n] for n in before[name]) if before[name] else torch.tensor(step, dtype=torch.float32)
                )
                values[name] = out(name, nodes[name], given, state, beside.get(name, {}))
            for name in spiking:
                counts[name][k] += float(values[name].sum())
            total = total + values["output"].numpy() / len(image)
        outputs.append(total)
    return counts, np.array(outputs)


def read(path: Path) -> tuple[dict[str, Node], dict[str, list[str]]]:
    """The nodes' fields, and the nodes before each."""
    nodes: dict[str, Node] = {}
    with h5py.File(path) as file:
        for name, group in file["node/nodes"].items():
            nodes[name] = {key: value[()] for key, value in group.items() if isinstance(value, h5py.Dataset)}
            nodes[name] = {
                key: torch.tensor(value) if np.ndim(value) and value.dtype == np.float32 else value
                for key, value in nodes[name].items()
            }
        edges = [(a.decode(), b.decode()) for a, b in file["node/edges"][()]]
    return nodes, {name: [a for a, b in edges if b == name] for name in nodes}


def out(name: str, node: Node, x: torch.Tensor, state: dict[str, Any], beside: dict[str, Any]) -> torch.Tensor:
    kind = node["type"].decode()
    if kind == "Affine":
        return node["weight"] @ x + node["bias"]
    if kind == "Scale":
        return node["scale"] * x
    if kind == "Flatten":
        return x.flatten()
    if kind in ("Conv1d", "Conv2d"):
        stride, padding = (tuple(np.atleast_1d(node[key]).tolist()) for key in ("stride", "padding"))
        convolved = conv2d if kind == "Conv2d" else conv1d
        return convolved(x[None], node["weight"], node["bias"], stride, padding)[0]
    return fired(name, node, kind, x, state, beside) if "v_threshold" in node else x


def fired(name: str, node: Node, kind: str, x: torch.Tensor, state: dict[str, Any], beside: dict[str, Any]) -> Any:
    v, current = state.get(name, (torch.zeros_like(x), torch.zeros_like(x)))
    if kind == "CubaLIF":
        current = current + DT / node["tau_syn"] * (node["w_in"] * x - current)
        x = current
    if kind == "IF":
        v = v + DT * node["r"] * x
    else:
        tau = node["tau_mem"] if kind == "CubaLIF" else node["tau"]
        v = v + DT / tau * (node["v_leak"] - v + node["r"] * x)
    v = v.clamp(min=beside.get("vmin", -np.inf))
    spikes = v > node["v_threshold"]
    after = v - node["v_threshold"] if beside.get("reset") == "subtract" else torch.zeros_like(v)
    state[name] = (torch.where(spikes, after, v), current)
    return spikes.float()


if __name__ == "__main__":
    main(run)
