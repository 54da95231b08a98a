"""What the peers have in common: a file that was exported, run step by step in another simulator.

    python PEER.py NET.nir GIVEN.npz RESULT.npz [--beside]

GIVEN has ``input`` (images, steps, ...), in NIR's order of axes. RESULT gets, for each neuron node, its spikes of each
image (``spikes/NODE``) and the mean of the output over the steps (``output``). With ``--beside`` the floor and the
reset that lie in the nodes' metadata are put into the simulator's neurons, which no importer does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

Run = Callable[[Path, dict[str, dict[str, Any]], np.ndarray], tuple[dict[str, np.ndarray], np.ndarray]]
"""The file, what lies beside its nodes, the input -> spikes of each node (images,), mean outputs."""


def beside_nodes(path: Path) -> dict[str, dict[str, Any]]:
    """``vmin``, ``reset`` and the threshold of each neuron node."""
    with h5py.File(path) as file:
        nodes = file["node/nodes"]
        return {
            name: {
                "vmin": float(node["metadata/vmin"][()]),
                "reset": node["metadata/reset"][()].decode(),
                "threshold": float(np.max(node["v_threshold"])),
            }
            for name, node in nodes.items()
            if "metadata" in node
        }


def main(run: Run) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("net", type=Path)
    parser.add_argument("given", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--beside", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with np.load(options.given) as given:
        images = given["input"]
    with torch.no_grad():
        spikes, output = run(options.net, beside_nodes(options.net) if options.beside else {}, images)
    np.savez(options.result, output=output, **{f"spikes/{name}": counts for name, counts in spikes.items()})


class Counter:
    """Counts what comes out of modules, by forward hooks."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}

    def watch(self, name: str, module: torch.nn.Module) -> None:
        self.counts[name] = 0.0

        def hook(found: Any, given: Any, out: Any) -> None:
            spikes = out[0] if isinstance(out, tuple) else out
            self.counts[name] += float(spikes.sum())

        module.register_forward_hook(hook)

    def taken(self) -> dict[str, float]:
        """The counts since the last time."""
        found, self.counts = self.counts, dict.fromkeys(self.counts, 0.0)
        return found


def presented(
    images: np.ndarray, steps_of: Callable[[np.ndarray], list[np.ndarray]], counter: Counter
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Spikes of each node (images,) and mean outputs, where ``steps_of`` an image gives what comes out at each step."""
    counts, outputs = [], []
    for image in images:
        outputs.append(np.mean(steps_of(image), axis=0))
        counts.append(counter.taken())
    return {name: np.array([one[name] for one in counts]) for name in counts[0]}, np.array(outputs)


def carried(net: torch.nn.Module, image: np.ndarray) -> list[np.ndarray]:
    """What comes out of ``net`` at each step of ``image``, from rest: it is given its state, and gives it back."""
    state, steps = None, []
    for step in image:
        out, state = net(torch.as_tensor(step, dtype=torch.float32)[None], state)
        steps.append(first(out))
    return steps


def first(found: Any) -> np.ndarray:
    """What comes out for the only image of a batch, without the state that some simulators give beside it."""
    out = found[0] if isinstance(found, tuple) else found
    return np.asarray(out.detach().numpy()).squeeze()
