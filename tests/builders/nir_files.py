"""Files in NIR's format, written with h5py alone, and what a simulator makes of them in Euler's steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy.signal import correlate2d

Nodes = dict[str, dict[str, Any]]
Edges = list[tuple[str, str]]


def write_nir(path: Path, nodes: Nodes, edges: Edges) -> Path:
    """Nodes by name: their ``type`` and fields; a node 'NIRGraph' has ``nodes`` and ``edges`` of its own."""
    with h5py.File(path, "w") as file:
        file["version"] = "1.0.8"
        _write(file.create_group("node"), {"type": "NIRGraph", "nodes": nodes, "edges": edges})
    return path


def _write(group: h5py.Group, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name == "nodes":
            inner = group.create_group("nodes")
            for node, content in value.items():
                _write(inner.create_group(node), content)
        elif name == "edges":
            group.create_dataset("edges", data=np.array(value, dtype=h5py.string_dtype()))
        else:
            group[name] = value


def chain(**nodes: dict[str, Any]) -> tuple[Nodes, Edges]:
    """Nodes one after the other, in the order given."""
    names = list(nodes)
    return dict(nodes), list(pairwise(names))


def given(*size: int) -> dict[str, Any]:
    return {"type": "Input", "shape": np.array(size)}


def out(*size: int) -> dict[str, Any]:
    return {"type": "Output", "shape": np.array(size)}


def conv2d(
    weight: np.ndarray, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: float = 0.02
) -> dict[str, Any]:
    fields = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return {"type": "Conv2d", "weight": weight, "bias": np.linspace(-bias, 2 * bias, len(weight)), **fields}


def pool2d(kind: str, size: Any, stride: Any, padding: Any = 0) -> dict[str, Any]:
    return {"type": kind, "kernel_size": size, "stride": stride, "padding": padding}


def affine(weight: np.ndarray) -> dict[str, Any]:
    return {"type": "Affine", "weight": weight, "bias": np.linspace(-0.03, 0.03, len(weight))}


def linear(weight: np.ndarray) -> dict[str, Any]:
    return {"type": "Linear", "weight": weight}


def lif(
    *size: int, tau: float = 0.004, r: float = 4.0, v_leak: float = 0.0, v_threshold: float = 1.0
) -> dict[str, Any]:
    fields = {"tau": tau, "r": r, "v_leak": v_leak, "v_threshold": v_threshold}
    return {"type": "LIF", **{name: np.full(size, value) for name, value in fields.items()}}


def integrate(*size: int, r: float = 1.0, v_threshold: float = 1.0) -> dict[str, Any]:
    return {"type": "IF", "r": np.full(size, r), "v_threshold": np.full(size, v_threshold)}


def cuba(*size: int, tau_syn: float = 0.003) -> dict[str, Any]:
    fields = {"tau_syn": tau_syn, "tau_mem": 0.005, "r": 5.0, "v_leak": 0.1, "v_threshold": 0.8, "w_in": 2.0}
    return {"type": "CubaLIF", **{name: np.full(size, value) for name, value in fields.items()}}


def flatten() -> dict[str, Any]:
    return {"type": "Flatten", "start_dim": 0, "end_dim": -1}


def simulated_by_hand(
    nodes: Nodes, edges: Edges, events: np.ndarray, dt: float, late: Sequence[tuple[str, str]] = ()
) -> np.ndarray:
    """What comes out in each step for ``events`` (steps, *size of the input): every node from its definition.

    Over edges that are ``late`` the output of the step before is taken.
    """
    state: dict[str, Any] = {}
    found = []
    last = {name: np.zeros_like(nodes[name]["v_threshold"]) for name, _ in late}
    for step in events.astype(float):
        values: dict[str, np.ndarray] = {}
        while len(values) < len(nodes):
            for name, node in nodes.items():
                before = [edge for edge in edges if edge[1] == name]
                if name not in values and all(edge in late or edge[0] in values for edge in before):
                    parts = [last[edge[0]] if edge in late else values[edge[0]] for edge in before]
                    values[name] = _stepped(name, node, np.sum(parts, axis=0) if parts else step, state, dt)
        last = {name: values[name] for name in last}
        found.append(values[next(n for n, node in nodes.items() if node["type"] == "Output")])
    return np.array(found)


def _stepped(name: str, node: dict[str, Any], x: np.ndarray, state: dict[str, Any], dt: float) -> np.ndarray:
    kind = node["type"]
    if kind in ("Affine", "Linear"):
        return node["weight"] @ x + node.get("bias", 0)
    if kind == "Scale":
        return x * node["scale"]
    if kind == "Flatten":
        return x.ravel()
    if kind == "Conv2d":
        return convolved(node, x)
    if kind == "Conv1d":
        image = {**node, "weight": node["weight"][:, :, None], "padding": (0, node["padding"])}
        image |= {"stride": (1, node["stride"]), "dilation": (1, node["dilation"])}
        return convolved(image, x[:, None])[:, 0]
    if kind in ("SumPool2d", "AvgPool2d"):
        return pooled(node, x)
    if kind == "MaxPool2d":
        return maxima(node, x)
    if kind == "Delay":
        line = state.setdefault(name, [np.zeros_like(x)] * round(float(np.max(node["delay"])) / dt))
        line.append(x)
        return line.pop(0)
    if kind in ("IF", "LIF", "CubaLIF"):
        return _fired(name, node, x, state, dt)
    return x


def _fired(name: str, node: dict[str, Any], x: np.ndarray, state: dict[str, Any], dt: float) -> np.ndarray:
    v, current = state.get(name, (np.zeros_like(x), np.zeros_like(x)))
    if node["type"] == "CubaLIF":
        current = current + dt / node["tau_syn"] * (node["w_in"] * x - current)
        x = current
    if node["type"] == "IF":
        v = v + x * (1 if (node["r"] == 1).all() else node["r"] * dt)
    else:
        v = v + dt / node.get("tau", node.get("tau_mem")) * (node["v_leak"] - v + node["r"] * x)
    fired = v > node["v_threshold"]
    state[name] = (np.where(fired, node.get("v_reset", 0.0), v), current)
    return fired.astype(float)


def convolved(node: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """torch's convolution of (channels, rows, columns), channel by channel."""
    weight, groups = node["weight"], node["groups"]
    rows, columns = np.broadcast_to(node["padding"], 2)
    (down, right), spread = np.broadcast_to(node["stride"], 2), np.broadcast_to(node["dilation"], 2)
    x = np.pad(x, ((0, 0), (rows, rows), (columns, columns)))
    maps = []
    for o, of_channel in enumerate(weight):
        first = o // (len(weight) // groups) * weight.shape[1]
        total = 0.0
        for i, kernel in enumerate(of_channel):
            wide = np.zeros([(n - 1) * d + 1 for n, d in zip(kernel.shape, spread, strict=True)])
            wide[:: spread[0], :: spread[1]] = kernel
            total = total + correlate2d(x[first + i], wide, mode="valid")
        maps.append(total[::down, ::right] + node["bias"][o])
    return np.array(maps)


def maxima(node: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """torch's max pooling of (channels, rows, columns)."""
    (height, width), (down, right) = (np.broadcast_to(node[name], 2) for name in ("kernel_size", "stride"))
    rows, columns = np.broadcast_to(node["padding"], 2)
    x = np.pad(x, ((0, 0), (rows, rows), (columns, columns)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), (1, 2))
    return windows.max(axis=(3, 4))[:, ::down, ::right]


def pooled(node: dict[str, Any], x: np.ndarray) -> np.ndarray:
    height, width = np.broadcast_to(node["kernel_size"], 2)
    ones = np.ones((1, 1, height, width))
    share = 1 if node["type"] == "SumPool2d" else height * width
    settings = {"stride": node["stride"], "padding": node["padding"], "dilation": 1, "groups": 1, "bias": np.zeros(1)}
    return np.concatenate([convolved({**settings, "weight": ones / share}, channel[None]) for channel in x])
