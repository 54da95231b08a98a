"""Linear nodes as kernels or single weights: the same numbers, and a kernel wherever one of ours will do."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from convert.frontends.nir.linear import LINEAR, Signal, shape_of, source_signal
from convert.frontends.nir.maps import Map, as_transform
from convert.frontends.nir.reading import Node
from convert.network import Convolution, Sparse
from tests.builders.nir_files import conv2d, convolved, pool2d, pooled

RNG = np.random.default_rng(2)


def after(*nodes: dict, size: tuple[int, ...]) -> Signal:
    signal = source_signal("s", size, shape_of(size))
    for node in nodes:
        fields = {name: value if isinstance(value, str) else np.asarray(value) for name, value in node.items()}
        signal = LINEAR[node["type"]](Node(node["type"], fields), signal)
    return signal


def by_hand(nodes: tuple[dict, ...], x: np.ndarray) -> np.ndarray:
    for node in nodes:
        x = convolved(node, x) if node["type"] == "Conv2d" else pooled(node, x)
    return x


def check(nodes: tuple[dict, ...], size: tuple[int, ...]) -> Map:
    """The composed map, as it was checked on a random image, together with the transform that stands for it."""
    signal = after(*nodes, size=size)
    (part,) = signal.parts
    x = RNG.normal(size=size)
    wanted = by_hand(nodes, x)
    image = x.transpose(1, 2, 0)
    got = part.map.of(image) + signal.constant
    np.testing.assert_allclose(got.transpose(2, 0, 1), wanted, atol=1e-12)
    transform = as_transform(part.map)
    matrix = transform.as_matrix(part.map.source, part.map.target)
    np.testing.assert_allclose(matrix.toarray(), part.map.matrix().toarray(), atol=1e-12)
    return part.map


@pytest.mark.parametrize(
    ("rows", "kernel", "stride", "padding"), list(product([7, 8], [1, 2, 3, 5], [1, 2, 3], [0, 1, 2]))
)
def test_every_convolution_is_what_torch_does(rows: int, kernel: int, stride: int, padding: int) -> None:
    check((conv2d(RNG.normal(size=(2, 3, kernel, kernel)), stride, padding),), (3, rows, 6))


@pytest.mark.parametrize("size", [(2, 12, 12), (2, 13, 11), (2, 11, 14)])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("pool", [(2, 2), (3, 3), (3, 2), (2, 3)])
def test_a_pool_before_a_convolution(size: tuple[int, ...], padding: int, pool: tuple[int, int]) -> None:
    check((pool2d("SumPool2d", *pool), conv2d(RNG.normal(size=(3, 2, 3, 3)), 1, padding)), size)
    check((conv2d(RNG.normal(size=(3, 2, 3, 3)), 1, padding), pool2d("AvgPool2d", *pool)), size)


@pytest.mark.parametrize(
    ("nodes", "size"),
    [
        ((conv2d(np.ones((2, 2, 3, 3)), 1, 1),), (2, 8, 8)),
        ((conv2d(np.ones((2, 2, 3, 3)), 2, 1),), (2, 8, 8)),
        ((conv2d(np.ones((2, 2, 5, 5)), 1, 2),), (2, 9, 9)),
        ((pool2d("SumPool2d", 2, 2), conv2d(np.ones((2, 2, 3, 3)), 1, 1)), (2, 16, 16)),
        ((pool2d("SumPool2d", 2, 2), conv2d(np.ones((2, 2, 3, 3)), 1, 1)), (2, 17, 17)),
        ((conv2d(np.ones((2, 2, 3, 3)), 1, 0), conv2d(np.ones((2, 2, 1, 1)), 1, 0)), (2, 8, 8)),
    ],
)
def test_these_stay_kernels(nodes: tuple[dict, ...], size: tuple[int, ...]) -> None:
    found = as_transform(check(nodes, size))
    assert isinstance(found, Convolution)


def test_what_no_kernel_of_ours_does_is_single_weights() -> None:
    """34 rows, five taps, every second, a zero at each end: 'same' would keep 17 positions, torch keeps 16."""
    assert isinstance(as_transform(check((conv2d(np.ones((2, 2, 5, 5)), 2, 1),), (2, 34, 34))), Sparse)
    assert isinstance(as_transform(check((pool2d("SumPool2d", 2, 2),), (4, 8, 8))), Sparse)
