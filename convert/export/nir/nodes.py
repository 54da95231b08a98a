"""Nodes of NIR: their kind and fields, as the package ``nir`` writes them.

An input counts as a threshold says: once in an IF, whose r dt is 1, dt / tau in a LIF, whose r is 1. v_reset
is left out: it is 0 then, and the package ``nir`` before 1.0.5, to which others keep, does not know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, prod

import numpy as np
from numpy.typing import NDArray

from convert.network import Population
from convert.upstream.types import Values

from .layout import Layout
from .weights import Along, Float32, Plan, Torch, in_torch

Field = Values | np.generic | str
"""Of a node: an array, a number or a text."""

NO_LEAK_STEPS = 1e6
"""A time constant, in steps, of a neuron of NIR that has to leak and is not to: the chip rounds its leak to 0."""


@dataclass(frozen=True)
class OutNode:
    """A node: its kind, such as 'LIF', its fields, and what NIR has no field for."""

    kind: str
    fields: Mapping[str, Field] = field(repr=False)
    beside: Mapping[str, Field] = field(default_factory=dict)


def end(kind: str, layout: Layout) -> OutNode:
    """An Input or an Output."""
    return OutNode(kind, {"shape": np.array(layout.size)})


def flatten(layout: Layout) -> OutNode:
    size = np.array(layout.size)
    return OutNode("Flatten", {"start_dim": np.int64(0), "end_dim": np.int64(-1), "input_type": size})


def scale(factors: Float32) -> OutNode:
    return OutNode("Scale", {"scale": factors})


def shifted(layout: Layout, shift: Float32) -> OutNode:
    """A convolution that adds a number to each channel."""
    same = Plan(layout, layout, (Along(0, 1, 1), Along(0, 1, 1)))
    return convolution(np.eye(layout.channels, dtype=np.float32)[:, :, None, None], shift, same)


def affine(weights: Float32, bias: Float32 | None) -> OutNode:
    """``weights`` have shape (out, in, rows, columns); without ``bias`` zeros: sinabs knows no Linear."""
    none = np.zeros(len(weights), np.float32)
    return OutNode("Affine", {"weight": weights.reshape(len(weights), -1), "bias": none if bias is None else bias})


def convolution(weights: Float32, bias: Float32 | None, plan: Plan) -> OutNode:
    """Conv2d, of a sequence Conv1d; the ``weights`` get the zeros with which torch's padding fits."""
    sizes = zip(plan.axes, plan.source.grid, plan.target.grid, strict=True)
    rows, columns = (in_torch(*size) for size in sizes)
    wide = np.pad(weights, ((0, 0), (0, 0), (rows.front, rows.back), (columns.front, columns.back)))
    sequence = plan.source.sequence
    settings = {
        "stride": [along.stride for along in plan.axes],
        "padding": [rows.padding, columns.padding],
        "dilation": [1, 1],
    }
    fields: dict[str, Field] = {
        name: np.int64(values[1]) if sequence else np.array(values, np.int64) for name, values in settings.items()
    }
    fields["weight"] = wide[:, :, 0] if sequence else wide
    fields["bias"] = np.zeros(len(wide), np.float32) if bias is None else bias
    fields["groups"] = np.int64(1)
    grid = plan.source.grid
    fields["input_shape"] = np.int64(grid[1]) if sequence else np.array(grid, np.int64)
    return OutNode("Conv1d" if sequence else "Conv2d", fields)


def weights_in(fields: Mapping[str, Field], plan: Plan) -> Float32:
    """The weights of ``plan`` in the fields of the node that was made of them. Raises ``ValueError``, ``KeyError``."""
    weights = np.asarray(fields["weight"])
    if plan.target.is_vector:
        return np.asarray(weights.reshape(plan.shape), np.float32)
    fits: list[Torch] = [in_torch(*s) for s in zip(plan.axes, plan.source.grid, plan.target.grid, strict=True)]
    wide = weights[:, :, None] if plan.source.sequence else weights
    rows, columns = (slice(fit.front, fit.front + a.length) for fit, a in zip(fits, plan.axes, strict=True))
    found = np.asarray(wide[:, :, rows, columns], np.float32)
    if found.shape != plan.shape:
        raise ValueError(f"weights of shape {weights.shape} do not fit")
    return found


def neuron(population: Population, layout: Layout, dt: float, dt_s: float, constant: NDArray[np.float64]) -> OutNode:
    """IF, LIF or CubaLIF; ``constant``, of our shape, is what drives it past all synapses, in thresholds a step.

    A current of a CubaLIF counts an input once, and is as many times ours as v_threshold says; a LIF, whose r is 1,
    counts dt / tau of it. ``dt`` is the time of a step in the file, ``dt_s`` in the network.
    """
    leak = population.neuron.chip_leak
    tau = dt / leak if leak else NO_LEAK_STEPS * dt
    drive = layout.of(constant) if constant.any() else 0.0
    values: dict[str, float | NDArray[np.float64]]
    if population.synapse_s:
        kind, unit = "CubaLIF", 1 / (1 - exp(-dt_s / population.synapse_s))
        r = tau / dt
        values = {"tau_syn": unit * dt, "w_in": unit, "tau_mem": tau, "r": r, "v_leak": unit * r * drive}
    elif leak or constant.any():
        kind, unit = "LIF", dt / tau
        values = {"tau": tau, "r": 1.0, "v_leak": drive}
    else:
        kind, unit = "IF", 1.0
        values = {"r": 1 / dt}
    values["v_threshold"] = unit
    size = layout.size
    beside: dict[str, Field] = {
        "vmin": np.float32(unit * population.neuron.floor),
        "reset": population.neuron.reset.value,
    }
    return OutNode(kind, {n: np.broadcast_to(np.float32(v), size) for n, v in sorted(values.items())}, beside)


def size_bytes(node: OutNode) -> int:
    """Of its weights."""
    weights = node.fields.get("weight")
    return 0 if weights is None else 4 * prod(np.shape(weights))
