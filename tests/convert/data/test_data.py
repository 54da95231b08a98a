"""Datasets from every layout, and one clear sentence for everything that can be wrong with them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convert.data.crops import batches_per_epoch, crop_positions, cut, stitch, training_batches
from convert.data.dataset import open_data
from convert.data.validation import Expected
from convert.errors import UserError
from tests.builders.event_bundle import listed_events

RNG = np.random.default_rng(0)


def pixels(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def class_folders(tmp_path: Path) -> Path:
    for name in ("bird", "ant"):
        for i in range(2):
            save(tmp_path / "set" / name / f"{i}.png", pixels(8, 8, 3))
    return tmp_path / "set"


@pytest.fixture
def pair_folders(tmp_path: Path) -> Path:
    for stem in ("00", "01"):
        save(tmp_path / "set" / "image" / f"{stem}.png", pixels(24, 20))
        save(tmp_path / "set" / "label" / f"{stem}.png", (pixels(24, 20) > 127).astype(np.uint8) * 255)
    return tmp_path / "set"


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed], ids=["stored", "compressed"])
@pytest.mark.parametrize("names", [("x", "y"), ("x_test", "y_test"), ("image", "label")])
def test_npz_gives_raw_pixels_and_labels(tmp_path: Path, write, names) -> None:
    x, y = pixels(5, 8, 8, 1), np.array([0, 3, 1, 2, 3])
    write(tmp_path / "d.npz", **dict(zip(names, (x, y), strict=True)))
    data = open_data(tmp_path / "d.npz", input_shape=(8, 8, 1), target_shape=(4,))
    assert (len(data), data.task, data.class_names) == (5, "classification", ("0", "1", "2", "3"))
    assert data.image(1).dtype == np.float32
    np.testing.assert_array_equal(data.image(1), x[1])
    batches = list(data.batches(2, limit=3))
    assert [len(images) for images, _ in batches] == [2, 1]
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in batches]), y[:3])


def test_npz_arrays_are_mapped_not_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=pixels(3, 4, 4, 1), y=np.zeros(3, int))
    from convert.data.npz import _arrays

    assert all(isinstance(array, np.memmap) for array in _arrays(tmp_path / "d.npz", Expected((4, 4, 1))))


def test_one_hot_and_column_labels_are_class_indices(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=pixels(3, 4, 4, 1), y=np.eye(3, dtype=np.float32)[[2, 0, 1]])
    np.savez(tmp_path / "b.npz", x=pixels(3, 4, 4, 1), y=np.array([[2], [0], [1]]))
    for name in ("a.npz", "b.npz"):
        data = open_data(tmp_path / name, input_shape=(4, 4, 1), target_shape=(3,))
        assert [data.label(i) for i in range(3)] == [2, 0, 1]


def test_vector_input(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.ones((3, 7)), y=np.array([0, 1, 0]))
    for shape in ((7,), (1, 1, 7)):
        assert open_data(tmp_path / "d.npz", input_shape=shape, target_shape=(2,)).image(0).shape == shape


def test_class_folders_in_alphabetical_order(class_folders: Path) -> None:
    data = open_data(class_folders, input_shape=(8, 8, 3), target_shape=(2,))
    assert data.class_names == ("ant", "bird")
    assert [data.label(i) for i in range(4)] == [0, 0, 1, 1]
    assert data.image(0).max() > 1
    assert [data.subset([3, 0]).label(i) for i in range(2)] == [1, 0]
    assert sorted(data.shuffled(1).indices) == [0, 1, 2, 3]
    np.testing.assert_array_equal(data.shuffled(1).indices, data.shuffled(1).indices)


def test_pairs_in_sub_folders_may_be_larger_than_the_model(pair_folders: Path) -> None:
    data = open_data(pair_folders, input_shape=(8, 8, 1), target_shape=(8, 8, 1))
    assert (data.task, len(data), data.image(0).shape) == ("segmentation", 2, (24, 20, 1))
    assert data.label(0).dtype == np.uint8
    assert set(np.unique(data.label(0))) == {0, 1}


def test_pairs_by_name(tmp_path: Path) -> None:
    save(tmp_path / "a.png", pixels(8, 8))
    save(tmp_path / "a_label.png", np.ones((8, 8), np.uint8))
    data = open_data(tmp_path, input_shape=(8, 8, 3), target_shape=(8, 8, 2))
    assert (data.image(0).shape, data.label(0).max()) == ((8, 8, 3), 1)


def test_npz_segmentation(tmp_path: Path) -> None:
    y = pixels(2, 8, 8, 1) % 2 * 255
    np.savez(tmp_path / "d.npz", x=pixels(2, 8, 8), y=y)
    data = open_data(tmp_path / "d.npz", input_shape=(8, 8, 1), target_shape=(8, 8, 1))
    assert data.image(0).shape == (8, 8, 1)
    np.testing.assert_array_equal(data.label(1), y[1, :, :, 0] // 255)


def broken(path: Path, case: str) -> tuple[Path, dict]:
    """A dataset with one thing wrong, and the model's shapes."""
    model = {"input_shape": (8, 8, 1), "target_shape": (3,)}
    x, y = pixels(4, 8, 8, 1), np.array([0, 1, 2, 0])
    arrays = {
        "x only": {"x": x},
        "two pairs": {"x_train": x, "y_train": y, "x_test": x, "y_test": y},
        "lengths": {"x": x, "y": y[:3]},
        "labels outside": {"x": x, "y": y + 1},
        "text": {"x": x.astype(str), "y": y},
        "nan": {"x": np.where(np.arange(4)[:, None, None, None] == 2, np.nan, x), "y": y},
        "size": {"x": pixels(4, 9, 8, 1), "y": y},
        "channels": {"x": pixels(4, 8, 8, 3), "y": y},
        "empty": {},
        "objects": {"x": np.array([None, 1]), "y": y},
        "fractions": {"x": x, "y": y + 0.5},
        "map for classes": {"x": x, "y": x},
        "no images": {"x": x[:0], "y": y[:0]},
        "recordings": listed_events(2),
    }
    if case in arrays:
        np.savez(path / "d.npz", **arrays[case])
        return path / "d.npz", model
    if case == "not a zip":
        (path / "d.npz").write_bytes(b"nothing")
        return path / "d.npz", model
    if case == "suffix":
        (path / "d.csv").write_text("1,2")
        return path / "d.csv", model
    folder = path / "set"
    folder.mkdir()
    if case == "missing label":
        for i in range(9):
            save(folder / "image" / f"{i}.png", pixels(8, 8))
        save(folder / "label" / "0.png", pixels(8, 8))
    if case == "label size":
        save(folder / "image" / "0.png", pixels(8, 8))
        save(folder / "label" / "0.png", pixels(8, 9))
    if case == "no label folder":
        save(folder / "image" / "0.png", pixels(8, 8))
    if case == "no labels":
        save(folder / "0.png", pixels(8, 8))
    if case == "small":
        save(folder / "image" / "0.png", pixels(8, 7))
        save(folder / "label" / "0.png", pixels(8, 7) % 2)
    if case in ("missing label", "label size", "no label folder", "no labels", "small", "empty folder"):
        return folder, {"input_shape": (8, 8, 1), "target_shape": (8, 8, 1)}
    for name in "abc":
        save(folder / name / "0.png", pixels(8, 8))
    if case == "fourth class":
        save(folder / "d" / "0.png", pixels(8, 8))
    if case == "unreadable":
        (folder / "a" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    if case == "sizes":
        for i in range(20):
            save(folder / "b" / f"{i}.png", pixels(5, 5))
    if case == "one level up":
        return path, model
    return folder, model


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("x only", ("no images x with labels y", "NAME_label.png")),
        ("two pairs", ("x_train", "save the one you mean")),
        ("lengths", ("4 images and 3 labels",)),
        ("labels outside", ("0 to 3", "0 to 2")),
        ("text", ("type <U",)),
        ("nan", ("1 of 4", "image 2")),
        ("size", ("9 x 8", "8 x 8")),
        ("channels", ("3 channels", "takes 1")),
        ("empty", ("nothing",)),
        ("objects", ("objects",)),
        ("fractions", ("whole numbers",)),
        ("map for classes", ("segmentation data", "classification")),
        ("no images", ("0 images",)),
        ("recordings", ("recordings of an event sensor",)),
        ("not a zip", ("cannot be read",)),
        ("suffix", (".csv",)),
        ("missing label", ("8 of 9", "1, 2", "3 more")),
        ("label size", ("(8, 9)", "(8, 8)")),
        ("no label folder", ("no label/ folder",)),
        ("no labels", ("no labels",)),
        ("small", ("8 x 7", "8 x 8")),
        ("empty folder", ("no images",)),
        ("fourth class", ("4 class folders", "3")),
        ("unreadable", ("0.png", "cannot be read")),
        ("sizes", ("5 x 5", "15 more like these")),
        ("one level up", ("did you mean", "set")),
    ],
)
def test_a_user_error_says_what_is_wrong(tmp_path: Path, case: str, words: tuple[str, ...]) -> None:
    path, model = broken(tmp_path, case)
    with pytest.raises(UserError) as caught:
        open_data(path, **model)
    for word in words:
        assert word in str(caught.value)
    assert len(caught.value.problems) <= 6


