"""Files of sinabs 3.1, which counts times in steps."""

from __future__ import annotations

import numpy as np
import sinabs.activation as activation
import sinabs.layers as layers
import torch
from sinabs.nir import to_nir
from writing import CNN, MLP, Network, convolution, linear, write_all

DT = 1.0


def of(net: torch.nn.Sequential, size: tuple[int, ...]) -> Network:
    def run(steps: np.ndarray) -> np.ndarray:
        for module in net:
            if isinstance(module, layers.StatefulLayer):
                module.reset_states()
        return np.stack([net(torch.tensor(step)[None])[0].numpy() for step in steps])

    return Network(size, lambda: to_nir(net, torch.zeros(1, *size)), run, DT)


ZERO = {"reset_fn": activation.MembraneReset(), "spike_fn": activation.SingleSpike}


def mlp(neuron: type, **settings: object) -> torch.nn.Sequential:
    one, two = (neuron(batch_size=1, **settings) for _ in range(2))
    return torch.nn.Sequential(linear(20, 16, 0.4), one, linear(16, 10, 0.6), two)


def conv(**settings: object) -> torch.nn.Sequential:
    return torch.nn.Sequential(
        convolution(2, 4, 0.3),
        layers.IAFSqueeze(batch_size=1, **settings),
        layers.SumPool2d(2, 2),
        convolution(4, 6, 0.2),
        layers.IAFSqueeze(batch_size=1, **settings),
        torch.nn.Flatten(),
        linear(150, 10, 0.1),
        layers.IAFSqueeze(batch_size=1, **settings),
    )


if __name__ == "__main__":
    leaky = {"tau_mem": 4.0, "norm_input": False}
    write_all(
        {
            "IAF, reset to zero": lambda: of(mlp(layers.IAFSqueeze, **ZERO), MLP),
            "IAF, by subtraction (its default)": lambda: of(mlp(layers.IAFSqueeze), MLP),
            "LIF, reset to zero": lambda: of(mlp(layers.LIFSqueeze, **leaky, **ZERO), MLP),
            "IAF, convolutions, pool": lambda: of(conv(**ZERO), CNN),
        }
    )
