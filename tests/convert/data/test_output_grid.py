"""Outputs smaller than the input: labels where they are, whole images tiled by them, and what does not go together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from convert.data.crops import tiling_crops, training_batches
from convert.data.dataset import open_data
from convert.data.evaluate import crops_of, predict, target_of, targets
from convert.errors import UserError
from convert.report import OutputGrid

RNG = np.random.default_rng(0)
VALID = OutputGrid(input_size=(12, 12), size=(8, 8), offset=(2, 2))
STRIDED = OutputGrid(input_size=(12, 12), size=(4, 4), stride=(2, 2), offset=(3, 3))
SECOND = OutputGrid(input_size=(12, 12), size=(6, 6), stride=(2, 2), offset=(1, 1))
CORNER = OutputGrid(input_size=(12, 12), size=(6, 9), offset=(0, 3))
GRIDS = {"valid": VALID, "strided": STRIDED, "every second": SECOND, "corner": CORNER}


def npz(path: Path, x: np.ndarray, y: np.ndarray) -> Path:
    np.savez(path / "d.npz", x=x, y=y)
    return path / "d.npz"


def opened(path: Path, grid: OutputGrid | None, size: tuple[int, int] = (8, 8)):
    made = size if grid is None else grid.size
    return open_data(path, input_shape=(12, 12, 1), target_shape=(*made, 2), grid=grid)


def images(*size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images whose label is in every pixel."""
    x = RNG.integers(0, 256, (3, *size, 1), dtype=np.uint8)
    return x, (x[..., 0] > 127).astype(np.uint8)


@pytest.mark.parametrize(
    ("grid", "rows", "columns"),
    [
        (VALID, slice(2, 10), slice(2, 10)),
        (STRIDED, slice(3, 10, 2), slice(3, 10, 2)),
        (SECOND, slice(1, 12, 2), slice(1, 12, 2)),
        (CORNER, slice(0, 6), slice(3, 12)),
    ],
)
def test_labels_are_taken_where_the_output_is(grid, rows, columns, tmp_path: Path) -> None:
    x, y = images(12, 12)
    data = opened(npz(tmp_path, x, y), grid)
    np.testing.assert_array_equal(list(targets(data)), y[:, rows, columns])


@pytest.mark.parametrize("grid", [VALID, None])
@pytest.mark.parametrize("in_a_row", [False, True])
def test_labels_of_the_outputs_size_are_taken_as_they_are(grid, in_a_row, tmp_path: Path) -> None:
    x, y = images(12, 12)
    y = y[:, :8, :8]
    data = opened(npz(tmp_path, x, y.reshape(3, 64) if in_a_row else y), grid)
    np.testing.assert_array_equal(list(targets(data)), y)
    for _, labels in training_batches(data, 3, (12, 12), 0):
        assert sorted(map(bytes, labels)) == sorted(map(bytes, y))


def test_label_files_of_the_outputs_size(tmp_path: Path) -> None:
    x, y = images(12, 12)
    for name, arrays in (("image", x[..., 0]), ("label", y[:, 2:10, 2:10] * 255)):
        (tmp_path / name).mkdir()
        for i, array in enumerate(arrays):
            Image.fromarray(array).save(tmp_path / name / f"{i}.png")
    np.testing.assert_array_equal(list(targets(opened(tmp_path, None))), y[:, 2:10, 2:10])


def sums(batch: np.ndarray, grid: OutputGrid) -> np.ndarray:
    """A 'valid' model of one layer: sums over what lies around each output pixel, as far as the input reaches."""
    reach = [min(o, n - 1 - (o + s * (m - 1))) for o, n, s, m in _axes(grid)]
    windows = sliding_window_view(batch[..., 0], [2 * r + 1 for r in reach], axis=(1, 2)).sum(axis=(3, 4))
    rows, columns = ([o - r + s * k for k in range(m)] for (o, _, s, m), r in zip(_axes(grid), reach, strict=True))
    return np.asarray(windows[:, rows][:, :, columns][..., None], np.float32)


