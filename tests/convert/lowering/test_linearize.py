"""Linear functions of images, from impulses alone: kernels, matrices, and the choice between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from convert.lowering.impulses import matrix_of, responses_to
from convert.lowering.linear import Linear
from convert.lowering.linearize import linearize
from convert.lowering.taps import taps_of
from convert.network import Convolution, ConvolutionTranspose, Sparse
from convert.network.tensorflow_form import apply

RNG = np.random.default_rng(1)
COUNTED = []


def as_linear(transform, source, target):
    """What ``transform`` does, with nothing said of how."""
    matrix = transform.as_matrix(source, target)

    def function(images):
        COUNTED.append(len(images))
        return np.asarray(apply(transform, images, target))

    def adjoint(images):
        return (matrix.T @ images.reshape(len(images), -1).T).T.reshape(len(images), *source).astype(np.float32)

    return Linear(function, adjoint, source, target)


def dense(*shape):
    return RNG.uniform(0.5, 1.0, shape) * RNG.choice([-1, 1], shape)


KERNELS = {
    "same": (Convolution(dense(3, 3, 2, 3)), (8, 9, 2), (8, 9, 3)),
    "strided": (Convolution(dense(3, 3, 1, 4), (2, 2)), (12, 12, 1), (6, 6, 4)),
    "valid": (Convolution(dense(3, 2, 2, 2), (1, 1), "valid"), (9, 9, 2), (7, 8, 2)),
    "small": (Convolution(dense(3, 3, 1, 1)), (3, 2, 1), (3, 2, 1)),
    "transposed": (ConvolutionTranspose(dense(2, 2, 3, 2), (2, 2)), (5, 5, 3), (10, 10, 2)),
    "transposed 3x3": (ConvolutionTranspose(dense(3, 3, 2, 2), (2, 2)), (6, 6, 2), (12, 12, 2)),
}


VALID = Convolution(dense(3, 3, 4, 3), (1, 1), "valid", ((18, 18), (18, 18)))
UP_TWICE = ConvolutionTranspose(dense(4, 4, 4, 3), (2, 2), "valid", ((2, 2), (2, 2)))
CROPPED = {
    "a cropped skip": (VALID, (40, 41, 4), (2, 3, 3)),
    "the corner": (replace(VALID, crop=((0, 22), (0, 22))), (32, 32, 4), (8, 8, 3)),
    "cropped, then 'same'": (replace(VALID, padding="same", crop=((4, 4), (4, 3))), (20, 20, 4), (12, 13, 3)),
    "every second pixel": (Convolution(dense(1, 1, 2, 3), (2, 2), "valid", ((1, 0), (1, 0))), (12, 12, 2), (6, 6, 3)),
    "up, then 'valid'": (UP_TWICE, (9, 8, 4), (16, 14, 3)),
    "up, then 'valid', small": (UP_TWICE, (4, 4, 4), (6, 6, 3)),
}


@pytest.mark.parametrize("name", [*KERNELS, *CROPPED])
def test_a_convolution_is_found_again(name):
    transform, source, target = {**KERNELS, **CROPPED}[name]
    (found,) = linearize(as_linear(transform, source, target))
    assert found.axes(source, target) is not None
    assert found.kernel.shape == transform.kernel.shape
    expected = transform.as_matrix(source, target).toarray()
    np.testing.assert_allclose(found.as_matrix(source, target).toarray(), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["same", "strided"])
def test_taps_are_those_of_the_kernel(name):
    transform, source, target = KERNELS[name]
    found = taps_of(as_linear(transform, source, target), (1, 1), transform.strides)
    assert len(found) == transform.kernel.shape[0] * transform.kernel.shape[1]
    low = np.min(list(found), axis=0)
    for tap, weights in found.items():
        np.testing.assert_allclose(weights, transform.kernel[tuple(np.array(tap) - low)], atol=1e-6)


def test_what_differs_from_pixel_to_pixel_becomes_single_synapses():
    shape = (4, 4, 2)
    transform = Sparse(sparse.csr_array(sparse.random_array((32, 32), density=0.4, rng=RNG)))
    (found,) = linearize(as_linear(transform, shape, shape))
    assert isinstance(found, Sparse)
    np.testing.assert_allclose(found.matrix.toarray(), transform.matrix.toarray(), atol=1e-6)


def test_a_kernel_that_is_mostly_zeros_becomes_single_synapses():
    shape = (5, 5, 6)
    identity = Convolution(np.eye(6)[None, None])
    (found,) = linearize(as_linear(identity, shape, shape))
    assert isinstance(found, Sparse)
    assert found.matrix.nnz == 150


@pytest.mark.parametrize(("n", "m"), [(7, 5), (40, 3)])
def test_a_matrix_between_vectors_is_a_kernel_of_one_pixel(n, m):
    matrix = RNG.normal(size=(m, n))
    transform = Sparse(sparse.csr_array(matrix))
    (found,) = linearize(as_linear(transform, (1, 1, n), (1, 1, m)))
    assert isinstance(found, Convolution)
    np.testing.assert_allclose(found.kernel, matrix.T[None, None], atol=1e-6)
    (diagonal,) = linearize(as_linear(Sparse(sparse.eye_array(n, format="csr")), (1, 1, n), (1, 1, n)))
    assert isinstance(diagonal, Sparse)


@pytest.mark.parametrize("strides", [1, 2])
def test_a_long_sequence_is_seen_from_a_few_impulses(strides):
    """The one row of a sequence is no border: its middle shows the kernel."""
    transform = Convolution(dense(1, 5, 3, 4), (1, strides), "same")
    linear = as_linear(transform, (1, 400, 3), (1, 400 // strides, 4))
    COUNTED.clear()
    (found,) = linearize(linear)
    assert isinstance(found, Convolution)
    assert sum(COUNTED) < 20
    np.testing.assert_allclose(
        found.as_matrix(linear.source, linear.target).toarray(),
        transform.as_matrix(linear.source, linear.target).toarray(),
        atol=1e-6,
    )


@pytest.mark.parametrize("size", [6, 24])
def test_what_differs_at_the_border_only_is_a_kernel_and_single_synapses_there(size, monkeypatch):
    monkeypatch.setattr("convert.lowering.linearize.MANY", 0)
    shape = (size, size, 2)
    kernel = Convolution(dense(3, 3, 2, 2))
    matrix = kernel.as_matrix(shape, shape).tolil()
    matrix[: 2 * size] *= 2.0  # the first row of the target
    found = linearize(as_linear(Sparse(sparse.csr_array(matrix)), shape, shape))
    np.testing.assert_allclose(sum(t.as_matrix(shape, shape) for t in found).toarray(), matrix.toarray(), atol=1e-5)
    shared, border = found
    assert shared.axes(shape, shape) is not None
    assert set(border.matrix.nonzero()[0]) == set(range(2 * size))


def test_a_guess_that_reproduces_the_function_is_taken_without_measuring():
    transform, source, target = KERNELS["same"]
    linear = as_linear(transform, source, target)
    COUNTED.clear()
    guesses = [(transform.scaled(-1.0),), (transform,)]
    assert linearize(linear, guesses) is guesses[1]
    assert sum(COUNTED) == 4  # two random images for each guess


@pytest.mark.parametrize(
    ("source", "target"), [((6, 6, 3), (1, 1, 5)), ((1, 1, 7), (4, 4, 3)), ((40, 30, 1), (20, 15, 2))]
)
def test_matrices_from_either_side_and_from_many_pixels_at_once(source, target):
    size = (int(np.prod(target)), int(np.prod(source)))
    if source == (40, 30, 1):
        transform = Convolution(dense(3, 3, 1, 2), (2, 2))
    else:
        transform = Sparse(sparse.csr_array(RNG.normal(size=size)))
    found = matrix_of(as_linear(transform, source, target))
    np.testing.assert_allclose(found.toarray(), transform.as_matrix(source, target).toarray(), atol=1e-5)


def test_responses_are_one_image_for_each_channel():
    transform, source, target = KERNELS["same"]
    found = responses_to(as_linear(transform, source, target), [4], [5])
    matrix = transform.as_matrix(source, target).toarray().reshape(*target, *source)
    np.testing.assert_allclose(found, matrix[:, :, :, 4, 5].transpose(3, 0, 1, 2), atol=1e-6)
