"""What is measured: networks with random weights that are made here, and those of bundles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np
from scipy import sparse

from convert.bundle import load_network, load_rates, load_report
from convert.data.crops import crop_positions, cut
from convert.data.dataset import Dataset, open_data
from convert.network import Network, Population, Projection, Shape, Sparse
from partition.result import Partition, read_partition
from partition.search import partition as search

from . import resnet, unet
from .calibrate import calibrated


@dataclass(frozen=True)
class Subject:
    """A network, its partition and inputs, shape (images, *network.input.shape)."""

    network: Network
    partition: Partition
    images: np.ndarray


def random_unet(
    size: int = 64, synapse_s: float = 0.0, steps: int = 400, images: int = 4, rate_hz: float = 17.0
) -> Subject:
    """The U-Net of ``unet`` with weights scaled to a mean rate of ``rate_hz``, on smooth random images."""
    pictures = unet.images(images, size)
    made = unet.unet(size, synapse_s=synapse_s, steps=steps)
    network = calibrated(made, unet.partition(made), pictures[0], rate_hz=rate_hz)
    return Subject(network, unet.partition(network), pictures)


def random_resnet(steps: int = 128, images: int = 1000) -> Subject:
    """A ResNet-20 for 32x32x3 images with random weights, on random images."""
    pictures = resnet.images(images)
    made = resnet.resnet20(steps=steps)
    network = calibrated(made, resnet.partition(made), pictures[0], rate_hz=45.0)
    return Subject(network, resnet.partition(network), pictures)


def trained(bundle: Path, data: Path, *, size: int | None = None, images: int, steps: int) -> Subject:
    """The network of ``bundle`` on the first ``images`` crops of each test image in turn.

    ``size`` cuts the network itself to fewer rows and columns; then its partition is searched again.
    """
    network, rates = load_network(bundle).with_(timesteps=steps), load_rates(bundle)
    if size is None or size == network.input.shape[0]:
        found = read_partition(bundle / "partition.json")
    else:
        share = size / network.input.shape[0]
        network = smaller(network, share)
        found = search(network, {name: _corner(rate, share) for name, rate in rates.items()}, seconds=30)
    crops = (crop for image in pictures(opened(bundle, data)) for crop in _crops(image, network.input.shape))
    return Subject(network, found, np.stack([crop for crop, _ in zip(crops, range(images), strict=False)]))


def opened(bundle: Path, data: Path) -> Dataset:
    """The test images of a bundle."""
    network = load_network(bundle)
    shape = network.readouts[0].shape
    target = shape[2:] if shape[:2] == (1, 1) else shape
    return open_data(data, input_shape=network.input.shape, target_shape=target, task=load_report(bundle).task)


def pictures(dataset: Dataset) -> Sequence[np.ndarray]:
    return [dataset.image(i) for i in range(min(len(dataset), 8))]


def _crops(image: np.ndarray, shape: Shape) -> np.ndarray:
    return cut(image, crop_positions(image.shape[:2], shape[:2], 0), shape[:2])  # type: ignore[arg-type]


def smaller(network: Network, share: float) -> Network:
    """A network of convolutions for images of ``share`` of its rows and columns: the same kernels, fewer pixels."""

    def cut_population(population: Population) -> Population:
        bias = _corner(population.bias_hz.reshape(population.shape), share)
        return replace(population, shape=bias.shape, bias_hz=bias)  # type: ignore[arg-type]

    def cut_projection(projection: Projection) -> Projection:
        if not isinstance(projection.transform, Sparse):
            return projection
        assert network.shape_of(projection.source) == (1, 1, 1), "only sources of biases may reach every neuron"
        weights = projection.transform.matrix.toarray().reshape(network.shape_of(projection.target))
        return replace(projection, transform=Sparse(sparse.csr_array(_corner(weights, share).reshape(-1, 1))))

    rows, columns, channels = network.input.shape
    readouts = []
    for readout in network.readouts:
        bias = _corner(np.broadcast_to(readout.bias, readout.shape), share)
        readouts.append(replace(readout, shape=bias.shape, bias=bias))  # type: ignore[arg-type]
    return replace(
        network,
        input=replace(network.input, shape=(round(rows * share), round(columns * share), channels)),
        populations=tuple(cut_population(p) for p in network.populations),
        projections=tuple(cut_projection(p) for p in network.projections),
        readouts=tuple(readouts),
    )


def _corner(values: np.ndarray, share: float) -> np.ndarray:
    """The first rows and columns; a single one stays."""
    rows, columns = (ceil(size * share) for size in values.shape[:2])
    return values[:rows, :columns]
