"""A file in SpikingJelly: ``import_from_nir`` with the step of 1 ms that the file is written for."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from running import Counter, carried, main, presented
from spikingjelly.activation_based import base
from spikingjelly.activation_based.nir_exchange import import_from_nir


def run(path: Path, beside: dict[str, dict[str, Any]], images: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    net = import_from_nir(str(path), dt=1e-3)
    counter = Counter()
    for name, module in net.named_children():
        if isinstance(getattr(module, "module", None), base.MemoryModule):
            counter.watch(name, module)
            if (kept := beside.get(name)) is not None:
                if kept["reset"] == "subtract":
                    module.module.v_reset = None
                module.register_forward_hook(partial(_above, kept["vmin"]))
    return presented(images, partial(carried, net), counter)


def _above(floor: float, module: Any, given: Any, out: Any) -> Any:
    """What comes out, with the voltage of its state no lower than ``floor``."""
    names = list(module.module._memories)
    state = [v.clamp(min=floor) if name == "v" else v for name, v in zip(names, out[1], strict=True)]
    return out[0], tuple(state)


if __name__ == "__main__":
    main(run)
