"""Electron micrographs: folders of slices and their labels."""

from __future__ import annotations

from pathlib import Path

from .recipe import Given, there

EM = "a folder with train/image, train/label, test/image and test/label: slices of ISBI 2012 and their membranes"


def em_folders(given: Given) -> tuple[Path, Path]:
    """The folders of training and test slices."""
    assert given.data is not None
    folder = there(given.data, "train/image", "train/label", "test/image", "test/label", what=EM)
    return folder / "train", folder / "test"
