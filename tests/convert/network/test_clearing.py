"""What clears a core: from any voltage and current to 0 and 0, to the last unit, with no spike on the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.network import Clearing
from convert.network.chip_integers import UNIT, core_scale
from convert.network.clearing import LARGEST, LEFT, Core, axons_of, drives_down, settled, weights_of


def core_of(largest: float, floor: float) -> Core:
    scale = core_scale(np.float32(largest * 1000), floor, 0.001)
    return Core(scale.threshold, 1 - scale.floor, 2 * UNIT)


def left(current: int) -> int:
    return (abs(current) >> 12) * (1 if current >= 0 else -1)


@given(st.floats(0.02, 60), st.floats(-8, -0.5), st.floats(0, 1), st.integers(-LEFT, LEFT))
def test_any_voltage_becomes_nothing(largest, floor, share, leaves):
    core, downs = core_of(largest, floor), drives_down(floor)
    steps = weights_of(core, downs, axons_of(core, downs))
    total = {kind: sum(round(part) for part in parts) * core.step for kind, parts in steps.items()}
    drives = [total[Clearing.DOWN]] * downs + [total[Clearing.LIFT], 0, 0]
    drives[downs - 1] += total[Clearing.FLOOR]
    voltage, current = round((1 - core.size) + share * (core.threshold + core.size - 1)), leaves << 12
    for drive in drives[: settled(downs)]:
        current = left(current) + drive
        voltage = max(voltage + current, 1 - core.size)
        assert voltage <= core.threshold
    assert (voltage, left(current)) == (0, 0)


@given(st.floats(0.02, 60), st.floats(-8, -0.5))
def test_no_weight_is_larger_than_the_trained_ones(largest, floor):
    core, downs = core_of(largest, floor), drives_down(floor)
    steps = weights_of(core, downs, axons_of(core, downs))
    assert max(abs(part) for parts in steps.values() for part in parts) <= LARGEST


@pytest.mark.parametrize("kind", list(Clearing))
def test_one_axon_fewer_is_too_few(kind):
    core, downs = core_of(0.5, -2.0), 2
    axons = axons_of(core, downs)
    assert weights_of(core, downs, axons) is not None
    assert weights_of(core, downs, {**axons, kind: axons[kind] - 1}) is None
