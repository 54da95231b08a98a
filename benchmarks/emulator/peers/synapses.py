"""A network as arrays that any simulator can read: one row for each synapse. Needs numpy only.

``pre``, ``post``, ``weight``: a synapse each; sources are the chip's neurons, then the host's. ``vth``, ``vmin``,
``bias``, ``core``: for each chip neuron. ``step``, ``host``: which host neuron spikes in which step, counted from 0; it
arrives in the next. ``spikes``: how often each chip neuron fires in ``steps`` steps.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def read() -> tuple[dict[str, Any], int]:
    """The arrays of the file that the command line names, and the number of steps."""
    with np.load(Path(sys.argv[1])) as data:
        arrays = dict(data)
    return arrays, int(arrays["steps"])


def seconds(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def tell(**found: Any) -> None:
    """The result, as the last line that is printed."""
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({**found, "peak_gib": peak_gib}), flush=True)
