"""Files of snnTorch 1.0, whose step in a file is 1e-4."""

from __future__ import annotations

import nir
import numpy as np
import snntorch
import torch
from snntorch.export_nir import export_to_nir
from writing import CNN, MLP, Network, convolution, linear, write_all

DT = 1e-4


def of(net: torch.nn.Sequential, size: tuple[int, ...]) -> Network:
    def run(steps: np.ndarray) -> np.ndarray:
        for module in net:
            if isinstance(module, snntorch.SpikingNeuron):
                module.reset_mem()
        found = [net(torch.tensor(step)[None]) for step in steps]
        return np.stack([(out[0] if isinstance(out, tuple) else out)[0].numpy() for out in found])

    def graph() -> nir.NIRGraph:
        return export_to_nir(net, torch.zeros(1, *size), ignore_dims=[0])

    return Network(size, graph, run, DT)


def leaky(neurons: int, **settings: object) -> snntorch.Leaky:
    values = {"beta": torch.full((neurons,), 0.8), "threshold": torch.ones(neurons), "init_hidden": True} | settings
    return snntorch.Leaky(**values)


def mlp(**settings: object) -> torch.nn.Sequential:
    return torch.nn.Sequential(linear(20, 16, 0.4), leaky(16, **settings), linear(16, 10, 0.6), leaky(10, **settings))


def synaptic() -> torch.nn.Sequential:
    def layer(neurons: int) -> snntorch.Synaptic:
        return snntorch.Synaptic(
            alpha=torch.full((neurons,), 0.5),
            beta=torch.full((neurons,), 0.8),
            threshold=torch.ones(neurons),
            init_hidden=True,
            reset_mechanism="zero",
            reset_delay=False,
        )

    return torch.nn.Sequential(linear(20, 16, 0.3), layer(16), linear(16, 10, 0.4), layer(10))


def recurrent(kind: str) -> Network:
    """RSynaptic or RLeaky, its own spikes a step later; then a layer that is not recurrent.

    It is run by hand: what ``reset_delay=False`` of 1.0 resets in these two is lost.
    """
    zero = {"reset_mechanism": "zero", "all_to_all": True, "linear_features": 16}
    decays = {"beta": torch.full((16,), 0.8)} | ({"alpha": torch.full((16,), 0.5)} if kind == "RSynaptic" else {})
    layer = getattr(snntorch, kind)(**decays, threshold=torch.ones(16), init_hidden=True, **zero)
    layer.recurrent = linear(16, 16, 0.3)
    last = leaky(10, reset_mechanism="zero", reset_delay=False)
    net = torch.nn.Sequential(linear(20, 16, 0.4), layer, linear(16, 10, 0.6), last)

    def run(steps: np.ndarray) -> np.ndarray:
        layer.reset_mem()
        last.reset_mem()
        found = []
        for step in steps:
            fired = layer(net[0](torch.tensor(step)[None]))
            layer.mem = layer.mem * (1 - fired)
            found.append(last(net[2](fired))[0].numpy())
        return np.stack(found)

    def graph() -> nir.NIRGraph:
        return export_to_nir(net, torch.zeros(1, *MLP), ignore_dims=[0])

    return Network(MLP, graph, run, DT)


def conv() -> torch.nn.Sequential:
    settings = {"reset_mechanism": "zero", "reset_delay": False, "init_hidden": True}
    ones = torch.ones(4, 10, 10)
    first = snntorch.Leaky(beta=0.8 * ones, threshold=ones, **settings)
    last = leaky(10, reset_mechanism="zero", reset_delay=False)
    return torch.nn.Sequential(convolution(2, 4, 0.3), first, torch.nn.Flatten(), linear(400, 10, 0.1), last)


if __name__ == "__main__":
    zero = {"reset_mechanism": "zero", "reset_delay": False}
    write_all(
        {
            "Leaky, reset to zero": lambda: of(mlp(**zero), MLP),
            "Leaky, reset a step late": lambda: of(mlp(reset_mechanism="zero"), MLP),
            "Leaky, by subtraction (its default)": lambda: of(mlp(), MLP),
            "Synaptic": lambda: of(synaptic(), MLP),
            "RSynaptic, reset by hand": lambda: recurrent("RSynaptic"),
            "RLeaky, reset by hand": lambda: recurrent("RLeaky"),
            "convolution": lambda: of(conv(), CNN),
        }
    )
