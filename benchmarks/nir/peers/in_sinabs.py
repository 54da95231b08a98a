"""A file in sinabs: ``from_nir``, whose neurons subtract the threshold and may fire several times in a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
import sinabs.activation as activation
import sinabs.layers as layers
import torch
from running import Counter, first, main, presented
from sinabs.nir import from_nir


def run(path: Path, beside: dict[str, dict[str, Any]], images: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    net = from_nir(nir.read(path), batch_size=1)
    counter = Counter()
    neurons = {name: m for name, m in net.named_modules() if isinstance(m, layers.StatefulLayer)}
    for name, module in neurons.items():
        counter.watch(name, module)
        if (kept := beside.get(name)) is not None:
            module.min_v_mem = torch.nn.Parameter(torch.tensor(kept["vmin"]))
            if kept["reset"] == "zero":
                module.reset_fn, module.spike_fn = activation.MembraneReset(), activation.SingleSpike

    def steps_of(image: np.ndarray) -> list[np.ndarray]:
        for module in neurons.values():
            module.reset_states()
        return [first(net(torch.as_tensor(step, dtype=torch.float32)[None])) for step in image]

    return presented(images, steps_of, counter)


if __name__ == "__main__":
    main(run)
