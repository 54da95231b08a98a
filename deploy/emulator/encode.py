"""What the host does first: images to the drives of its neurons. ``host`` makes them spike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.network import INPUT, Network, Population, TimeCourse
from partition.geometry.links import KernelLink, Link, MatrixLink, link

Array = NDArray[np.float64]


Encoder = Callable[[NDArray[np.generic]], dict[str, Array]]
"""The drives of images, as ``drives_hz`` gives them."""


def drives_hz(network: Network, images: NDArray[np.generic], *, by_images: bool = False) -> dict[str, Array]:
    """The input current in Hz of every host population for each image, shape (images, neurons).

    With ``by_images`` only of those that the image drives: the others have a drive of their own in a ``Program``.
    ``images`` has shape (images, *network.input.shape). Image by image, so that no result depends on the others. Of
    events, (recordings, steps, *network.input.shape), those that a population sends on, (recordings, steps, neurons).
    """
    return encoder(network, by_images=by_images)(images)


def encoder(network: Network, *, by_images: bool = False) -> Encoder:
    """``drives_hz`` of a network, for images that come one by one."""
    if network.input.time_course is TimeCourse.EVENTS:
        return lambda recordings: _events(network, recordings, by_images=by_images)
    sums = {p.name: _Sum.of(network, p) for p in network.populations if not p.on_chip}
    wanted = {name: total for name, total in sums.items() if total.parts or not by_images}

    def encode(images: NDArray[np.generic]) -> dict[str, Array]:
        raw = np.asarray(images, np.float64).reshape(-1, *network.input.shape)
        return {name: np.stack([total(image) for image in raw]) for name, total in wanted.items()}

    return encode


Part = Callable[[Array], Array]
"""What one link brings of one image, shape of its target."""


@dataclass(frozen=True)
class _Sum:
    """The drive of a population: its bias and what links bring, in this order."""

    bias_hz: Array
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, network: Network, population: Population) -> _Sum:
        into = network.into(population.name)
        if any(projection.source != INPUT for projection in into):
            raise UserError(f"host population {population.name!r}: it reads another population, not the image only")
        bias_hz = population.bias_hz.reshape(population.shape).astype(np.float64)
        return cls(bias_hz, tuple(_part(link(network, projection)) for projection in into))

    def __call__(self, image: Array) -> Array:
        total = self.bias_hz
        for part in self.parts:
            total = total + part(image)
        return total.ravel()


def _events(network: Network, recordings: NDArray[np.generic], *, by_images: bool) -> dict[str, Array]:
    """What each host population sends on of the events, or the drive that it has at all times."""
    given = np.asarray(recordings).reshape(*recordings.shape[:2], -1)
    hosts = [p for p in network.populations if not p.on_chip and (network.replays(p) or not by_images)]
    constant = {p.name: np.tile(np.float64(p.bias_hz).ravel(), (len(given), 1)) for p in hosts}
    return {p.name: given if network.replays(p) else constant[p.name] for p in hosts}


@singledispatch
def _part(of: Link) -> Part:
    raise TypeError(f"no drive by a {type(of).__name__}")


@_part.register
def _(of: MatrixLink) -> Part:
    return lambda image: np.asarray((of.matrix @ image.ravel()).reshape(of.target_shape))


@_part.register
def _(of: KernelLink) -> Part:
    """Tap by tap, always in the same order."""
    taps = [(_evenly(of.rows == a), _evenly(of.columns == b), c, w) for (a, b, c), w in _by_tap(of.kernel)]

    def mapped(image: Array) -> Array:
        total = np.zeros(of.target_shape)
        for (i, y), (j, x), c, weights in taps:
            total[y, x] += image[i, j, c, None] * weights
        return total

    return mapped


def _evenly(reached: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The source and the target positions that one tap connects; both are evenly spaced."""
    return _slice(np.nonzero(reached)[0]), _slice(np.nonzero(reached)[1])


def _slice(places: NDArray[np.intp]) -> slice:
    if len(places) == 0:
        return slice(0)
    step = int(places[1] - places[0]) if len(places) > 1 else 1
    return slice(int(places[0]), int(places[-1]) + 1, step)


def _by_tap(kernel: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
    """(row, column, channel in) and the weights to all channels out."""
    return ((tap, kernel[tap]) for tap in np.ndindex(kernel.shape[:3]))
