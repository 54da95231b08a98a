"""A file in SpikingJelly: ``import_from_nir`` with the step of 1 ms that the file is written for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from running import Counter, gathered, main
from spikingjelly.activation_based import functional, neuron
from spikingjelly.activation_based.nir_exchange import import_from_nir


def run(path: Path, beside: dict[str, dict[str, Any]], images: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    net = import_from_nir(str(path), dt=1e-3)
    counter = Counter()
    for name, module in net.named_modules():
        if isinstance(module, neuron.BaseNode):
            counter.watch(name, module, _kept(module, beside.get(name)))
    counts, outputs = [], []
    for image in images:
        functional.reset_net(net)
        outputs.append(np.mean([net(torch.as_tensor(step, dtype=torch.float32)[None]).numpy()[0] for step in image], 0))
        counts.append(counter.taken())
    return gathered(counts), np.array(outputs)


def _kept(module: Any, beside: dict[str, Any] | None) -> Any:
    if beside is None:
        return None
    if beside["reset"] == "subtract":
        module.v_reset = None
    return lambda found: setattr(found, "v", torch.clamp(torch.as_tensor(found.v), min=beside["vmin"]))


if __name__ == "__main__":
    main(run)
