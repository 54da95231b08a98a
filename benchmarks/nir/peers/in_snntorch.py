"""A file in snnTorch: ``import_from_nir``, which wants r = 1 of an IF (``--dt 1``), and a step of 1e-4 of a LIF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
import snntorch
import torch
from running import Counter, first, main, presented
from snntorch.import_nir import import_from_nir


def run(path: Path, beside: dict[str, dict[str, Any]], images: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    net = import_from_nir(nir.read(path))
    counter = Counter()
    neurons = {name: m for name, m in net.named_modules() if isinstance(m, snntorch.SpikingNeuron)}
    for name, module in neurons.items():
        counter.watch(name, module)
        if (kept := beside.get(name)) is not None:
            module.reset_mechanism = kept["reset"]

    def steps_of(image: np.ndarray) -> list[np.ndarray]:
        for module in neurons.values():
            module.reset_mem()
        steps = []
        for step in image:
            steps.append(first(net(torch.as_tensor(step, dtype=torch.float32)[None])))
            for name, kept in beside.items():
                floor = kept["vmin"] / kept["threshold"] * float(neurons[name].threshold)  # it scales thresholds
                neurons[name].mem = neurons[name].mem.clamp(min=floor)
        return steps

    return presented(images, steps_of, counter)


if __name__ == "__main__":
    main(run)
