"""Files of SpikingJelly 2.0."""

from __future__ import annotations

import numpy as np
import torch
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir
from writing import CNN, MLP, Network, convolution, linear, write_all

DT = 1e-3


def of(net: torch.nn.Module, size: tuple[int, ...]) -> Network:
    def run(steps: np.ndarray) -> np.ndarray:
        functional.reset_net(net)
        return np.stack([net(torch.tensor(step)[None])[0].numpy() for step in steps])

    return Network(size, lambda: export_to_nir(net, torch.zeros(1, *size), dt=DT), run, DT)


class Residual(torch.nn.Module):
    """A sum before the neurons."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.one = convolution(2, 4, 0.3), neuron.IFNode()
        self.second, self.two = convolution(4, 4, 0.2), neuron.IFNode()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.one(self.first(x))
        return self.two(self.second(y) + y)


def conv() -> torch.nn.Sequential:
    return torch.nn.Sequential(
        convolution(2, 4, 0.3),
        neuron.IFNode(),
        layer.AvgPool2d(2, 2),
        convolution(4, 6, 0.4),
        neuron.LIFNode(tau=4.0, decay_input=False),
        layer.Flatten(),
        linear(150, 10, 0.1),
        neuron.IFNode(),
    )


def mlp(**settings: object) -> torch.nn.Sequential:
    one, two = (neuron.LIFNode(tau=2.0, **settings) for _ in range(2))
    return torch.nn.Sequential(linear(20, 16, 0.4), one, linear(16, 10, 0.6), two)


if __name__ == "__main__":
    write_all(
        {
            "LIF": lambda: of(mlp(decay_input=False), MLP),
            "LIF, input decays": lambda: of(mlp(decay_input=True), MLP),
            "IF, convolutions, pool": lambda: of(conv(), CNN),
            "residual sum": lambda: of(Residual(), CNN),
            "soft reset": lambda: of(mlp(decay_input=False, v_reset=None), MLP),
        }
    )
