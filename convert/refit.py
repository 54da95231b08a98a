"""The weights of one layer fitted to what its sources really deliver.

Hard resets distort the rates of the sources, and differently in each channel. Least squares find the kernels and biases
that come closest to the drive the Keras model asks for, and hold them close to the trained ones where the images say
little. No labels, no gradients. Source: layer by layer as the weights calibration of Li et al. 2021 ("A Free Lunch from
ANN"), here in closed form.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compat import load_tensorflow
from .network import ConvertedNetwork, Convolution, Population, Projection
from .spiking import RatesHz, drive_hz

RIDGE = 0.03
"""Weight of the distance to the trained kernel, relative to the mean square of a source's rate."""

SAMPLES = 40_000
"""Pixels that are looked at, evenly spread over images and places; more only take longer."""

SAMPLES_PER_WEIGHT = 2
"""With fewer pixels than this for each weight of a channel, a layer is left as trained."""

WEIGHTS = 6_000
"""Weights of a channel beyond which a layer is left as trained: the equations grow with their square."""

DENSE = 0.9
"""Share of weights that are not zero, above which a kernel has no structure of zeros to keep."""


def refitted(
    network: ConvertedNetwork, name: str, delivered_hz: RatesHz, wanted_hz: NDArray[np.float32]
) -> ConvertedNetwork:
    """``network`` with kernels and biases of population ``name`` such that sources firing at ``delivered_hz`` give it
    the drive ``wanted_hz``, shape (images, *shape), as nearly as least squares can.

    Only dense convolution kernels change: zeros in a kernel (depthwise, grouped, identity) are its structure.
    """
    population = network.population(name)
    channels = population.shape[2]
    fitted = [p for p in network.into(name) if is_dense_kernel(p)]
    weights = sum(p.transform.kernel[..., 0].size for p in fitted if isinstance(p.transform, Convolution))
    pixels = wanted_hz.size // channels
    if not fitted or not SAMPLES_PER_WEIGHT * weights <= pixels or weights > WEIGHTS:
        return network
    missing = (wanted_hz - drive_hz(network, population, delivered_hz)).reshape(-1, channels)
    sample = slice(None, None, max(1, pixels // SAMPLES))
    columns = [_patches(p, delivered_hz[p.source], population).reshape(pixels, -1)[sample] for p in fitted]
    typical_hz = float(np.sqrt(np.mean([np.mean(c**2) for c in columns]))) or 1.0
    columns.append(np.full((len(columns[0]), 1), typical_hz, dtype=np.float32))
    change = _least_squares(np.concatenate(columns, axis=1), missing[sample])
    return _with_change(network, population, fitted, change, typical_hz)


def is_dense_kernel(projection: Projection) -> bool:
    transform = projection.transform
    return isinstance(transform, Convolution) and bool(np.mean(transform.kernel != 0) > DENSE)


def _patches(projection: Projection, rates_hz: NDArray[np.float32], population: Population) -> NDArray[np.float32]:
    """For every pixel of the target the source rates that its kernel sees, shape (images, rows, columns, weights)."""
    transform: Any = projection.transform
    rows, columns = transform.kernel.shape[:2]
    patches = load_tensorflow().image.extract_patches(
        rates_hz, [1, rows, columns, 1], [1, *transform.strides, 1], [1, 1, 1, 1], transform.padding.upper()
    )
    assert tuple(patches.shape[1:3]) == population.shape[:2]
    return np.asarray(patches)


def _least_squares(seen: NDArray[np.float32], missing: NDArray[np.float32]) -> NDArray[np.float64]:
    """x that minimizes |seen x - missing|^2 + RIDGE * m |x|^2, m the mean squared norm of a column of ``seen``."""
    gram = (seen.T @ seen).astype(np.float64)
    gram[np.diag_indices_from(gram)] += max(RIDGE * np.trace(gram) / len(gram), np.finfo(np.float32).tiny)
    return np.asarray(np.linalg.solve(gram, (seen.T @ missing).astype(np.float64)))


def _with_change(
    network: ConvertedNetwork,
    population: Population,
    fitted: list[Projection],
    change: NDArray[np.float64],
    typical_hz: float,
) -> ConvertedNetwork:
    """``network`` with ``change``, shape (weights of all ``fitted`` + 1, channels), added; the last row is the bias."""
    new: dict[int, Projection] = {}
    at = 0
    for projection in fitted:
        transform: Any = projection.transform
        size = prod(transform.kernel.shape[:3])
        kernel = transform.kernel + change[at : at + size].reshape(transform.kernel.shape)
        new[id(projection)] = replace(projection, transform=replace(transform, kernel=kernel))
        at += size
    shifted = replace(population, bias_hz=population.bias_hz + change[-1] * typical_hz)
    return replace(
        network,
        projections=tuple(new.get(id(p), p) for p in network.projections),
        populations=tuple(shifted if p is population else p for p in network.populations),
    )
