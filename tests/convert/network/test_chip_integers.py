"""The integers of a core beside those of nengo_loihi's own functions, for scales over many powers of ten."""

from __future__ import annotations

import warnings
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.network.chip_integers import (
    UNIT,
    CoreScale,
    bias_integers,
    core_scale,
    current_decay,
    synapse_integers,
)
from convert.upstream.nengo_loihi import load_nengo_loihi

SIZES = st.floats(-11, 5).map(lambda exponent: 10**exponent)
"""Of weights and biases in Hz, from nothing to more than the chip holds."""


def compartment(bias_hz: np.ndarray, floor: float, synapse_s: float, dt_s: float) -> object:
    comp = load_nengo_loihi().block.Compartment(len(bias_hz))
    comp.configure_relu(vth=1 / dt_s, dt=dt_s)
    comp.bias[:], comp.vmin = bias_hz, floor / dt_s
    comp.configure_default_filter(synapse_s, dt=dt_s)
    return comp


def synapse(weights: np.ndarray) -> object:
    made = load_nengo_loihi().block.Synapse(1)
    made.set_population_weights([weights.reshape(1, -1).copy()], [np.zeros((1, weights.size), np.int32)], None, None)
    return made


def held_against_nengo_loihi(
    weights: list[np.ndarray], bias_hz: np.ndarray, floor: float, synapse_s: float, dt_s: float
) -> CoreScale | None:
    """Compares everything; the scale, or None where neither finds one."""
    discretize = load_nengo_loihi().builder.discretize
    comp = compartment(bias_hz, floor, synapse_s, dt_s)
    largest = np.float32(max(float(np.abs(w).max(initial=0)) for w in weights))
    most = np.float32(np.abs(bias_hz).max())
    scale = core_scale(largest, floor, dt_s, largest_bias_hz=most, synapse_s=synapse_s)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bits that are lost
        try:
            info = discretize.discretize_compartment(comp, largest)
        except (discretize.BuildError, AssertionError):
            assert not scale.fits
            return None
        assert scale.fits
        assert (scale.threshold, scale.floor) == (comp.vth[0], comp.vmin)
        assert current_decay(synapse_s, dt_s) == comp.decay_u[0]
        np.testing.assert_array_equal(bias_integers(bias_hz, scale), comp.bias)
        for w in weights:
            theirs = synapse(w)
            discretize.discretize_synapse(theirs, largest, np.ravel(info["w_scale"])[0], info["w_exp"])
            np.testing.assert_array_equal(synapse_integers(w, scale) * UNIT, theirs.weights[0][0])
    return scale


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(
    st.lists(SIZES, min_size=1, max_size=3),
    SIZES,
    st.sampled_from([0.0, -0.3, -1.0, -2.0, -7.0]),
    st.sampled_from([0.0, 0.0, 0.001, 0.005, 0.02, 0.5]),
    st.sampled_from([0.001, 0.0001, 0.004]),
    st.integers(0, 2**31),
)
def test_every_integer_is_nengo_loihis(sizes, bias_size, floor, synapse_s, dt_s, seed):
    rng = np.random.default_rng(seed)
    weights = [(size * rng.normal(size=12)).astype(np.float32) for size in sizes]
    held_against_nengo_loihi(weights, (bias_size * rng.normal(size=5)).astype(np.float32), floor, synapse_s, dt_s)


@pytest.mark.parametrize("power", range(1, 9))
@pytest.mark.parametrize("beside", [-inf, 0, inf])
def test_weights_beside_a_power_of_two_below_the_largest_are_too(power, beside):
    largest = np.float32(312.5)
    smaller = np.float32(largest / 2**power)
    smaller = np.nextafter(smaller, np.float32(beside)) if beside else smaller
    weights = [np.array([largest, -largest / 3]), np.array([smaller, smaller / 7, -smaller / 5, 0])]
    found = held_against_nengo_loihi([w.astype(np.float32) for w in weights], np.zeros(1, np.float32), -2, 0, 0.001)
    assert found is not None


@pytest.mark.parametrize(
    ("weight", "bias_hz"), [(0.0, 0.0), (0.0, 300.0), (0.0, 2e6), (300.0, 9e5), (1e-9, 1e-3), (3e-3, 0.0), (2e6, 0.0)]
)
def test_the_borders_are_nengo_loihis(weight, bias_hz):
    held_against_nengo_loihi([np.full(3, weight, np.float32)], np.full(2, bias_hz, np.float32), -1.0, 0.005, 0.001)


def test_a_current_that_hardly_decays_has_no_scale():
    with pytest.raises(ValueError, match="too many steps"):
        current_decay(10.0, 0.001)
    with pytest.raises(load_nengo_loihi().builder.discretize.BuildError, match="scaling is required"):
        compartment(np.zeros(1, np.float32), 0.0, 10.0, 0.001)
