"""Images like electron micrographs of tissue, with their membranes: cells are the regions of random points.

    python make_data.py FOLDER [--images 32] [--size 64] [--seed 0]

writes FOLDER/image/NNN.png (8 bit grey) and FOLDER/label/NNN.png (255 = cell, 0 = membrane).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

PIXELS_PER_CELL = 220


def micrograph(size: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """An image (size, size) and its label, uint8: dark membranes of varying width, organelles, blur and grain."""
    margin = 12
    side = size + 2 * margin
    count = side * side // PIXELS_PER_CELL
    points = rng.uniform(0, side, (count, 2))
    warp = [gaussian_filter(rng.standard_normal((side, side)), 6) * 12 for _ in range(2)]
    rows, columns = np.mgrid[:side, :side]
    distances, nearest = cKDTree(points).query(np.stack([rows + warp[0], columns + warp[1]], axis=-1), k=2)
    width = 0.9 + 0.5 * rng.random(count)[nearest[..., 0]]
    cell = (distances[..., 1] - distances[..., 0]) > 2 * width
    grey = np.where(cell, 150 + 25 * rng.standard_normal(count)[nearest[..., 0]], 70.0)
    spots = (gaussian_filter(rng.standard_normal((side, side)), 1.5) > 0.45) & cell
    grey = gaussian_filter(np.where(spots, grey - 45, grey), 0.7) + 14 * rng.standard_normal((side, side))
    inner = slice(margin, margin + size)
    return np.clip(grey, 0, 255)[inner, inner].astype(np.uint8), (cell * 255)[inner, inner].astype(np.uint8)


def write_dataset(folder: Path, images: int, size: int, seed: int) -> None:
    """``images`` pairs of PNG files; the same seed gives the same files."""
    rng = np.random.default_rng(seed)
    for part in ("image", "label"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for i in range(images):
        image, label = micrograph(size, rng)
        Image.fromarray(image).save(folder / "image" / f"{i:03}.png")
        Image.fromarray(label).save(folder / "label" / f"{i:03}.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write_dataset(arguments.folder, arguments.images, arguments.size, arguments.seed)
