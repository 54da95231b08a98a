"""Data that does not fit, or cannot be read."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from convert.cli import main as convert_model
from deploy.cli import main as deploy_model
from tests.builders.refusing import class_folders, damaged_image, pixels, refused, text


def npz(**arrays):
    return lambda path: np.savez(path.with_suffix(".npz"), **arrays)


def half_a_zip(path):
    np.savez(path.with_suffix(".npz"), x=pixels(9, 8, 8, 3), y=np.arange(9) % 3)
    whole = path.with_suffix(".npz").read_bytes()
    path.with_suffix(".npz").write_bytes(whole[: len(whole) // 2])


def images_without_labels(path):
    path.mkdir()
    Image.fromarray(pixels(8, 8, 3)).save(path / "a.png")


X, Y = pixels(3, 8, 8, 3), np.arange(3)
BAD_DATA = {
    "missing": (lambda path: None, "data: no such file or folder; expected a .npz"),
    "empty folder": (lambda path: path.mkdir(), r"data: no images \(\.png"),
    "text": (lambda path: text(path.with_suffix(".csv")), r"data\.csv: a \.csv file is not a dataset"),
    "damaged archive": (half_a_zip, r"data\.npz: cannot be read as a \.npz file"),
    "text called npz": (lambda path: text(path.with_suffix(".npz")), r"data\.npz: cannot be read as a \.npz file"),
    "other size": (npz(x=pixels(3, 9, 9, 3), y=Y), r"image 0: size 9 x 9 x 3, the model takes 8 x 8 x 3; resize"),
    "other channels": (npz(x=pixels(3, 8, 8, 5), y=Y), "image 0: 5 channels, the model takes 3"),
    "flat images": (npz(x=pixels(3, 192), y=Y), r"image 0: a vector of shape \(192,\), the model takes 8 x 8 x 3"),
    "words as pixels": (npz(x=np.full((3, 8, 8, 3), "a"), y=Y), "x has type <U1; save numbers"),
    "objects": (npz(x=np.array([None, 1, 2]), y=Y), "cannot be read as a .npz file .*Python objects"),
    "no labels": (npz(x=X), r"data\.npz holds x, no images x with labels y"),
    "too few labels": (npz(x=X, y=Y[:2]), "3 images and 2 labels; give one label for each image"),
    "no images": (npz(x=X[:0], y=Y[:0]), "0 images and 0 labels"),
    "labels between classes": (npz(x=X, y=Y + 0.5), "labels of type float64 that are not whole numbers"),
    "labels that are words": (npz(x=X, y=np.array(["a", "b", "c"])), "y has type <U1"),
    "label beyond the classes": (npz(x=X, y=Y + 1), "labels from 0 to 3, but the model's classes are 0 to 2"),
    "NaN label": (npz(x=X, y=np.array([0, 1, np.nan])), "labels of type float64 that are not whole numbers"),
    "one-hot of other width": (
        npz(x=X, y=np.eye(4)[[0, 1, 3]]),
        "labels from 0 to 3, but the model's classes are 0 to 2",
    ),
    "NaN pixel": (npz(x=np.where(X[1].max() == X, np.nan, X), y=Y), "images hold NaN or infinite pixels"),
    "a segmentation": (
        npz(x=X, y=np.zeros((3, 8, 8))),
        "holds segmentation data, but the model's output is for classif",
    ),
    "two class folders": (class_folders("a", "b"), r"2 class folders \(a, b\), but the model has 3 classes"),
    "images of other size": (class_folders("a", "b", "c", size=(6, 8)), "size 6 x 8, the model takes 8 x 8"),
    "images without labels": (images_without_labels, "1 images but no labels"),
    "damaged image": (damaged_image, r"a\.png: cannot be read as an image"),
}


def bad_data(case, folder):
    """The path of the spoilt data, made in ``folder``, and the sentence about it."""
    make, sentence = BAD_DATA[case]
    make(folder / "data")
    made = sorted(folder.glob("data*"))
    return (made[0] if made else folder / "data"), sentence


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_training_data(case, tiny, tmp_path):
    data, sentence = bad_data(case, tmp_path)
    sentences = [sentence] * (3 if case == "images of other size" else 1)
    refused(
        convert_model, [tiny / "model.keras", "--data", data, "-o", tmp_path / "b.bundle"], *sentences, folder=tmp_path
    )


@pytest.mark.parametrize(
    "case", ["missing", "other size", "no labels", "label beyond the classes", "NaN pixel", "damaged image"]
)
def test_bad_test_data(case, tiny_bundle, tmp_path):
    data, sentence = bad_data(case, tmp_path)
    refused(deploy_model, [tiny_bundle, "--data", data, "--target", "nengo-dl"], sentence, folder=tmp_path)
