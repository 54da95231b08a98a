"""Small networks that the tests of the partition share."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from convert.network import (
    INPUT,
    Convolution,
    ConvolutionTranspose,
    Input,
    Network,
    Projection,
    Shape,
    Sparse,
    Transform,
)
from partition.traffic.unicast import TrafficGraph
from tests.builders.populations import population


def convolution(rng: np.random.Generator, size: int, channels: tuple[int, int], stride: int = 1, padding: str = "same"):
    return Convolution(rng.standard_normal((size, size, *channels)), (stride, stride), padding)


def transposed(rng: np.random.Generator, size: int, channels: tuple[int, int], stride: int = 2, padding: str = "same"):
    return ConvolutionTranspose(rng.standard_normal((size, size, *channels)), (stride, stride), padding)


def identity(shape: Shape) -> Sparse:
    return Sparse(sparse.csr_array(sparse.eye_array(int(np.prod(shape)), format="csr")))


def separable(rng: np.random.Generator, source: Shape, target: Shape, density: float = 0.4) -> Sparse:
    """Synapses of random weights where rows, columns and channels are connected, each at random."""
    parts = [rng.random((after, before)) < density for before, after in zip(source, target, strict=True)]
    matrix = sparse.csr_array(np.kron(np.kron(parts[0], parts[1]), parts[2]).astype(np.float64))
    matrix.data = rng.standard_normal(matrix.nnz)
    return Sparse(matrix)


def chain(shapes: list[Shape], transforms: dict[tuple[int, int], Transform]) -> Network:
    """Populations p0 (on the host), p1, ... of these shapes; ``transforms`` maps (source, target) numbers."""
    populations = tuple(population(f"p{i}", shape, on_chip=i > 0) for i, shape in enumerate(shapes))
    encode = Convolution(np.ones((1, 1, 1, shapes[0][2])))
    projections = [Projection(INPUT, "p0", encode)]
    projections += [Projection(f"p{i}", f"p{j}", transform) for (i, j), transform in transforms.items()]
    return Network(Input((*shapes[0][:2], 1)), populations, tuple(projections), ())


def random_rates(network: Network, seed: int = 0) -> dict[str, np.ndarray]:
    """Rates between 0 and 150 Hz that vary smoothly over the image and freely over channels."""
    rng = np.random.default_rng(seed)
    rates = {}
    for p in network.populations:
        y, x = np.meshgrid(np.linspace(0, 3, p.shape[0]), np.linspace(0, 3, p.shape[1]), indexing="ij")
        place = 1.0 + 0.5 * np.sin(y + rng.random() * 6) * np.cos(x + rng.random() * 6)
        rates[p.name] = place[:, :, None] * rng.gamma(1.0, 20.0, p.shape[2])
    return rates


def unet(size: int, filters: list[int], *, classes: int = 1) -> Network:
    """A U-Net of two 3x3 convolutions a level, strided downs, transposed 2x2 ups and split concatenations."""
    rng = np.random.default_rng(0)
    shapes: list[Shape] = [(size, size, filters[0])]
    transforms: dict[tuple[int, int], Transform] = {}

    def add(shape: Shape, *inputs: tuple[int, Transform]) -> int:
        shapes.append(shape)
        for source, transform in inputs:
            transforms[source, len(shapes) - 1] = transform
        return len(shapes) - 1

    last, skips = 0, []
    for level, f in enumerate(filters):
        side = size >> level
        stride = 1 if level == 0 else 2
        last = add((side, side, f), (last, convolution(rng, 3, (shapes[last][2], f), stride)))
        last = add((side, side, f), (last, convolution(rng, 3, (f, f))))
        skips.append(last)
    for level in range(len(filters) - 2, -1, -1):
        side, f = size >> level, filters[level]
        up = add((side, side, f), (last, transposed(rng, 2, (shapes[last][2], f))))
        last = add((side, side, f), (up, convolution(rng, 3, (f, f))), (skips[level], convolution(rng, 3, (f, f))))
        last = add((side, side, f), (last, convolution(rng, 3, (f, f))))
    return chain(shapes, transforms)


def resnet(size: int = 32, filters: tuple[int, ...] = (16, 32, 64), blocks: int = 3) -> Network:
    """A residual network for CIFAR-10: two 3x3 convolutions a block, identity or 1x1 shortcuts."""
    rng = np.random.default_rng(0)
    shapes: list[Shape] = [(size, size, 8), (size, size, filters[0])]
    transforms: dict[tuple[int, int], Transform] = {(0, 1): convolution(rng, 3, (8, filters[0]))}
    last = 1
    for stage, f in enumerate(filters):
        side = size >> stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            before = shapes[last]
            shapes.append((side, side, f))
            transforms[last, len(shapes) - 1] = convolution(rng, 3, (before[2], f), stride)
            shapes.append((side, side, f))
            transforms[len(shapes) - 2, len(shapes) - 1] = convolution(rng, 3, (f, f))
            shortcut = identity(before) if before == (side, side, f) else convolution(rng, 1, (before[2], f), stride)
            transforms[last, len(shapes) - 1] = shortcut
            last = len(shapes) - 1
    return chain(shapes, transforms)


def blocks_of_one_layer(weights):
    """A traffic graph with ``weights`` messages per step from block to block."""
    slices = (((0, 1), (0, 1), (0, 1)),) * len(weights)
    return TrafficGraph(("a",), np.zeros(len(weights), int), slices, sparse.csr_array(weights), np.zeros(len(weights)))


def random_graph(blocks: int, seed: int) -> TrafficGraph:
    """A traffic graph of one layer: half of all pairs exchange messages, all take some from the host."""
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((blocks, blocks)) * (rng.random((blocks, blocks)) < 0.5), 1)
    slices = (((0, 1), (0, 1), (0, 1)),) * blocks
    return TrafficGraph(("a",), np.zeros(blocks, int), slices, sparse.csr_array(weights), rng.random(blocks))