def test_a_missing_path_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        open_data(tmp_path / "nowhere", input_shape=(8, 8, 1))


def test_colour_that_is_grey_becomes_one_channel(tmp_path: Path) -> None:
    for name in "ab":
        save(tmp_path / name / "0.png", np.repeat(pixels(8, 8, 1), 3, axis=2))
    assert open_data(tmp_path, input_shape=(8, 8, 1), target_shape=(1,)).image(0).shape == (8, 8, 1)


@pytest.mark.parametrize(
    ("image", "crop", "overlap"),
    [((50, 40), (16, 16), 5), ((16, 16), (16, 16), 0), ((33, 64), (32, 32), 0), ((512, 512), (128, 128), 32)],
)
def test_crops_cover_the_image_and_stitch_back(image, crop, overlap) -> None:
    whole = RNG.random((*image, 2)).astype(np.float32)
    positions = crop_positions(image, crop, overlap)
    crops = cut(whole, positions, crop)
    np.testing.assert_allclose(stitch(crops, positions, image), whole, rtol=1e-6)
    assert (stitch(np.full_like(crops, 0.7), positions, image) == np.float32(0.7)).all()
    rows = sorted({row for row, _ in positions})
    assert all(b - a <= crop[0] - overlap for a, b in itertools.pairwise(rows))


