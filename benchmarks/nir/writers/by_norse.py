"""Files of norse 1.1."""

from __future__ import annotations

import nir
import norse.torch as norse
import numpy as np
import torch
from norse.torch.utils.export_nir import to_nir
from writing import CNN, MLP, Network, convolution, linear, write_all

DT, OF_FILE = 1e-3, 1e-6
"""The step of norse, and what it is in a file of norse 1.1, which holds dt / tau^-1 as the time constant."""


def of(net: torch.nn.Module, size: tuple[int, ...], grid: tuple[int, int] | None = None) -> Network:
    """``grid``: rows and columns that a convolution takes; without them sizes are left out, as norse does."""

    def run(steps: np.ndarray) -> np.ndarray:
        state, found = None, []
        for step in steps:
            out, state = net(torch.tensor(step)[None], state)
            found.append(out[0].numpy())
        return np.stack(found)

    def graph() -> nir.NIRGraph:
        made = to_nir(net, torch.zeros(*size))
        for node in made.nodes.values():
            if isinstance(node, nir.Conv2d) and grid is not None:
                node.input_shape = grid
        return made

    return Network(size, graph, run, OF_FILE)


def lif(*size: int) -> norse.LIFBoxCell:
    ones = torch.ones(*size)
    return norse.LIFBoxCell(
        norse.LIFBoxParameters(tau_mem_inv=250 * ones, v_th=0.25 * ones, v_leak=0 * ones, v_reset=0 * ones)
    )


def integrate(*size: int) -> norse.IAFCell:
    return norse.IAFCell(norse.IAFParameters(v_th=torch.ones(*size), v_reset=torch.zeros(*size)))


def current_based(*size: int) -> norse.LIFCell:
    ones = torch.ones(*size)
    values = {"tau_syn_inv": 500 * ones, "tau_mem_inv": 250 * ones, "v_th": 0.1 * ones, "v_leak": 0 * ones}
    return norse.LIFCell(norse.LIFParameters(**values, v_reset=0 * ones))


def mlp(neuron: type) -> torch.nn.Module:
    return norse.SequentialState(linear(20, 16, 0.4), neuron(16), linear(16, 10, 0.6), neuron(10))


def conv(layers: int) -> torch.nn.Module:
    """The first of them."""
    first = (convolution(2, 4, 0.3, bias=True), integrate(4, 10, 10))
    return norse.SequentialState(*(*first, torch.nn.Flatten(), linear(400, 10, 0.1), integrate(10))[:layers])


if __name__ == "__main__":
    write_all(
        {
            "LIFBox": lambda: of(mlp(lif), MLP),
            "IAF": lambda: of(mlp(integrate), MLP),
            "LIF (current-based)": lambda: of(mlp(current_based), MLP),
            "IAF, convolution": lambda: of(conv(2), CNN),
            "the same, sizes filled in by hand": lambda: of(conv(2), CNN, (10, 10)),
            "IAF, convolution, Flatten": lambda: of(conv(5), CNN),
        }
    )
