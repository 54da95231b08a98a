"""make-events: files that say what they are, the same bytes for a seed, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from convert.data.events.binning import Binning
from convert.data.events.opening import open_events
from convert.errors import UserError
from convert.simulated_events.api import make_events
from convert.simulated_events.cli import main
from convert.simulated_events.options import EventOptions
from tests.builders.refusing import refused

STEPS = Binning(0.005, 20)
SHORT = EventOptions(duration_s=0.1, pixels=3.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Class folders a and b of 10 x 12 images, a folder of slices of 30 x 40 and classes.npz."""
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(3)
    for kind in ("classes/a", "classes/b", "slices"):
        (folder / kind).mkdir(parents=True)
        size = (30, 40) if kind == "slices" else (10, 12)
        for k in range(2):
            Image.fromarray(rng.integers(0, 256, size, np.uint8)).save(folder / kind / f"{k}.png")
    np.savez(folder / "classes.npz", x=rng.random((3, 10, 12, 3), np.float32), y=np.array([0, 2, 1]))
    return folder


@pytest.mark.parametrize("motion", ["saccades", "pan"])
@pytest.mark.parametrize(("given", "classes"), [("classes", [0, 0, 1, 1]), ("classes.npz", [0, 2, 1])])
def test_classes_become_recordings(folder: Path, tmp_path: Path, motion, given: str, classes: list[int]) -> None:
    options = EventOptions(motion, duration_s=0.1, pixels=3.0)
    made = make_events(folder / given, tmp_path / "events.npz", options)
    found = open_events(tmp_path / "events.npz", (10, 12, 2), STEPS, None)
    assert [found.dataset.label(i) for i in range(len(found.dataset))] == classes
    assert (made.recordings, made.size) == (len(classes), (10, 12))
    assert 20 < found.dataset.image(0).sum() < made.events
    assert found.dataset.simulated == made.how == str(options)
    assert f"SIMULATED events: {motion} of 3 pixels in 0.1 s" in str(found)


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_events(folder / "slices", tmp_path / f"{name}.npz", EventOptions("fence", 0.05, seed=seed))
    a, b, c = ((tmp_path / f"{name}.npz").read_bytes() for name in "abc")
    assert a == b != c


def test_behind_a_fence_parts_of_images_are_to_be_found_again(folder: Path, tmp_path: Path) -> None:
    given = ["--motion", "fence", "--crop", "8", "9", "--recordings", "5", "--duration", "0.05", "--bar", "2"]
    result = CliRunner().invoke(main, [str(folder / "slices"), "-o", str(tmp_path / "f.npz"), *given])
    assert result.exit_code == 0, result.output
    assert "5 simulated recordings of 8 x 9 pixels" in " ".join(result.output.split())
    found = open_events(tmp_path / "f.npz", (8, 9, 2), STEPS, None, (8, 9, 1)).dataset
    whole = np.asarray(Image.open(folder / "slices" / "0.png")) / 255
    part = np.asarray(found.label(0))
    assert (found.task, part.shape, len(found)) == ("regression", (8, 9, 1), 5)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (8, 9))
    assert np.isclose(windows, part[:, :, 0], atol=1e-6).all(axis=(2, 3)).any()
    with pytest.raises(UserError, match=r"labels of shape \(8, 9, 1\), and the network gives 3"):
        open_events(tmp_path / "f.npz", (8, 9, 2), STEPS, 3, (3,))


def test_classes_are_no_images(folder: Path, tmp_path: Path) -> None:
    make_events(folder / "classes", tmp_path / "events.npz", SHORT)
    with pytest.raises(UserError, match=r"a class for each .* 10 x 12 x 1 .*--label image"):
        open_events(tmp_path / "events.npz", (10, 12, 2), STEPS, 1, (10, 12, 1))


@pytest.mark.parametrize(
    ("given", "arguments", "sentence"),
    [
        ("classes", ["--recordings", "3"], "3 recordings are parts .* with --crop$"),
        ("classes", ["--crop", "11", "4"], "image 0 has 10 x 12 pixels, less than --crop 11 4; crop less$"),
        ("slices", [], "2 images but no labels"),
        ("classes", ["--threshold", "0.001"], "threshold is 0.001; use 0.02 to 10"),
        ("classes", ["--threshold", "9", "--noise", "0"], "image 0 gives no event: .* lower --threshold"),
        ("nowhere", [], "no such file or folder"),
    ],
)
def test_what_cannot_be_is_a_sentence(folder: Path, tmp_path: Path, given: str, arguments, sentence: str) -> None:
    refused(main, [folder / given, "-o", tmp_path / "e.npz", *arguments], sentence, folder=tmp_path)


def test_other_names_and_files_that_are_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"events.aedat: recordings are written as .npz"):
        make_events(folder / "classes", tmp_path / "events.aedat", SHORT)
    (tmp_path / "taken.npz").write_bytes(b"mine")
    with pytest.raises(UserError, match="exists already and is kept"):
        make_events(folder / "classes", tmp_path / "taken.npz", SHORT)
    assert (tmp_path / "taken.npz").read_bytes() == b"mine"


def test_images_of_several_sizes_and_scales(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for k, size in enumerate([(9, 9), (9, 8)]):
        Image.fromarray(np.full(size, 100, np.uint8)).save(tmp_path / "in" / f"{k}.png")
    options = EventOptions("fence", 0.05)
    with pytest.raises(UserError, match=r"image 1 has 9 x 8 pixels and the first one 9 x 9.*--crop ROWS COLUMNS"):
        make_events(tmp_path / "in", tmp_path / "e.npz", options)
    np.savez(tmp_path / "loud.npz", x=np.full((2, 9, 9, 1), 7e4, np.float32), y=np.zeros(2, int))
    with pytest.raises(UserError, match="intensities up to 70000, and white is 1, 255 or 65,535"):
        make_events(tmp_path / "loud.npz", tmp_path / "e.npz", options)
