"""Images moved a little, so that a training sees each of them in many places."""

from __future__ import annotations

import numpy as np

from convert.frontends.original import Images


def shifted(images: Images, rng: np.random.Generator) -> Images:
    """``images`` moved by up to an eighth of their size at random, mirrored at their borders."""
    most = [size // 8 for size in images.shape[1:3]]
    padded = np.pad(images, ((0, 0), (most[0],) * 2, (most[1],) * 2, (0, 0)), mode="reflect")
    moved = np.empty_like(images)
    for k in range(len(images)):
        y, x = (int(rng.integers(0, 2 * n + 1)) for n in most)
        moved[k] = padded[k, y : y + images.shape[1], x : x + images.shape[2]]
    return moved
