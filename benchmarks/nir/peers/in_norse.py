"""A file in norse: ``from_nir``, whose IF counts an input once whatever r says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import norse.torch as norse
import numpy as np
import torch
from norse.torch.utils.import_nir import from_nir
from running import Counter, first, gathered, main


def run(path: Path, beside: dict[str, dict[str, Any]], images: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    net = from_nir(nir.read(path), ignore_warnings=True)
    counter = Counter()
    for name, module in net.named_modules():
        if isinstance(module, (norse.IAFCell, norse.LIFBoxCell)):
            counter.watch(name, module)
    if beside:
        raise NotImplementedError("norse's cells have no floor")
    counts, outputs = [], []
    for image in images:
        state, steps = None, []
        for step in image:
            out, state = net(torch.as_tensor(step, dtype=torch.float32)[None], state)
            steps.append(first(out))
        outputs.append(np.mean(steps, axis=0))
        counts.append(counter.taken())
    return gathered(counts), np.array(outputs)


if __name__ == "__main__":
    main(run)
