"""Files of norse 1.1."""

from __future__ import annotations

import norse.torch as norse
import numpy as np
import torch
from norse.torch.utils.export_nir import to_nir
from writing import CNN, MLP, Network, convolution, linear, write_all

DT = 1e-3


def of(net: torch.nn.Module, size: tuple[int, ...]) -> Network:
    def run(steps: np.ndarray) -> np.ndarray:
        state, found = None, []
        for step in steps:
            out, state = net(torch.tensor(step)[None], state)
            found.append(out[0].numpy())
        return np.stack(found)

    return Network(size, lambda: to_nir(net, torch.zeros(1, *size)), run, DT)


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


def conv() -> torch.nn.Module:
    layers = (convolution(2, 4, 0.3, bias=True), integrate(4, 10, 10), torch.nn.Flatten(), linear(400, 10, 0.1))
    return norse.SequentialState(*layers, integrate(10))


if __name__ == "__main__":
    write_all(
        {
            "LIFBox": lambda: of(mlp(lif), MLP),
            "IAF": lambda: of(mlp(integrate), MLP),
            "LIF (current-based)": lambda: of(mlp(current_based), MLP),
            "IAF, convolution": lambda: of(conv(), CNN),
        }
    )
