"""Spikes of one population on a few images, packed: 128 images of a ResNet-20 layer take 33 MB."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SpikeTrains:
    """Spikes of ``neurons`` neurons, eight to a byte: ``bits`` has shape (images, steps, bytes)."""

    bits: NDArray[np.uint8]
    neurons: int

    @classmethod
    def silent(cls, images: int, steps: int, neurons: int) -> SpikeTrains:
        return cls(np.zeros((images, steps, -(-neurons // 8)), np.uint8), neurons)

    def set(self, image: int, spikes: NDArray[np.uint8]) -> None:
        """Takes over ``spikes``, shape (steps, neurons), of one image."""
        self.bits[image] = np.packbits(spikes, axis=1)

    def of(self, image: int) -> NDArray[np.uint8]:
        """One image's spikes, shape (steps, neurons)."""
        return np.unpackbits(self.bits[image], axis=1, count=self.neurons)

    def share(self, start: int, stop: int | None = None) -> NDArray[np.float32]:
        """In which share of the steps from ``start`` up to ``stop`` each neuron fires, shape (images, neurons)."""
        found = np.empty((len(self.bits), self.neurons), np.float32)

        def image(k: int) -> None:
            found[k] = self.of(k)[start:stop].mean(axis=0, dtype=np.float32)

        for_each(len(found), image)
        return found


WORKERS: ContextVar[int] = ContextVar("WORKERS", default=os.cpu_count() or 1)
"""Images that are simulated at once; no result depends on it."""


def for_each(count: int, image: Callable[[int], None]) -> None:
    """Calls ``image`` for 0 up to ``count``, several at once."""
    with ThreadPoolExecutor(WORKERS.get()) as threads:
        list(threads.map(image, range(count)))
