"""Simulated events: what pixels tell adds up to what they saw, the file reads as recordings, and says what it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from convert.data.events.binning import Binning
from convert.data.events.opening import open_events
from convert.sensor.cli import main as make_events
from convert.sensor.motions import MOTIONS, frame_at
from convert.sensor.pixels import DARK, events_of


def run(*arguments, code: int = 0) -> str:
    result = CliRunner().invoke(make_events, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return " ".join(result.output.split())


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Six images of 16 x 12 with a bright corner each, of three classes."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (6, 16, 12, 1)).astype(np.uint8)
    for k in range(6):
        images[k, 2 + k : 8 + k, 3:8] = 230
    np.savez(tmp_path / "digits.npz", x=images, y=np.arange(6) % 3)
    return tmp_path / "digits.npz"


def test_events_add_up_to_the_change_of_light() -> None:
    """The thresholds told by a pixel are its change, but for less than one; each at the time at which it is passed."""
    rng = np.random.default_rng(3)
    frames = np.cumsum(rng.uniform(-0.1, 0.12, (30, 5, 4)), axis=0).clip(0, 1)
    times, thresholds = np.linspace(0, 29_000, 30), np.full((5, 4), 0.15)
    found = events_of(frames, times, thresholds)
    assert (np.diff(found.t_us) >= 0).all()
    light = np.log(DARK + (1 - DARK) * frames)
    for y, x in np.ndindex(5, 4):
        own = (found.y == y) & (found.x == x)
        told = 0.15 * np.cumsum(np.where(found.p[own] == 1, 1, -1))
        seen = light[:, y, x] - light[0, y, x]
        assert abs((told[-1] if len(told) else 0.0) - seen[-1]) < 0.15 + 1e-9
        np.testing.assert_allclose(np.interp(found.t_us[own], times, seen), told, atol=2e-3)


@pytest.mark.parametrize("motion", MOTIONS)
def test_recordings_are_read_and_said_to_be_simulated(motion: str, digits: Path, tmp_path: Path) -> None:
    said = run("--data", digits, "-o", tmp_path / "e.npz", "--motion", motion, "--milliseconds", 60, "--images", 5)
    assert "5 simulated recordings" in said
    data = open_events(tmp_path / "e.npz", (16, 12, 2), Binning(0.001, 60, counted=True), 3)
    assert str(data).startswith("5 simulated recordings in 60 steps")
    assert [int(data.dataset.label(i)) for i in range(5)] == [0, 1, 2, 0, 1]
    frames = data.dataset.image(2)
    assert frames.shape == (60, 16, 12, 2)
    assert frames[..., 0].sum() > 20 < frames[..., 1].sum()
    with np.load(tmp_path / "e.npz") as file:
        assert json.loads(str(file["simulated"]))["provenance"]["seed"] == 0
        assert ("image" in file.files) == (motion == "fence")


def test_the_seed_says_all(digits: Path, tmp_path: Path) -> None:
    for name, seed in (("a.npz", 4), ("b.npz", 4), ("c.npz", 5)):
        folder = tmp_path / name[0]
        folder.mkdir()
        run("--data", digits, "-o", folder / "e.npz", "--motion", "pan", "--milliseconds", 40, "--seed", seed)
    files = [(tmp_path / name / "e.npz").read_bytes() for name in "abc"]
    assert files[0] == files[1] != files[2]


def test_a_fence_hides_and_lets_see() -> None:
    image = np.full((6, 50), 0.8)
    motion = MOTIONS["fence"](41, 3.0, (6, 50), np.random.default_rng(0))
    frames = np.stack([frame_at(image, motion, k) for k in range(41)])
    hidden = (frames < 0.55).mean()
    assert 0.4 < hidden < 0.8
    assert (frames.max(axis=0) > 0.75).mean() > 0.95  # what is hidden now is seen later


def test_what_cannot_be_is_refused(digits: Path, tmp_path: Path) -> None:
    said = run("--data", digits, "-o", tmp_path / "e.txt", code=2)
    assert "choose a name that ends in .npz" in said
    np.savez(tmp_path / "grey.npz", x=np.full((2, 8, 8, 1), 90, np.uint8), y=np.arange(2))
    said = run("--data", tmp_path / "grey.npz", "-o", tmp_path / "e.npz", code=2)
    assert "no pixel sees a change of 0.2; give a smaller --threshold" in said
    run("--data", digits, "-o", tmp_path / "e.npz", "--milliseconds", 20)
    assert "add --force" in run("--data", digits, "-o", tmp_path / "e.npz", code=2)
    assert "no such file" in run("--data", tmp_path / "none.npz", "-o", tmp_path / "f.npz", code=2)
    assert not (tmp_path / "f.npz").exists()


def test_maps_have_no_class_and_keep_their_images(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "maps.npz", x=rng.random((3, 9, 9, 1)).astype(np.float32), y=rng.integers(0, 2, (3, 9, 9)))
    said = run("--data", tmp_path / "maps.npz", "-o", tmp_path / "e.npz", "--milliseconds", 20)
    assert "the labels are no classes: all are 0" in said
    with np.load(tmp_path / "e.npz") as file, np.load(tmp_path / "maps.npz") as given:
        np.testing.assert_allclose(file["image"], given["x"][..., 0], atol=1e-6)
        assert file["label"].tolist() == [0, 0, 0]
