"""What the host does first: images to the drives of its neurons. ``host`` makes them spike."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.network import INPUT, Network, TimeCourse
from partition.geometry.links import KernelLink, Link, MatrixLink, link

Array = NDArray[np.float64]


def drives_hz(network: Network, images: NDArray[np.generic], *, by_images: bool = False) -> dict[str, Array]:
    """The input current in Hz of every host population for each image, shape (images, neurons).

    With ``by_images`` only of those that the image drives: the others have a drive of their own in a ``Program``.
    ``images`` has shape (images, *network.input.shape). Image by image, so that no result depends on the others. Of
    events, (recordings, steps, *network.input.shape), those that a population sends on, (recordings, steps, neurons).
    """
    if network.input.time_course is TimeCourse.EVENTS:
        return _events(network, images, by_images=by_images)
    raw = np.asarray(images, np.float64).reshape(-1, *network.input.shape)
    drives = {}
    for population in network.populations:
        if not population.on_chip:
            into = network.into(population.name)
            if by_images and not into:
                continue
            if any(projection.source != INPUT for projection in into):
                raise UserError(f"host population {population.name!r}: it reads another population, not the image only")
            drives[population.name] = np.empty((len(raw), population.neurons))
            for drive, image in zip(drives[population.name], raw, strict=True):
                total = population.bias_hz.reshape(population.shape).astype(np.float64)
                for projection in into:
                    total = total + _mapped(link(network, projection), image)
                drive[:] = total.ravel()
    return drives


def _events(network: Network, recordings: NDArray[np.generic], *, by_images: bool) -> dict[str, Array]:
    """What each host population sends on of the events, or the drive that it has at all times."""
    given = np.asarray(recordings).reshape(*recordings.shape[:2], -1)
    hosts = [p for p in network.populations if not p.on_chip and (network.replays(p) or not by_images)]
    constant = {p.name: np.tile(np.float64(p.bias_hz).ravel(), (len(given), 1)) for p in hosts}
    return {p.name: given if network.replays(p) else constant[p.name] for p in hosts}


@singledispatch
def _mapped(of: Link, image: Array) -> Array:
    """What the link brings of one image, shape of its target."""
    raise TypeError(f"no drive by a {type(of).__name__}")


@_mapped.register
def _(of: MatrixLink, image: Array) -> Array:
    return np.asarray((of.matrix @ image.ravel()).reshape(of.target_shape))


@_mapped.register
def _(of: KernelLink, image: Array) -> Array:
    """Tap by tap, always in the same order."""
    total = np.zeros(of.target_shape)
    for (a, b, c), weights in _by_tap(of.kernel):
        (i, y), (j, x) = _evenly(of.rows == a), _evenly(of.columns == b)
        total[y, x] += image[i, j, c, None] * weights
    return total


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
