"""Images and labels as files: one folder for each class, or pairs of an image and its label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from convert.errors import UserError
from convert.report import Task
from convert.storage.archives import is_bomb
from convert.upstream.types import Values

from .labels import Label, Marked
from .output_grid import Size
from .validation import (
    LAYOUTS,
    MAX_LISTED,
    Expected,
    Image,
    ImageSource,
    check_size,
    first_problems,
    fit_class_map,
    fit_image,
    fit_numbers,
    listed,
)

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
IMAGE_FOLDERS = ("image", "images")
LABEL_FOLDERS = ("label", "labels", "mask", "masks")
LABEL_ENDINGS = ("_label", "_mask")
NORMAL = ("normal", "good")
"""Names of the class folder that holds no anomalies."""
CHECKED_FILES = 1000
"""Headers read before the start, evenly spread; every file is checked when it is read."""


def open_folder(path: Path, expected: Expected) -> ImageSource:
    """The images in the folder ``path``, by the layout found there."""
    folders = {child.name: child for child in _children(path) if child.is_dir()}
    images = [folders[name] for name in IMAGE_FOLDERS if name in folders]
    labels = [folders[name] for name in LABEL_FOLDERS if name in folders]
    if len(images) == 1 and len(labels) == 1:
        return _pairs(path, _by_stem(images[0]), _by_stem(labels[0]), expected)
    if images and not labels and len(folders) == 1:
        if expected.needs_no_labels:
            return _unlabelled(_images_in(images[0]), expected)
        way_out = expected.without_labels
        raise UserError(f"{path}: there are images in {images[0].name}/ but no label/ folder; {way_out}")
    files = _images_in(path)
    if files:
        marked = {f.stem: f for f in files if f.stem.endswith(LABEL_ENDINGS)}
        if not marked and expected.needs_no_labels:
            return _unlabelled(files, expected)
        if not marked:
            raise UserError(f"{path}: {len(files)} images but no labels; {expected.without_labels}")
        own = {stem.rsplit("_", 1)[0]: file for stem, file in marked.items()}
        return _pairs(path, {f.stem: f for f in files if f.stem not in marked}, own, expected)
    return _classes(path, folders, expected)


def read_pixels(path: Path, *, indices: bool = False) -> Values:
    """Pixel values as stored, (h, w) or (h, w, c); ``indices`` keeps a palette's numbers, not its colours."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as image:
            if getattr(image, "n_frames", 1) > 1:
                raise UserError(f"{path.name}: {image.n_frames} pages in one file; save each page as a file of its own")  # type: ignore[attr-defined]
            if image.mode in ("RGB", "RGBA") and any("16" in str(tile[-1]) for tile in image.tile):
                raise UserError(f"{path.name}: 16-bit colour, which would lose half its bits; save it as TIFF or 8 bit")
            if image.mode in ("P", "PA") and not indices:
                return np.asarray(image.convert("RGB"))
            return np.asarray(image)
    except UserError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds
        if path.suffix.lower() in (".tif", ".tiff"):
            return _read_tiff(path)
        raise UserError(f"{path.name}: cannot be read as an image ({error}); replace or remove the file") from error


