"""Files of sinabs 3.1, which counts times in steps."""

from __future__ import annotations

import nir
import numpy as np
import sinabs.activation as activation
import sinabs.layers as layers
import torch
from sinabs.nir import to_nir
from writing import CNN, MLP, Network, convolution, linear, write_all

DT = 1.0


def of(net: torch.nn.Sequential, size: tuple[int, ...], grids: tuple[int, ...] = ()) -> Network:
    """``grids``: rows, and columns, that the convolutions take; without them sizes are left out, as sinabs does."""

    def run(steps: np.ndarray) -> np.ndarray:
        for module in net:
            if isinstance(module, layers.StatefulLayer):
                module.reset_states()
        return np.stack([net(torch.tensor(step)[None])[0].numpy() for step in steps])

    def graph() -> nir.NIRGraph:
        made = to_nir(net, torch.zeros(1, *size))
        convolutions = [node for node in made.nodes.values() if isinstance(node, nir.Conv2d)]
        for node, grid in zip(convolutions, grids, strict=False):
            node.input_shape = (grid, grid)
        for node in made.nodes.values():
            if isinstance(node, nir.Flatten) and grids:
                node.input_type = {"input": np.array([6, 5, 5])}
        return made

    return Network(size, graph, run, DT)


ZERO = {"reset_fn": activation.MembraneReset(), "spike_fn": activation.SingleSpike}


def mlp(neuron: type, **settings: object) -> torch.nn.Sequential:
    one, two = (neuron(batch_size=1, **settings) for _ in range(2))
    return torch.nn.Sequential(linear(20, 16, 0.4), one, linear(16, 10, 0.6), two)


def lif(**settings: object) -> torch.nn.Sequential:
    """Time constants for each neuron, for one of no shape gives nodes of no size."""

    def layer(neurons: int) -> torch.nn.Module:
        ones = torch.ones(neurons)
        return layers.LIFSqueeze(tau_mem=4 * ones, spike_threshold=ones, batch_size=1, **ZERO, **settings)

    size = 0.4 if settings else 1.6
    return torch.nn.Sequential(linear(20, 16, size), layer(16), linear(16, 10, 1.5 * size), layer(10))


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
    write_all(
        {
            "IAF, reset to zero": lambda: of(mlp(layers.IAFSqueeze, **ZERO), MLP),
            "IAF, by subtraction (its default)": lambda: of(mlp(layers.IAFSqueeze), MLP),
            "LIF, reset to zero": lambda: of(lif(), MLP),
            "LIF, norm_input=False": lambda: of(lif(norm_input=False), MLP),
            "IAF, convolutions, pool": lambda: of(conv(**ZERO), CNN),
            "the same, sizes filled in by hand": lambda: of(conv(**ZERO), CNN, (10, 5)),
        }
    )
