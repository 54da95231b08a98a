"""The Braille networks of the NIR paper in snnTorch's RSynaptic, on eight recordings of 256 random steps.

    python benchmarks/nir/peers/braille_in_snntorch.py FILE.nir zero REFERENCE.npz

With snnTorch, torch and nir installed. RSynaptic is reset by hand: what ``reset_delay=False`` of 1.0 resets is lost.
"""

from __future__ import annotations

import sys

import nir
import numpy as np
import snntorch
import torch

DT = 1e-4


def linear(node: nir.Affine) -> torch.nn.Linear:
    layer = torch.nn.Linear(node.weight.shape[1], node.weight.shape[0], bias=hasattr(node, "bias"))
    layer.weight.data = torch.tensor(node.weight).float()
    if hasattr(node, "bias"):
        layer.bias.data = torch.tensor(node.bias).float()
    return layer


def decays(node: nir.CubaLIF) -> dict[str, float]:
    return {
        "alpha": 1 - DT / float(np.mean(node.tau_syn)),
        "beta": 1 - DT / float(np.mean(node.tau_mem)),
        "threshold": float(node.v_threshold.flat[0]),
    }


def main(path: str, reset: str, out: str) -> None:
    nodes = nir.read(path).nodes
    first, recurrent, second = (linear(nodes[name]) for name in ("fc1", "lif1.w_rec", "fc2"))
    hidden, classes = len(recurrent.weight), len(second.weight)
    looped = snntorch.RSynaptic(
        **decays(nodes["lif1.lif"]), all_to_all=True, linear_features=hidden, reset_mechanism=reset
    )
    looped.recurrent = recurrent
    last = snntorch.Synaptic(**decays(nodes["lif2"]), reset_mechanism=reset, reset_delay=False)
    given = (np.random.default_rng(0).random((8, 256, first.in_features)) < 0.08).astype(np.float32)
    fired = np.zeros((8, 256, classes), np.uint8)
    with torch.no_grad():
        for k, recording in enumerate(given):
            spikes, current, voltage = (torch.zeros(hidden) for _ in range(3))
            current_2, voltage_2 = (torch.zeros(classes) for _ in range(2))
            for t, step in enumerate(recording):
                spikes, current, voltage = looped(first(torch.tensor(step)), spikes, current, voltage)
                voltage = voltage * (1 - spikes) if reset == "zero" else voltage - spikes * looped.threshold
                out_spikes, current_2, voltage_2 = last(second(spikes), current_2, voltage_2)
                fired[k, t] = out_spikes.numpy()
    np.savez(out, input=given.astype(np.uint8), output=fired)


if __name__ == "__main__":
    main(*sys.argv[1:])