def _read_tiff(path: Path) -> Values:
    """What Pillow does not read, such as 16-bit colour and float channels."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            unpacked, packed = sum(series.nbytes for series in file.series), path.stat().st_size
            if is_bomb(unpacked, packed):
                raise ValueError(f"{packed:,} bytes that would unpack to {unpacked:,}")
            pixels = np.asarray(file.asarray())
    except Exception as error:
        raise UserError(f"{path.name}: cannot be read as a TIFF image ({error}); replace or remove the file") from error
    if pixels.ndim < 2:
        raise UserError(f"{path.name}: no image, but numbers of shape {pixels.shape}; replace or remove the file")
    return pixels


def _classes(path: Path, folders: dict[str, Path], expected: Expected) -> ImageSource:
    """One folder for each class; the label is its place in alphabetical order, empty folders included."""
    names = sorted(folders)
    files = [(file, label) for label, name in enumerate(names) for file in _images_in(folders[name])]
    if not files:
        inner = [name for name in names if any(child.is_dir() for child in _children(folders[name]))]
        hint = f"; did you mean {path / inner[0]}?" if inner else f"; {LAYOUTS}"
        raise UserError(f"{path}: no images ({', '.join(SUFFIXES)}) in it or its sub-folders{hint}")
    if expected.gives_its_input and set(names) & set(NORMAL):
        return _marked([file for file, _ in files], expected)
    task = expected.settle("classification", str(path))
    if expected.classes not in (None, len(names)):
        raise UserError(
            f"{path}: {len(names)} class folders ({listed(names)}), but the model has {expected.classes} "
            "classes; give one folder for each class, empty ones too, so that labels are what they were"
        )
    _check_headers([file for file, _ in files], expected, task)
    image = _reader([file for file, _ in files], expected, task)
    image(0)
    return ImageSource(task, len(files), image, lambda i: files[i][1], tuple(names))


def _unlabelled(files: Sequence[Path], expected: Expected) -> ImageSource:
    """Images that the model is to give again."""
    _check_headers(files, expected, "regression")
    image = _reader(files, expected, "regression")
    image(0)
    return ImageSource(
        "regression", len(files), image, lambda i: fit_numbers(image(i), expected, str(files[i])), labelled=False
    )


def _marked(files: Sequence[Path], expected: Expected) -> ImageSource:
    """Images that the model is to give again; those in a folder of another name than ``NORMAL`` are anomalies."""
    source = _unlabelled(files, expected)

    def label(i: int) -> Label:
        return Marked(fit_numbers(source.image(i), expected, str(files[i])), files[i].parent.name not in NORMAL)

    return ImageSource("anomaly", len(files), source.image, label)


def _reader(files: Sequence[Path], expected: Expected, task: Task) -> Callable[[int], Image]:
    """The image of each file."""
    return lambda i: fit_image(read_pixels(files[i]), expected, task, str(files[i]))


def _pairs(path: Path, images: dict[str, Path], labels: dict[str, Path], expected: Expected) -> ImageSource:
    """Images and labels of the same stem."""
    if not images:
        raise UserError(f"{path}: no images ({', '.join(SUFFIXES)}) beside the labels; {LAYOUTS}")
    lonely = sorted(images.keys() - labels.keys())
    orphans = sorted(labels.keys() - images.keys())
    cases = ((lonely, images, "images", "a label"), (orphans, labels, "labels", "an image"))
    problems = [
        f"{path}: {len(names)} of {len(every)} {have} without {want} ({listed(names)}); add or remove files"
        for names, every, have, want in cases
        if names
    ]
    if problems:
        raise UserError(problems)
    task = expected.settle("regression" if expected.task == "regression" else "segmentation", str(path))
    stems = sorted(images)
    _check_headers([images[stem] for stem in stems], expected, task, [labels[stem] for stem in stems])
    image = _reader([images[stem] for stem in stems], expected, task)
    image(0)

    def label(i: int) -> Label:
        file = labels[stems[i]]
        if task == "regression":
            return fit_numbers(read_pixels(file), expected, str(file))
        return fit_class_map(read_pixels(file, indices=True), expected, str(file))

    if task == "regression":
        return ImageSource(task, len(stems), image, label)
    return ImageSource(task, len(stems), image, label, tuple(str(k) for k in range(expected.classes or 2)))


def _check_headers(images: Sequence[Path], expected: Expected, task: Task, labels: Sequence[Path] = ()) -> None:
    """Sizes of up to ``CHECKED_FILES`` images, spread evenly, before anything long starts; all problems at once."""
    problems: list[str] = []
    for i in np.unique(np.linspace(0, len(images) - 1, min(len(images), CHECKED_FILES)).round().astype(int)):
        try:
            size = _header_size(images[i])
            check_size(size, expected, task, str(images[i]))
            if labels and (problem := _label_problem(expected, size, _header_size(labels[i]))):
                raise UserError(f"{labels[i]}: {problem}")
        except UserError as error:
            problems.extend(error.problems)
        unplaced = expected.output is not None and expected.output.grid is None
        if len(problems) > (0 if unplaced else 10 * MAX_LISTED):  # where the model is the cause one file shows it
            break
    if problems:
        raise first_problems(problems)


def _label_problem(expected: Expected, image: Size, label: Size) -> str | None:
    """Why a label of that size does not go with an image of that size; None if it does."""
    if expected.output is not None:
        return expected.output.label_problem(image, label)
    return None if label == image else f"a label of {label} pixels for an image of {image}"


def _header_size(path: Path) -> tuple[int, int]:
    """(rows, columns), from the file's header where Pillow knows the format."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as image:
            return image.height, image.width
    except Exception:
        pixels = read_pixels(path)
        return pixels.shape[0], pixels.shape[1]


def _by_stem(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in _images_in(folder):
        if file.stem in found:
            raise UserError(f"{folder}: {found[file.stem].name} and {file.name} have the same name; keep one of them")
        found[file.stem] = file
    return found


def _images_in(folder: Path) -> list[Path]:
    return [child for child in _children(folder) if child.suffix.lower() in SUFFIXES and child.is_file()]


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if not child.name.startswith("."))
    except OSError as error:
        raise UserError(f"cannot read the folder {folder}: {error.strerror or error}; check its permissions") from error