def _axes(grid: OutputGrid) -> list[tuple[int, int, int, int]]:
    return list(zip(grid.offset, grid.input_size, grid.stride, grid.size, strict=True))


SMALL = {"valid": (8, 9), "strided": (9, 8), "every second": (12, 13), "corner": (6, 9)}
"""Images about as small as they may be."""


@pytest.mark.parametrize("size", [(30, 25), (12, 17), None])
@pytest.mark.parametrize("name", GRIDS)
def test_outputs_of_tiles_are_those_of_the_whole_mirrored_image(name, size, tmp_path: Path) -> None:
    grid, size = GRIDS[name], size or SMALL[name]
    x, y = images(*size)
    data = opened(npz(tmp_path, x, y), grid)
    (found,) = predict(lambda batch: sums(batch, grid), data, [1], (12, 12, 1))
    places = [np.arange(o % s, n, s) for n, (o, _, s, _) in zip(size, _axes(grid), strict=True)]
    reach = [min(o, n - 1 - (o + s * (m - 1))) for o, n, s, m in _axes(grid)]
    around = np.pad(x[1, ..., 0].astype(float), [(r, r) for r in reach], mode="reflect")
    expected = sliding_window_view(around, [2 * r + 1 for r in reach]).sum(axis=(2, 3))[np.ix_(*places)]
    np.testing.assert_allclose(found[..., 0], expected)
    np.testing.assert_array_equal(target_of(data, 1), y[1][np.ix_(*places)])


def test_tiles_of_a_valid_model_overlap_no_more_than_they_must(tmp_path: Path) -> None:
    data = opened(npz(tmp_path, *images(32, 32)), VALID)
    crops = crops_of(data, 0, (12, 12, 1))
    assert len(crops.inputs) == 16 == tiling_crops(data, 0, (12, 12))
    assert crops.size == (32, 32)


@pytest.mark.parametrize("size", [(12, 12), (30, 25), None])
@pytest.mark.parametrize("name", GRIDS)
def test_training_labels_stay_with_their_pixels(name, size, tmp_path: Path) -> None:
    grid, size = GRIDS[name], size or SMALL[name]
    data = opened(npz(tmp_path, *images(*size)), grid)
    rows, columns = (slice(o, o + s * m, s) for o, _, s, m in _axes(grid))
    seen = 0
    for seed in range(4):
        for inputs, labels in training_batches(data, 4, (12, 12), seed):
            assert inputs.shape[1:] == (12, 12, 1)
            np.testing.assert_array_equal(labels, inputs[:, rows, columns, 0] > 127)
            seen += len(labels)
    assert seen == 4 * sum(tiling_crops(data, i, (12, 12)) for i in range(3))


@pytest.mark.parametrize(
    ("image", "label", "grid", "words"),
    [
        ((7, 12), (7, 12), VALID, ("7 x 12", "output, which spans 8 x 8", "larger images")),
        ((12, 12), (10, 10), VALID, ("(10, 10)", "(12, 12)")),
        ((20, 20), (8, 8), VALID, ("(8, 8)", "(20, 20)")),
        ((12, 12), (12, 12), None, ("8 x 8 of 12 x 12", "give labels of 8 x 8 pixels")),
        ((20, 20), (8, 8), None, ("20 x 20", "takes 12 x 12")),
    ],
)
@pytest.mark.parametrize("files", [False, True])
def test_what_does_not_go_together_is_told_with_the_way_out(image, label, grid, words, files, tmp_path: Path) -> None:
    x, y = np.zeros((2, *image), np.uint8), np.zeros((2, *label), np.uint8)
    if files:
        for i in range(2):
            Image.fromarray(x[i]).save(tmp_path / f"{i}.png")
            Image.fromarray(y[i]).save(tmp_path / f"{i}_label.png")
    with pytest.raises(UserError) as caught:
        opened(tmp_path if files else npz(tmp_path, x, y), grid)
    for word in words:
        assert word in str(caught.value)
    assert len(caught.value.problems) == (2 if files and grid else 1)
