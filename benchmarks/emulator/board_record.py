"""What would be uploaded to a board, beside the exact emulator's integers, of a network of any size.

    python -m benchmarks.emulator.board_record BUNDLE [NEURONS]

All thresholds, biases, decays and floors are compared, and all weights of NEURONS neurons of each population (10).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.builders.board_record import assert_record_is_the_emulators, bundle_case


def main(bundle: Path, each: int) -> None:
    case = bundle_case(bundle)
    with pytest.MonkeyPatch.context() as monkeypatch:
        weights = assert_record_is_the_emulators(case, monkeypatch, each)
    neurons = sum(p.neurons for p in case.network.chip_populations)
    print(f"{bundle.name}: {neurons:,} neurons and {weights:,} weights of {each} neurons a population, none different")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
