"""A file in norse: ``from_nir``, whose IF counts an input once whatever r says."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import nir
import norse.torch as norse
import numpy as np
from norse.torch.utils.import_nir import from_nir
from running import Counter, carried, main, presented


def run(path: Path, beside: dict[str, dict[str, Any]], images: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    net = from_nir(nir.read(path), ignore_warnings=True)
    counter = Counter()
    for name, module in net.named_modules():
        if isinstance(module, (norse.IAFCell, norse.LIFBoxCell)):
            counter.watch(name, module)
    if beside:
        raise ValueError("norse's cells have no floor: leave out --beside")
    return presented(images, partial(carried, net), counter)


if __name__ == "__main__":
    main(run)
