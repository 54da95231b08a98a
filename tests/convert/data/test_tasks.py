"""What labels are for: classes if they can be, else numbers, or marks of anomalies; vectors and sequences as data."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from convert.data.crops import training_batches
from convert.data.dataset import open_data
from convert.data.evaluate import predict, score, targets
from convert.data.labels import Marked
from convert.errors import UserError

RNG = np.random.default_rng(0)
N = 12
IMAGES = RNG.integers(0, 256, (N, 8, 8, 1), np.uint8)
VECTORS = RNG.normal(size=(N, 5)).astype(np.float32)
SEQUENCES = RNG.normal(size=(N, 7, 2)).astype(np.float32)
TWO = np.arange(N) % 2
FIVE = np.arange(N) % 5
FRACTIONS = RNG.random(N)

CASES = {
    # name: (x, y, input shape, output shape, activation, asked for, task)
    "class indices": (IMAGES, FIVE, (8, 8, 1), (5,), "linear", None, "classification"),
    "one-hot rows": (VECTORS, np.eye(5)[FIVE], (1, 1, 5), (5,), "linear", None, "classification"),
    "two classes of two features": (VECTORS[:, :2], TWO, (1, 1, 2), (2,), "linear", None, "classification"),
    "probability of a class": (IMAGES, TWO, (8, 8, 1), (1,), "linear", None, "classification"),
    "whole floats": (IMAGES, TWO.astype(float), (8, 8, 1), (1,), "sigmoid", None, "classification"),
    "a class of every pixel": (IMAGES, IMAGES % 2, (8, 8, 1), (8, 8, 1), "sigmoid", None, "segmentation"),
    "a class of every step": (SEQUENCES, np.zeros((N, 7), int), (1, 7, 2), (1, 7, 3), "softmax", None, "segmentation"),
    "fractions": (IMAGES, FRACTIONS, (8, 8, 1), (1,), "sigmoid", None, "regression"),
    "fractions in a column": (IMAGES, FRACTIONS[:, None], (8, 8, 1), (1,), "tanh", None, "regression"),
    "whole numbers beyond classes": (IMAGES, FIVE * 10, (8, 8, 1), (1,), "linear", None, "regression"),
    "rows of whole numbers": (IMAGES, RNG.integers(0, 9, (N, 4)), (8, 8, 1), (4,), "linear", None, "regression"),
    "rows of fractions": (VECTORS, VECTORS[:, :3], (1, 1, 5), (3,), "linear", None, "regression"),
    "a map of fractions": (IMAGES, IMAGES / 255, (8, 8, 1), (8, 8, 1), "sigmoid", None, "regression"),
    "the images themselves": (IMAGES, IMAGES, (8, 8, 1), (8, 8, 1), "sigmoid", None, "regression"),
    "sequences again": (SEQUENCES, SEQUENCES, (1, 7, 2), (1, 7, 2), "linear", None, "regression"),
    "no labels, vectors": (VECTORS, None, (1, 1, 5), (5,), "linear", None, "regression"),
    "no labels, linear images": (IMAGES, None, (8, 8, 1), (8, 8, 1), "linear", None, "regression"),
    "no labels, asked for": (IMAGES, None, (8, 8, 1), (8, 8, 1), "sigmoid", "regression", "regression"),
    "no labels, converted for anomalies": (VECTORS, None, (1, 1, 5), (5,), "linear", "regression", "regression"),
    "marks of vectors": (VECTORS, TWO, (1, 1, 5), (5,), "linear", None, "anomaly"),
    "marks of images": (IMAGES, TWO.astype(bool), (8, 8, 1), (8, 8, 1), "sigmoid", None, "anomaly"),
    "marks, converted without": (VECTORS, TWO, (1, 1, 5), (5,), "linear", "regression", "anomaly"),
    "marks, asked for": (VECTORS[:, :2], TWO, (1, 1, 2), (2,), "linear", "anomaly", "anomaly"),
    "0 and 1 as numbers": (IMAGES, TWO, (8, 8, 1), (1,), "linear", "regression", "regression"),
    "0 and 1 of more classes": (VECTORS, TWO, (1, 1, 5), (5,), "linear", "classification", "classification"),
    "0 and 1 of softmax": (VECTORS, TWO, (1, 1, 5), (5,), "softmax", None, "classification"),
}


def opened(folder, x, y, input_shape, output_shape, activation, asked):
    np.savez(folder / "d.npz", x=x) if y is None else np.savez(folder / "d.npz", x=x, y=y)
    return open_data(
        folder / "d.npz", input_shape=input_shape, target_shape=output_shape, activation=activation, task=asked
    )


@pytest.mark.parametrize("name", CASES)
def test_the_task_of_labels(name, tmp_path):
    *given, task = CASES[name]
    data = opened(tmp_path, *given)
    x, y, input_shape, output_shape = given[:4]
    assert data.task == task
    assert data.labelled is (y is not None)
    np.testing.assert_array_equal(data.image(1), x[1].reshape(input_shape))
    label = data.label(1)
    if task == "regression":
        np.testing.assert_array_equal(label, np.float32(x if y is None else y)[1].reshape(output_shape))
    if task == "anomaly":
        assert isinstance(label, Marked)
        assert label.anomaly
        np.testing.assert_array_equal(label.numbers, data.image(1).reshape(output_shape))


REFUSED = {
    "soft labels of softmax": (VECTORS, VECTORS[:, :3], (1, 1, 5), (3,), "softmax", None, "its rows are not one-hot"),
    "no labels of a mask": (
        IMAGES,
        None,
        (8, 8, 1),
        (8, 8, 1),
        "sigmoid",
        None,
        r"no images x .*; add --metric mse if",
    ),
    "no labels of classes": (IMAGES, None, (8, 8, 1), (5,), "linear", None, "no images x with labels y; expected"),
    "classes where numbers are wanted": (IMAGES, FIVE, (8, 8, 1), (5,), "linear", "regression", "for regression"),
    "no marks": (VECTORS, VECTORS, (1, 1, 5), (5,), "linear", "anomaly", "AUC takes one label for each image, 0 or 1"),
    "a number that is none": (
        VECTORS,
        np.where(np.isclose(VECTORS, VECTORS[3, 0]), np.nan, VECTORS),
        (1, 1, 5),
        (5,),
        "linear",
        None,
        "1 of 12 labels hold NaN or infinite numbers, first label 3",
    ),
    "a mask with a class too many": (IMAGES, IMAGES % 3, (8, 8, 1), (8, 8, 1), "sigmoid", None, "classes are 0 to 1"),
    "images for vectors": (IMAGES[..., 0], FIVE, (1, 1, 64), (5,), "linear", None, r"x\.reshape\(len\(x\), 64\)$"),
    "vectors for images": (IMAGES.reshape(N, 64), FIVE, (8, 8, 1), (5,), "linear", None, r"\(len\(x\), 8, 8, 1\)$"),
    "vectors of another length": (
        VECTORS,
        FIVE,
        (1, 1, 6),
        (5,),
        "linear",
        None,
        r"\(5,\), the model takes 6; .*n, 6\)",
    ),
    "channels before steps": (
        SEQUENCES.transpose(0, 2, 1),
        FIVE,
        (1, 7, 2),
        (5,),
        "linear",
        None,
        r"a sequence of shape \(2, 7\), the model takes 7 x 2; save the array as x\.transpose\(0, 2, 1\)$",
    ),
    "channels first": (
        RNG.random((N, 3, 8, 8)),
        FIVE,
        (8, 8, 3),
        (5,),
        "linear",
        None,
        r"channels first, .* x\.transpose\(0, 2, 3, 1\)$",
    ),
    "colour for grey": (
        RNG.random((N, 8, 8, 3)),
        FIVE,
        (8, 8, 1),
        (5,),
        "linear",
        None,
        r"3 channels, the model takes 1.* in grey as the model was .* Pillow's image.convert\('L'\)$",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_fits_no_task_is_refused(name, tmp_path):
    *given, words = REFUSED[name]
    with pytest.raises(UserError, match=words) as caught:
        opened(tmp_path, *given)
    assert len(caught.value.problems) == 1


def test_longer_sequences_of_labelled_steps_are_cut(tmp_path):
    data = opened(tmp_path, np.zeros((N, 30, 2)), np.ones((N, 30), int), (1, 7, 2), (1, 7, 3), "softmax", None)
    assert data.image(0).shape == (1, 30, 2)
    found = next(predict(lambda x: np.repeat(x[..., :1], 3, axis=3), data, [0], (1, 7, 2)))
    assert found.shape == (1, 30, 3)
    assert all(x.shape[1:] == (1, 7, 2) for x, _ in training_batches(data, 4, (1, 7), 0))


def test_grey_images_are_repeated_for_a_colour_model(tmp_path):
    data = opened(tmp_path, IMAGES, FIVE, (8, 8, 3), (5,), "linear", None)
    np.testing.assert_array_equal(data.image(0), np.repeat(IMAGES[0], 3, axis=2))


def save_images(folder, names, shape=(8, 8)):
    for name in names:
        folder.joinpath(name).mkdir(parents=True, exist_ok=True)
        for i in range(2):
            Image.fromarray(RNG.integers(0, 256, shape, np.uint8)).save(folder / name / f"{i}.png")
    return folder


def test_folders_of_normal_images_and_anomalies(tmp_path):
    shapes = {"input_shape": (8, 8, 1), "target_shape": (8, 8, 1)}
    data = open_data(save_images(tmp_path / "a", ("good", "crack", "dent")), **shapes)
    assert data.task == "anomaly"
    assert [data.label(i).anomaly for i in range(6)] == [True] * 4 + [False] * 2
    with pytest.raises(UserError, match="holds classification data, but the model's output is for segmentation"):
        open_data(save_images(tmp_path / "b", ("ant", "bird")), **shapes)


def test_a_folder_of_images_that_are_given_again(tmp_path):
    folder = save_images(tmp_path, (".",))
    shapes = {"input_shape": (8, 8, 1), "target_shape": (8, 8, 1)}
    with pytest.raises(UserError, match="2 images but no labels; add --metric mse if the model gives its input again"):
        open_data(folder, **shapes, activation="sigmoid")
    for options in ({"activation": "linear"}, {"activation": "sigmoid", "task": "regression"}):
        data = open_data(folder, **shapes, **options)
        assert (data.task, data.labelled) == ("regression", False)
        np.testing.assert_array_equal(data.label(1), data.image(1))


def test_pairs_of_images_for_a_model_of_numbers(tmp_path):
    save_images(tmp_path, ("image", "label"))
    data = open_data(tmp_path, input_shape=(8, 8, 1), target_shape=(8, 8, 1), task="regression")
    wanted = np.asarray(Image.open(tmp_path / "label" / "1.png"), np.float32)
    np.testing.assert_array_equal(data.label(1)[:, :, 0], wanted)


def test_colour_photographs_for_a_grey_model_are_refused_before_anything_starts(tmp_path):
    for suffix in (".jpg", ".png"):
        folder = tmp_path / suffix[1:]
        for name in "abc":
            (folder / name).mkdir(parents=True)
            Image.fromarray(RNG.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / name / f"0{suffix}")
        with pytest.raises(UserError, match=r"3 channels, the model takes 1.*convert\('L'\)$") as caught:
            open_data(folder, input_shape=(8, 8, 1), target_shape=(3,))
        assert len(caught.value.problems) == 1


def test_numbers_are_scored_and_trained_on_as_they_are(tmp_path):
    data = opened(tmp_path, SEQUENCES, SEQUENCES, (1, 7, 2), (1, 7, 2), "linear", None)
    outputs = list(predict(lambda x: x + 0.5, data, range(N), (1, 7, 2), batch=5))
    assert score(data.task, outputs, list(targets(data))) == {"mse": pytest.approx(0.25)}
    for images, labels in training_batches(data, 4, (1, 7), seed=3):
        np.testing.assert_array_equal(images, labels)


def test_anomalies_are_told_by_their_error(tmp_path):
    data = opened(tmp_path, VECTORS, TWO, (1, 1, 5), (5,), "linear", None)
    labels = list(targets(data))
    outputs = VECTORS + np.where(TWO, 1.0, 0.1)[:, None]
    assert score(data.task, outputs, labels) == {"auc": 1.0, "mse": pytest.approx(0.01, rel=1e-4)}
    assert score(data.task, VECTORS, labels)["auc"] == 0.5
    (x, y), *_ = training_batches(data, 4, (1, 1), seed=0)
    np.testing.assert_array_equal(x.reshape(y.shape), y)


def test_sequences_of_classes_are_not_mirrored(tmp_path):
    data = opened(tmp_path, SEQUENCES, FIVE, (1, 7, 2), (5,), "softmax", None)
    for images, _ in training_batches(data, 4, (1, 7), seed=0):
        assert all((image[0] == SEQUENCES).all(axis=(1, 2)).any() for image in images)
