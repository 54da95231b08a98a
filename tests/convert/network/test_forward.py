"""The rate network by numpy against TensorFlow: every transform, stride and padding, and a whole network."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from scipy import sparse

from convert.bundle import load_rate_network
from convert.network import (
    INPUT,
    Convolution,
    ConvolutionTranspose,
    Input,
    Network,
    Projection,
    Readout,
    Sparse,
    correlation,
    forward,
    numpy_form,
    tensorflow_form,
)
from convert.network.network import Activation
from convert.padding import positions
from convert.upstream.tensorflow import load_tf_keras
from tests.builders.populations import population

TOLERANCE = 1e-5
KERNELS = [(1, 1), (2, 2), (3, 3), (5, 2), (4, 3)]
STRIDES = [(1, 1), (2, 2), (3, 1), (2, 3)]


def images_of(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=(3, *shape)).astype(np.float32)


def agrees(transform, images, target):
    wanted = np.asarray(tensorflow_form.apply(transform, images, target))
    found = numpy_form.apply(transform, images, target)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("size", "strides"), itertools.product(KERNELS, STRIDES))
def test_convolutions(size, strides, padding):
    kernel = np.random.default_rng(1).normal(size=(*size, 3, 4))
    rows, columns = (positions(n, k, s, padding) for n, k, s in zip((9, 7), size, strides, strict=True))
    agrees(Convolution(kernel, strides, padding), images_of(9, 7, 3), (rows, columns, 4))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("size", "strides"), itertools.product(KERNELS, STRIDES))
def test_transposed_convolutions(size, strides, padding):
    kernel = np.random.default_rng(2).normal(size=(*size, 3, 4))
    length = (5, 4)
    if padding == "same":
        rows, columns = (n * s for n, s in zip(length, strides, strict=True))
    else:
        rows, columns = ((n - 1) * s + max(k, s) for n, k, s in zip(length, size, strides, strict=True))
    agrees(ConvolutionTranspose(kernel, strides, padding), images_of(*length, 3), (rows, columns, 4))


@pytest.mark.parametrize("more", [(-1, 0), (1, -1), (2, 1)])
def test_transposed_convolutions_to_sizes_that_keras_does_not_give(more):
    kernel = np.random.default_rng(2).normal(size=(3, 4, 3, 4))
    agrees(ConvolutionTranspose(kernel, (2, 2), "same"), images_of(5, 4, 3), (10 + more[0], 8 + more[1], 4))


def test_matrices():
    matrix = sparse.random_array((2 * 3 * 4, 60), density=0.2, rng=np.random.default_rng(3), format="csr")
    agrees(Sparse(matrix), images_of(5, 4, 3), (2, 3, 4))


def test_images_in_parts_are_images_at_once(monkeypatch):
    convolution, images = Convolution(np.random.default_rng(4).normal(size=(3, 3, 3, 2))), images_of(6, 6, 3)
    at_once = numpy_form.apply(convolution, images, (6, 6, 2))
    monkeypatch.setattr(correlation, "PATCH_VALUES", 1)
    np.testing.assert_array_equal(numpy_form.apply(convolution, images, (6, 6, 2)), at_once)


def test_a_network_by_hand():
    one = (1, 1, 1)
    populations = tuple(population(name, one, bias_hz=-50.0, scale_hz=1.0) for name in ("a", "b"))
    links = ((INPUT, "a", 100.0), ("a", "b", 2.0), (INPUT, "b", -10.0), ("a", "out", 0.01), ("b", "out", 0.02))
    projections = tuple(Projection(s, t, Sparse(sparse.csr_array([[w]]))) for s, t, w in links)
    network = Network(Input(one), populations, projections, (Readout("out", one, np.ones(one)),))
    (found,) = forward.outputs(network, np.array([0.0, 1.0, 3.0]).reshape(3, 1, 1, 1))
    # a: 0, 50, 250 Hz; b: 0, 100 - 60 = 40, 500 - 80 = 420 Hz
    np.testing.assert_allclose(found, [[1.0], [1 + 0.5 + 0.8], [1 + 2.5 + 8.4]])
    sigmoid = replace(network, readouts=(replace(network.readouts[0], activation="sigmoid"),))
    (soft,) = forward.outputs(sigmoid, np.zeros((3, 1, 1, 1)))
    np.testing.assert_allclose(soft, np.full((3, 1), 1 / (1 + np.exp(-1))))


def test_the_rate_network_of_a_bundle_gives_what_keras_gives(tiny):
    from convert.upstream.tensorflow import load_keras3

    images = np.load(tiny / "data.npz")["x"].astype(np.float32)
    wanted = load_keras3().saving.load_model(tiny / "model.keras").predict(images, verbose=0)
    (found,) = forward.outputs(load_rate_network(tiny / "tiny.bundle"), images)
    np.testing.assert_allclose(found, wanted, atol=TOLERANCE)


def test_a_sigmoid_is_silent_and_exact_for_large_numbers():
    for kind in (np.float32, np.float64):
        values = np.array([-1e30, -1e4, -100, -20, -1, 0, 1, 20, 100, 1e4, 1e30], kind)
        with np.errstate(all="raise", under="ignore"):
            found = forward.activated(values, "sigmoid")
        wanted = [0 if v < -700 else 1 if v > 700 else 1 / (1 + math.exp(-float(v))) for v in values]
        assert found.dtype == kind
        np.testing.assert_allclose(found, wanted, rtol=4 * np.finfo(kind).eps, atol=np.finfo(kind).tiny)


@pytest.mark.parametrize("activation", get_args(Activation))
def test_the_host_computes_the_activations_of_keras(activation):
    values = np.array([[-30.0, -2, -0.5, 0, 0.1, 3, 20]], np.float32)
    wanted = load_tf_keras().layers.Activation(activation)(values)
    found = forward.activated(values, activation)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
