"""The weights of one layer fitted to what its sources really deliver.

Hard resets distort the rates of the sources, and differently in each channel. Least squares find the kernels and biases
that come closest to the drive the Keras model asks for, and hold them close to the trained ones where the images say
little. No labels, no gradients. Source: layer by layer as the weights calibration of Li et al. 2021 ("A Free Lunch from
ANN"), here in closed form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import gcd, prod

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from convert.network import Convolution, Network, Population, Projection
from convert.network.numpy_form import patches
from convert.network.transforms import dense_convolution

from .simulate import RatesHz

RIDGES = tuple(10.0 ** (k / 2) for k in range(-8, 3))
"""Weights of the distance to the trained kernel, relative to the mean square of a source's rate, to choose from."""

SAMPLES = 100_000
"""About so many pixels are looked at, evenly spread over images and places; more only take longer."""

IMAGES_AT_A_TIME = 32

WEIGHTS = 6_000
"""Weights of a channel beyond which a layer is left as trained: the equations grow with their square."""

Fitted = tuple[Projection, Convolution]
"""A projection whose kernel is fitted, and its transform."""


def with_fitted_weights(network: Network, name: str, delivered_hz: RatesHz, missing_hz: NDArray[np.float32]) -> Network:
    """``network`` with kernels and biases of population ``name`` such that sources firing at ``delivered_hz`` give it
    ``missing_hz`` more drive, shape (images, *shape), as nearly as least squares can.

    Only dense convolution kernels change: zeros in a kernel (depthwise, grouped, identity) are its structure.
    """
    population = network.population(name)
    fitted = [(p, c) for p in network.into(name) if (c := dense_convolution(p.transform)) is not None]
    weights = sum(convolution.kernel[..., 0].size for _, convolution in fitted)
    if not 0 < weights <= WEIGHTS:
        return network
    typical_hz = _typical_hz(delivered_hz[p.source] for p, _ in fitted)
    seen = _samples(fitted, delivered_hz, missing_hz, population, typical_hz)
    count = -(-len(missing_hz) * prod(population.shape[:2]) // _every(missing_hz, population))
    change = _fit_of_few(list(seen)) if count < weights else _least_squares(*_halves(seen, weights + 1))
    return _with_change(network, population, fitted, change, typical_hz)


def _typical_hz(rates_hz: Iterable[NDArray[np.float32]]) -> float:
    """Root mean square of ``rates_hz``: the size of the constant source that carries the bias."""
    return float(np.sqrt(np.mean([np.mean(np.square(r)) for r in rates_hz]))) or 1.0


@dataclass(frozen=True)
class _Moments:
    """What least squares need of a number of pixels: ``gram`` = s's and ``cross`` = s'm of what they see, s, and what
    they miss, m, and ``square`` = m'm, the last summed over channels. ``weights`` is the number of columns of s before
    any change of basis."""

    gram: NDArray[np.float64]
    cross: NDArray[np.float64]
    square: float
    weights: int

    @classmethod
    def of(cls, s: NDArray[np.float32], m: NDArray[np.float32], weights: int) -> _Moments:
        square = float(np.sum(m**2, dtype=np.float64))
        return cls((s.T @ s).astype(np.float64), (s.T @ m).astype(np.float64), square, weights)

    def __add__(self, other: _Moments) -> _Moments:
        square = self.square + other.square
        return _Moments(self.gram + other.gram, self.cross + other.cross, square, self.weights)

    def solved(self, ridge: float) -> NDArray[np.float64]:
        """x that minimizes |s x - m|^2 + ridge n |x|^2, n the mean squared norm of a column of s."""
        gram = self.gram.copy()
        gram[np.diag_indices_from(gram)] += max(ridge * np.trace(gram) / self.weights, np.finfo(np.float32).tiny)
        try:
            return np.asarray(linalg.cho_solve(linalg.cho_factor(gram), self.cross))
        except linalg.LinAlgError:  # a small ridge, and the rounding of single precision in s's
            return np.asarray(linalg.solve(gram, self.cross, assume_a="sym"))

    def error(self, x: NDArray[np.float64]) -> float:
        """|s x - m|^2"""
        return self.square + float(np.sum(x * (self.gram @ x - 2 * self.cross)))


@dataclass(frozen=True)
class _Seen:
    """Pixels: what they see, shape (pixels, weights), what they miss, (pixels, channels), and which half each is of."""

    seen: NDArray[np.float32]
    missed: NDArray[np.float32]
    second: NDArray[np.bool_]


def _every(missing_hz: NDArray[np.float32], population: Population) -> int:
    """One in so many pixels is looked at, such that all columns are."""
    rows, columns = population.shape[:2]
    every = len(missing_hz) * rows * columns // SAMPLES | 1
    while gcd(every, columns) > 1:
        every += 2
    return every


def _samples(
    fitted: list[Fitted],
    delivered_hz: RatesHz,
    missing_hz: NDArray[np.float32],
    population: Population,
    typical_hz: float,
) -> Iterator[_Seen]:
    """Pixels of some images at a time. The halves are every other image and the rest; of one image alone its upper and
    its lower half."""
    rows, columns, channels = population.shape
    every = _every(missing_hz, population)
    for start in range(0, len(missing_hz), IMAGES_AT_A_TIME):
        part = slice(start, start + IMAGES_AT_A_TIME)
        missed = missing_hz[part].reshape(-1, channels)[::every]
        seen = [patches(c, delivered_hz[p.source][part], population.shape)[::every] for p, c in fitted]
        seen.append(np.full((len(missed), 1), typical_hz, dtype=np.float32))
        pixel = np.arange(0, len(missed) * every, every)
        second = pixel // (rows * columns) % 2 == 1 if len(missing_hz) > 1 else pixel >= rows * columns // 2
        yield _Seen(np.concatenate(seen, axis=1), missed, second)


def _halves(samples: Iterable[_Seen], weights: int) -> list[_Moments]:
    """The moments of both halves; ``weights`` is the number of columns before any change of basis."""
    halves: list[_Moments | None] = [None, None]
    for sample in samples:
        for half, chosen in enumerate((~sample.second, sample.second)):
            moments, before = _Moments.of(sample.seen[chosen], sample.missed[chosen], weights), halves[half]
            halves[half] = moments if before is None else before + moments
    return [half for half in halves if half is not None]


def _fit_of_few(samples: Sequence[_Seen]) -> NDArray[np.float64]:
    """The same fit where pixels are fewer than weights: it lies in what they see, whose basis has fewer numbers."""
    seen = np.concatenate([sample.seen for sample in samples])
    basis, coordinates = linalg.qr(seen.T.astype(np.float64), mode="economic")
    missed, second = (np.concatenate([getattr(s, name) for s in samples]) for name in ("missed", "second"))
    few = _Seen(coordinates.T.astype(np.float32), missed, second)
    return np.asarray(basis @ _least_squares(*_halves([few], seen.shape[1])))


def _least_squares(one: _Moments, other: _Moments) -> NDArray[np.float64]:
    """The fit to both halves of the images, with the ridge that serves each half best when fitted to the other."""
    ridge = min(RIDGES, key=lambda r: other.error(one.solved(r)) + one.error(other.solved(r)))
    return (one + other).solved(ridge)


def _with_change(
    network: Network,
    population: Population,
    fitted: list[Fitted],
    change: NDArray[np.float64],
    typical_hz: float,
) -> Network:
    """``network`` with ``change``, shape (weights of all ``fitted`` + 1, channels), added; the last row is the bias."""
    new: dict[int, Projection] = {}
    at = 0
    for projection, transform in fitted:
        size = transform.kernel[..., 0].size
        kernel = transform.kernel + change[at : at + size].reshape(transform.kernel.shape)
        new[id(projection)] = replace(projection, transform=replace(transform, kernel=kernel))
        at += size
    shifted = replace(population, bias_hz=population.bias_hz + change[-1] * typical_hz)
    return replace(
        network,
        projections=tuple(new.get(id(p), p) for p in network.projections),
        populations=tuple(shifted if p is population else p for p in network.populations),
    )
