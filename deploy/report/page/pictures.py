"""Images of a run and files of pictures as data URIs, so that the report needs nothing else."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.generic]
LARGEST_IMAGE = 256
"""Rows or columns of an embedded picture; chosen so that a page stays below a megabyte or two."""
STRIP = 8
"""How many times wider than high a vector is drawn."""
TINT = (239, 68, 68)
"""Red, over the pixels of class 0."""


def picture_uri(svg: str) -> str:
    """An SVG file as a data URI: shut in, so that its styles and names stay its own."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def as_picture(values: Image) -> Image:
    """Numbers of any shape (..., channels) as an image: a vector is a strip, a sequence has a row for each channel."""
    values = np.asarray(values)
    shape = (1,) * (3 - values.ndim) + values.shape
    if shape[0] > 1:
        return values.reshape(shape)
    rows = values.reshape(-1, shape[2]).T if shape[1] > 1 else values.reshape(1, -1)
    height = max(1, rows.shape[1] // (STRIP * len(rows)))
    return np.repeat(rows, height, axis=0)


def image_uri(image: Image, classes: Image | None = None) -> str:
    """An image, shape (h, w) or (h, w, c), as a PNG data URI, stretched to 0..255; pixels of class 0 are tinted red."""
    from PIL import Image

    stride = max(1, -(-max(image.shape[:2]) // LARGEST_IMAGE))
    values = np.asarray(image, np.float64)[::stride, ::stride]
    values = values.reshape(*values.shape[:2], -1)
    low, high = values.min(), values.max()
    scaled = (values - low) / (high - low or 1.0) * 255
    colours = np.repeat(scaled[:, :, :1], 3, axis=2) if scaled.shape[2] != 3 else scaled
    if classes is not None:
        membrane = (np.asarray(classes)[::stride, ::stride] == 0)[:, :, None]
        colours = np.where(membrane, 0.35 * colours + 0.65 * np.array(TINT), colours)
    file = io.BytesIO()
    Image.fromarray(colours.astype(np.uint8)).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
