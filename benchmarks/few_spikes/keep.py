"""The weights that ``convert-model --start-from`` has trained, kept beside those that it started from.

    python -m benchmarks.few_spikes.keep BUNDLE START NAME

START and NAME are files of ``weights``, as steps_8: BUNDLE was trained from START, for as many steps.
"""

from __future__ import annotations

import sys
from pathlib import Path

from convert import load_network

from .measure import WAVES, WEIGHTS
from .networks import TrainedWave


def main(bundle: Path, start: str, name: str) -> None:
    given = TrainedWave.read(WEIGHTS / f"{start}.npz", WAVES[start])
    given.trained_on(load_network(bundle)).write(WEIGHTS / f"{name}.npz")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
