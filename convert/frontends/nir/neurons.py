"""The neurons of a graph in steps of dt, voltages in thresholds, as the chip's equation has them.

NIR: tau v' = v_leak - v + r I, v' = r I without a leak; a spike above v_threshold and v = v_reset. With Euler's step
and u = v - v_reset: u = (1 - dt / tau) u + (dt / tau) (v_leak - v_reset + r I).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p

import numpy as np

from convert.network import Array
from convert.network.neuron import DECAY_ONE

from .assumed import Assumed
from .linear import Signal
from .reading import Node

NEAR = 0.01
"""r within this share of 1 / dt: the writer meant that an input counts once."""


@dataclass(frozen=True)
class Steps:
    """``gain``: thresholds for each unit of input; ``constant``: thresholds in each step; both of our shape.

    ``leak`` of the voltage in a step; the input passes a filter of ``synapse_s``. ``said`` is what was assumed.
    """

    gain: Array
    constant: Array
    leak: float
    synapse_s: float
    said: str


def in_steps(node: Node, given: Signal, assumed: Assumed) -> Steps:
    """An IF, LIF or CubaLIF. Raises ``ValueError`` for what the chip cannot do, with the way out."""
    reset = given.ours(node.maybe("v_reset", 0.0))
    threshold = given.ours(node.array("v_threshold")) - reset
    if threshold.min() <= 0:
        raise ValueError("a threshold is at or below the reset; raise it, for such a neuron never stops firing")
    r = given.ours(node.array("r"))
    if node.kind == "IF":
        share, rule = _without_leak(r, assumed.dt)
        return Steps(share / threshold, np.zeros(given.shape), 0.0, 0.0, rule)
    leak = _share(node, "tau" if node.kind == "LIF" else "tau_mem", assumed.dt)
    drive = leak * (given.ours(node.array("v_leak")) - reset) / threshold
    said = f"leak {leak:.4g} of the voltage in a step (dt / tau), on the chip {round(leak * DECAY_ONE)}/{DECAY_ONE}"
    gain = leak * r / threshold
    if node.kind == "LIF":
        return Steps(gain, drive, leak, 0.0, f"{said}; an input counts r dt / tau = {_range(leak * r)}")
    filtered = _share(node, "tau_syn", assumed.dt)
    synapse_s = 0.0 if filtered == 1 else -assumed.dt_s / log1p(-filtered)
    w_in = given.ours(node.maybe("w_in", 1.0))
    said += f"; currents keep {1 - filtered:.4g}, a spike adds w_in dt / tau_syn of its weight (writers differ here)"
    return Steps(gain * w_in, drive, leak, synapse_s, said)


def _without_leak(r: Array, dt: float) -> tuple[Array, str]:
    """What an input counts in a step: r dt, or 1 where r is 1, as some writers have it."""
    if (r == 1).all() and dt != 1:
        return np.ones_like(r), "r = 1: an input counts once, not r dt (as sinabs and snnTorch write)"
    if (np.abs(r * dt - 1) < NEAR).all():
        return np.ones_like(r), "r = 1 / dt: an input counts once (as SpikingJelly writes)"
    return r * dt, f"an input counts r dt = {_range(r * dt)}"


def _share(node: Node, name: str, dt: float) -> float:
    """dt / tau, the same for all neurons of the node, and no more than 1."""
    tau = node.array(name)
    if tau.min() != tau.max():
        raise ValueError(
            f"{name} goes from {tau.min():g} to {tau.max():g}, and neurons of a layer share theirs on the chip; train "
            "with one for each layer, or split the layer"
        )
    if tau.min() <= 0:
        raise ValueError(f"{name} is {tau.min():g}; a time constant is above 0")
    share = dt / float(tau.min())
    largest = (DECAY_ONE - 1) / DECAY_ONE if name != "tau_syn" else 1.0
    if share > 1 + 1e-9:
        raise ValueError(f"{name} is {tau.min():g}, shorter than a step of {dt:g}; give the writer's step with --dt")
    return min(share, largest)


def _range(values: Array) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
