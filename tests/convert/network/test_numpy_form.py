"""Adjoints of transforms and gradients of kernels, by their definition and beside TensorFlow's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from convert.network import Convolution, ConvolutionTranspose, Sparse, numpy_form, tensorflow_form
from convert.upstream.tensorflow import load_tensorflow

RNG = np.random.default_rng(0)
KERNEL = RNG.normal(size=(3, 2, 4, 5))
FORMS = {
    "same": (Convolution(KERNEL, (2, 1), "same"), (9, 7, 4), (5, 7, 5)),
    "valid": (Convolution(KERNEL, (1, 2), "valid"), (9, 7, 4), (7, 3, 5)),
    "cropped": (Convolution(KERNEL, (1, 1), "same", ((1, 2), (0, 3))), (9, 7, 4), (6, 4, 5)),
    "one pixel": (Convolution(KERNEL[:1, :1], (2, 2), "same"), (9, 7, 4), (5, 4, 5)),
    "transposed": (ConvolutionTranspose(KERNEL, (2, 2), "same"), (5, 4, 4), (10, 8, 5)),
    "transposed, stride 1": (ConvolutionTranspose(KERNEL, (1, 1), "valid"), (5, 4, 4), (7, 5, 5)),
    "transposed, cropped": (ConvolutionTranspose(KERNEL, (2, 3), "valid", ((1, 0), (2, 1))), (5, 4, 4), (10, 8, 5)),
    "matrix": (Sparse(sparse.csr_array(RNG.normal(size=(12, 20)))), (5, 4, 1), (3, 2, 2)),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_adjoint_is_transposed(name):
    transform, source, target = FORMS[name]
    x, seed = RNG.normal(size=(3, *source)), RNG.normal(size=(3, *target))
    forth, back = numpy_form.apply(transform, x, target), numpy_form.apply_adjoint(transform, seed, source)
    assert forth.dtype == back.dtype == np.float64
    assert np.vdot(forth, seed) == pytest.approx(np.vdot(x, back))


@pytest.mark.parametrize("name", [name for name in FORMS if name != "matrix"])
def test_the_gradient_of_a_kernel_is_tensorflows(name):
    tf = load_tensorflow()
    transform, source, target = FORMS[name]
    x, seed = (RNG.normal(size=(3, *shape)).astype(np.float32) for shape in (source, target))
    kernel = tf.constant(transform.kernel, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        made = tensorflow_form.apply(transform.with_weights(kernel), x, target)
    wanted = tape.gradient(made, kernel, output_gradients=tf.constant(seed))
    np.testing.assert_allclose(numpy_form.of_kernel(transform, x, seed), wanted, rtol=1e-4, atol=1e-4)
