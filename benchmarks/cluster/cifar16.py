"""A part of CIFAR-10 at 16 x 16 pixels, for a search that takes minutes: 500 images a class, and 100 to measure on.

python -m benchmarks.cluster.cifar16 cifar10/train cifar10/test FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def halved(folder: Path, each: int) -> dict[str, np.ndarray]:
    """The first ``each`` images of every class, four pixels as one, in an order by chance."""
    files = [(file, k) for k, of in enumerate(sorted(folder.iterdir())) for file in sorted(of.iterdir())[:each]]
    x = np.stack([np.asarray(Image.open(file).convert("RGB")) for file, _ in files]).astype(np.float32)
    x = x.reshape(len(x), 16, 2, 16, 2, 3).mean((2, 4)).round().astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(x))
    return {"x": x[order], "y": np.array([k for _, k in files])[order]}


def main(train: Path, test: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "train16.npz", **halved(train, 500))
    np.savez(folder / "test16.npz", **halved(test, 100))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
