"""What the writers have in common: small networks of random weights, random spikes, and what they gave, in files.

    python WRITER.py FOLDER

Writes FOLDER/NAME.nir and FOLDER/NAME.npz (``input`` (recordings, steps, ...) and ``output``, its own spikes) for each
network, and FOLDER/written.json: what could not be written or run, and the step's time in the file.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch

RECORDINGS, STEPS = 4, 60

MLP, CNN = (20,), (2, 10, 10)
"""Sizes of the inputs of the two networks."""


@dataclass(frozen=True)
class Network:
    """``graph`` is made when it is written, ``run`` gives spikes (steps, ...) for (steps, *size); ``dt`` is of the
    file."""

    size: tuple[int, ...]
    graph: Callable[[], nir.NIRGraph]
    run: Callable[[np.ndarray], np.ndarray]
    dt: float


def linear(inputs: int, outputs: int, size: float) -> torch.nn.Linear:
    """Mostly positive weights without bias, so that neurons fire and nothing acts before the first spike."""
    layer = torch.nn.Linear(inputs, outputs, bias=False)
    torch.nn.init.normal_(layer.weight, size / 3, size)
    return layer


def convolution(inputs: int, outputs: int, size: float, bias: bool = False) -> torch.nn.Conv2d:
    layer = torch.nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
    torch.nn.init.normal_(layer.weight, size / 3, size)
    if bias:
        torch.nn.init.zeros_(layer.bias)
    return layer


def write_all(networks: Mapping[str, Callable[[], Network]]) -> None:
    """Every network that can be written; the rest with the error."""
    folder = Path(sys.argv[1])
    told: dict[str, dict[str, Any]] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in networks.items():
        torch.manual_seed(1)
        try:
            with torch.no_grad():
                network = made()
                nir.write(folder / f"{name}.nir", network.graph())
            told[name] = {"dt": network.dt}
        except Exception as error:
            told[name] = {"fails": f"writing: {_short(error)}"}
            continue
        try:
            rng = np.random.default_rng(2)
            given = (rng.random((RECORDINGS, STEPS, *network.size)) < 0.2).astype(np.float32)
            with torch.no_grad():
                fired = np.stack([network.run(one) for one in given])
            np.savez(folder / f"{name}.npz", input=given.astype(np.uint8), output=fired.astype(np.uint8))
        except Exception as error:
            told[name]["not_run"] = _short(error)
    (folder / "written.json").write_text(json.dumps(told, indent=1) + "\n")


def _short(error: Exception) -> str:
    traceback.print_exc()
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"[:200]