def test_crops_larger_than_the_image_are_refused() -> None:
    with pytest.raises(UserError, match="smaller than the model's input"):
        crop_positions((8, 8), (16, 16), 0)
    with pytest.raises(UserError, match="overlap"):
        crop_positions((32, 32), (16, 16), 16)


def test_training_crops_keep_image_and_label_together(tmp_path: Path) -> None:
    labels = pixels(2, 24, 20) % 2
    np.savez(tmp_path / "d.npz", x=labels * np.uint8(200), y=labels)
    data = open_data(tmp_path / "d.npz", input_shape=(8, 8, 1), target_shape=(8, 8, 1))
    batches = list(training_batches(data, 4, (8, 8), seed=3))
    assert sum(len(x) for x, _ in batches) == 2 * 3 * 3
    for x, y in batches:
        np.testing.assert_array_equal(x[..., 0], y * 200.0)
    again = list(training_batches(data, 4, (8, 8), seed=3))
    other = list(training_batches(data, 4, (8, 8), seed=4))
    assert all((a[0] == b[0]).all() for a, b in zip(batches, again, strict=True))
    assert any((a[0] != b[0]).any() for a, b in zip(batches, other, strict=True))
    assert len(batches) == batches_per_epoch(data, 4, (8, 8))
    later = list(training_batches(data, 4, (8, 8), seed=3, first=2))
    assert all((a[0] == b[0]).all() for a, b in zip(batches[2:], later, strict=True))


def test_training_images_are_seen_once_and_mirrored(class_folders: Path) -> None:
    data = open_data(class_folders, input_shape=(8, 8, 3), target_shape=(2,))
    seen = [image for x, _ in training_batches(data, 3, (8, 8), seed=0) for image in x]
    originals = [data.image(i) for i in range(4)]
    assert len(seen) == 4
    for original in originals:
        assert sum((s == original).all() or (s[:, ::-1] == original).all() for s in seen) == 1
