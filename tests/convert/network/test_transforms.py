"""One contract for every transform: its matrix, its taps, its fan-out and TensorFlow say the same."""

from __future__ import annotations

import nengo
import numpy as np
import pytest
from scipy import sparse

from convert.network import Convolution, ConvolutionTranspose, Sparse, numpy_form
from convert.network.nengo_form import nengo_transform, seen
from convert.network.tensorflow_form import apply
from convert.network.transforms import dense_convolution
from convert.padding import positions

RNG = np.random.default_rng(0)


def kernel(rows, columns, source, target):
    return RNG.normal(size=(rows, columns, source, target))


CASES = {
    "3x3 same": (Convolution(kernel(3, 3, 2, 4)), (6, 5, 2), (6, 5, 4)),
    "strided same": (Convolution(kernel(3, 2, 2, 3), (2, 3)), (7, 8, 2), (4, 3, 3)),
    "valid": (Convolution(kernel(2, 3, 1, 2), (1, 2), "valid"), (5, 9, 1), (4, 4, 2)),
    "strided pixels": (Convolution(kernel(1, 1, 2, 3), (2, 3)), (7, 8, 2), (4, 3, 3)),
    "transposed same": (ConvolutionTranspose(kernel(3, 3, 2, 3), (2, 2)), (4, 3, 2), (8, 6, 3)),
    "transposed valid": (ConvolutionTranspose(kernel(2, 4, 2, 1), (2, 3), "valid"), (3, 2, 2), (6, 7, 1)),
    "transposed cut": (ConvolutionTranspose(kernel(3, 3, 1, 2), (2, 2), "valid"), (3, 3, 1), (6, 6, 2)),
    "cropped": (Convolution(kernel(3, 2, 2, 3), (1, 1), "valid", ((2, 1), (0, 3))), (9, 8, 2), (4, 4, 3)),
    "cropped, strided": (Convolution(kernel(3, 3, 2, 3), (2, 2), "same", ((1, 2), (2, 0))), (9, 8, 2), (3, 3, 3)),
    "transposed cropped": (
        ConvolutionTranspose(kernel(4, 4, 2, 3), (2, 2), "valid", ((2, 2), (1, 3))),
        (4, 3, 2),
        (6, 4, 3),
    ),
    "transposed same, cropped": (
        ConvolutionTranspose(kernel(3, 3, 2, 3), (2, 2), "same", ((1, 1), (0, 2))),
        (4, 3, 2),
        (6, 4, 3),
    ),
    "sparse": (
        Sparse(sparse.csr_array(sparse.random_array((18, 12), density=0.3, rng=RNG))),
        (2, 3, 2),
        (3, 3, 2),
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def test_the_matrix_is_what_tensorflow_computes(case):
    transform, source, target = case
    images = RNG.normal(size=(3, *source)).astype(np.float32)
    expected = np.asarray(apply(transform, images, target)).reshape(3, -1)
    found = (transform.as_matrix(source, target) @ images.reshape(3, -1).T).T
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_nengo_and_numpy_compute_the_same(case):
    transform, source, target = case
    images = RNG.normal(size=(1, *source)).astype(np.float32)
    expected = np.asarray(apply(transform, images, target))
    np.testing.assert_allclose(numpy_form.apply(transform, images, target), expected, atol=1e-5)
    if case is CASES["transposed cut"]:  # nengo wants whole kernels on the target
        return
    with nengo.Network() as net:
        give, take = nengo.Node(images.ravel()), nengo.Node(size_in=int(np.prod(target)))
        given = seen(transform, give, source)
        nengo.Connection(given, take, transform=nengo_transform(transform, source, target), synapse=None)
        probe = nengo.Probe(take)
    with nengo.Simulator(net, progress_bar=False) as sim:
        sim.step()
    np.testing.assert_allclose(sim.data[probe][-1], expected.ravel(), atol=1e-5)


def test_the_fan_out_counts_the_matrix(case):
    transform, source, target = case
    found = transform.fan_out(source, target)
    assert found.shape == source
    np.testing.assert_array_equal(
        found.ravel(), np.bincount(transform.as_matrix(source, target).indices, minlength=found.size)
    )


def test_taps_say_which_rows_and_columns_are_connected(case):
    transform, source, target = case
    axes = transform.axes(source, target)
    dense = transform.as_matrix(source, target).toarray().reshape(*target, *source)
    if axes is None:
        assert transform is CASES["sparse"][0]
        return
    rows, columns = axes
    for (i, y), ky in np.ndenumerate(rows):
        for (j, x), kx in np.ndenumerate(columns):
            expected = transform.kernel[ky, kx].T if min(ky, kx) >= 0 else 0.0
            np.testing.assert_array_equal(dense[y, x, :, i, j, :], np.broadcast_to(expected, (target[2], source[2])))


def test_scaling_by_a_number_and_by_channel(case):
    transform, source, target = case
    matrix, gain = transform.as_matrix(source, target).toarray(), RNG.uniform(1, 2, target[2])
    np.testing.assert_allclose(transform.scaled(-2.0).as_matrix(source, target).toarray(), -2 * matrix)
    by_channel = np.broadcast_to(gain, target).ravel()[:, None] * matrix
    np.testing.assert_allclose(transform.scaled(gain, target).as_matrix(source, target).toarray(), by_channel)


def test_other_weights_have_the_same_connections(case):
    transform, source, target = case
    before = transform.as_matrix(source, target).toarray()
    after = transform.with_weights(np.sign(transform.weights)).as_matrix(source, target).toarray()
    np.testing.assert_array_equal(after, np.sign(before))


def test_the_largest_weight_of_each_neuron(case):
    transform, source, target = case
    found = np.broadcast_to(transform.largest_weights(target), target)
    largest = np.abs(transform.as_matrix(source, target).toarray()).max(axis=1).reshape(target)
    assert (found >= largest).all()
    if transform.axes(source, target) is None:
        np.testing.assert_array_equal(found, largest)
    else:
        np.testing.assert_array_equal(found[0, 0], np.abs(transform.kernel).max(axis=(0, 1, 2)))


def test_only_full_kernels_of_convolutions_are_dense():
    full = CASES["3x3 same"][0]
    depthwise = Convolution(np.eye(4)[None, None] * np.ones((3, 3, 1, 1)))
    assert dense_convolution(full) is full
    assert [dense_convolution(t) for t in (depthwise, CASES["transposed same"][0], CASES["sparse"][0])] == [None] * 3


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_positions_are_those_of_tensorflow(padding):
    for source, size, stride in np.ndindex(9, 4, 3):
        kept = positions(source + 1, size + 1, stride + 1, padding)
        if kept < 1:
            continue
        transform = Convolution(np.ones((size + 1, 1, 1, 1)), (stride + 1, 1), padding)
        assert apply(transform, np.zeros((1, source + 1, 1, 1)), (kept, 1, 1)).shape == (1, kept, 1, 1)
