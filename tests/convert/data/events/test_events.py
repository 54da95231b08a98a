"""Readers of recordings, their steps, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convert.data.events.binning import Binning, binned
from convert.data.events.files import read_recording
from convert.data.events.opening import open_events
from convert.data.events.recording import Recording, recording_of
from convert.errors import UserError
from tests.builders.event_bundle import CLASSES, SHAPE, listed_events
from tests.builders.shared import shared_file

STEPS = Binning(dt_s=0.001, steps=20)


def few_events() -> Recording:
    t_us = [5_000, 5_999, 6_000, 9_500, 9_600, 40_000]
    return recording_of(np.array(t_us), np.array([0, 4, 4, 2, 2, 1]), np.arange(6), np.array([-1, 1, 1, 0, 0, 1]))


def packed(recording: Recording) -> bytes:
    """Five bytes an event, as N-MNIST has them."""
    rows = zip(recording.t_us, recording.x, recording.y, recording.p, strict=True)
    return b"".join(bytes([int(x), int(y)]) + (int(t) | int(p) << 23).to_bytes(3, "big") for t, x, y, p in rows)


def test_steps_count_from_the_first_event() -> None:
    frames, lost = binned(few_events(), SHAPE, STEPS, "a")
    assert frames.shape == (20, *SHAPE)
    assert np.argwhere(frames).tolist() == [[0, 0, 0, 0], [0, 1, 4, 1], [1, 2, 4, 1], [4, 3, 2, 0], [4, 4, 2, 0]]
    assert (lost.events, lost.beyond, lost.merged) == (6, 1, 0)
    later, _ = binned(few_events(), SHAPE, Binning(0.001, 20, start_s=0.001), "a")
    np.testing.assert_array_equal(later[:10], frames[1:11])


def test_several_events_of_a_pixel_are_one_or_as_many() -> None:
    same = recording_of(np.zeros(300), np.ones(300), np.ones(300), np.ones(300))
    once, lost = binned(same, SHAPE, STEPS, "a")
    assert (once.sum(), lost.merged) == (1, 299)
    counted, lost = binned(same, SHAPE, Binning(0.001, 20, counted=True), "a")
    assert (counted.sum(), lost.merged) == (255, 45)


def test_one_channel_takes_both_polarities() -> None:
    frames, _ = binned(few_events(), (6, 5, 1), STEPS, "a")
    assert frames.sum() == 5


@pytest.mark.parametrize("ending", [".bin", ".bs2"])
def test_files_of_five_bytes(ending: str, tmp_path: Path) -> None:
    (tmp_path / f"a{ending}").write_bytes(packed(few_events()))
    found = read_recording(tmp_path / f"a{ending}")
    for name in ("t_us", "x", "y", "p"):
        np.testing.assert_array_equal(getattr(found, name), getattr(few_events(), name))


def test_marks_of_the_clock_in_a_bin_file(tmp_path: Path) -> None:
    marked = recording_of(np.array([10, 0, 20]), np.array([1, 0, 2]), np.array([1, 240, 2]), np.array([1, 0, 1]))
    (tmp_path / "a.bin").write_bytes(packed(marked))
    assert read_recording(tmp_path / "a.bin").t_us.tolist() == [10, 20 + 2**13]


@pytest.mark.parametrize(("ending", "encoding"), [(".dat", "dat"), (".raw", "evt2"), (".raw", "evt3")])
def test_files_of_prophesee(ending: str, encoding: str, tmp_path: Path) -> None:
    expelliarmus = pytest.importorskip("expelliarmus")
    given, file = few_events(), tmp_path / f"a{ending}"
    given.t_us[-1] = 10_000  # its writer of EVT3 loses longer pauses, which sensors fill with marks of time
    rows = np.zeros(6, [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")])
    for name, values in (("t", given.t_us), ("x", given.x), ("y", given.y), ("p", given.p)):
        rows[name] = values
    expelliarmus.Wizard(encoding=encoding).save(fpath=str(file), arr=rows)
    found = read_recording(file)
    np.testing.assert_array_equal(found.x, given.x)
    np.testing.assert_array_equal(np.diff(found.t_us), np.diff(given.t_us))


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    for name in ("cat", "dog", "owl"):
        (tmp_path / name).mkdir()
        for i in range(2):
            (tmp_path / name / f"{i}.bs2").write_bytes(packed(few_events()))
    found = open_events(tmp_path, SHAPE, STEPS, CLASSES).dataset
    assert [found.label(i) for i in range(6)] == [0, 0, 1, 1, 2, 2]
    assert found.class_names == ("cat", "dog", "owl")
    np.testing.assert_array_equal(found.image(3), binned(few_events(), SHAPE, STEPS, "a")[0])
    with pytest.raises(UserError, match=r"3 class folders \(cat, dog, owl\), but the network has 4 classes"):
        open_events(tmp_path, SHAPE, STEPS, 4)


def test_lists_of_events_and_arrays_of_steps_are_the_same(tmp_path: Path) -> None:
    np.savez(tmp_path / "listed.npz", **listed_events(4))
    listed = open_events(tmp_path / "listed.npz", SHAPE, STEPS, CLASSES)
    frames = np.stack([listed.dataset.image(i) for i in range(4)]).astype(np.uint8)
    labels = [listed.dataset.label(i) for i in range(4)]
    for name, array in (("first", frames), ("last", frames.transpose(0, 2, 3, 4, 1))):
        np.savez_compressed(tmp_path / f"{name}.npz", x=array, y=labels)
        stepped = open_events(tmp_path / f"{name}.npz", SHAPE, STEPS, CLASSES).dataset
        np.testing.assert_array_equal([stepped.image(i) for i in range(4)], frames)
        assert [stepped.label(i) for i in range(4)] == labels
    assert "4 recordings in 20 steps of 1 ms" in str(listed)
    assert listed.lost.beyond > 0


def test_axes_of_one_may_be_missing(tmp_path: Path) -> None:
    x = (np.random.default_rng(0).random((3, 39, 2, 25)) < 0.2).astype(np.uint8)
    np.savez(tmp_path / "taxels.npz", x=x, y=[0, 1, 2])
    found = open_events(tmp_path / "taxels.npz", (39, 1, 2), Binning(0.001, 30), 3).dataset.image(1)
    assert found.shape == (30, 39, 1, 2)
    np.testing.assert_array_equal(found[:25, :, 0], x[1].transpose(2, 0, 1))
    assert not found[25:].any()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"x": np.full(9, 5)}, r"of \d+ events lie outside the 6 x 5 pixels"),
        ({"start": np.array([0, 900, 20])}, "start is to rise"),
        ({"label": np.array([0])}, "4 recordings and 1 labels"),
        ({"label": np.array([0, 1, 2, 7])}, "labels from 0 to 7"),
        ({"t_us": np.zeros(3)}, "whole numbers of one length"),
    ],
)
def test_lists_that_cannot_be(change: dict[str, np.ndarray], sentence: str, tmp_path: Path) -> None:
    arrays = listed_events(4)
    if "x" in change:
        change = {"x": np.full(len(arrays["x"]), 5)}
    np.savez(tmp_path / "bad.npz", **{**arrays, **change})
    with pytest.raises(UserError, match=sentence):
        open_events(tmp_path / "bad.npz", SHAPE, STEPS, CLASSES)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.bin", b"1234567", "7 bytes, and an event has 5"),
        ("a.bs2", b"", "it has no events"),
        ("a.aedat4", b"no such thing", "aedat4 events|pip install"),
        ("a.dat", b"no such thing", "dat events|pip install|it has no events"),
    ],
)
def test_files_that_cannot_be_read(name: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        read_recording(tmp_path / name)


def test_other_arrays_are_refused_with_what_is_expected(tmp_path: Path) -> None:
    np.savez(tmp_path / "images.npz", x=np.zeros((3, 8, 8), np.uint8), y=[0, 1, 2])
    with pytest.raises(UserError, match=r"x has shape \(3, 8, 8\), and the network takes 6 x 5 x 2 in each step"):
        open_events(tmp_path / "images.npz", SHAPE, STEPS, CLASSES)
    np.savez(tmp_path / "other.npz", z=np.zeros(3))
    with pytest.raises(UserError, match="no events; expected arrays t_us"):
        open_events(tmp_path / "other.npz", SHAPE, STEPS, CLASSES)
    np.savez(tmp_path / "unlabelled.npz", **{k: v for k, v in listed_events(4).items() if k != "label"})
    with pytest.raises(UserError, match="holds events, but no label; expected arrays t_us"):
        open_events(tmp_path / "unlabelled.npz", SHAPE, STEPS, CLASSES)


@pytest.mark.parametrize("stepped", [False, True])
def test_steps_without_any_event_are_refused(stepped: bool, tmp_path: Path) -> None:
    arrays = listed_events(4)
    if stepped:
        arrays = {"x": np.ones((4, 20, *SHAPE), np.uint8), "y": arrays["label"]}
    np.savez(tmp_path / "events.npz", **arrays)
    with pytest.raises(UserError, match=r"none of [\d,]+ events lies in the 0.02 s from 99 s on; give a smaller"):
        open_events(tmp_path / "events.npz", SHAPE, Binning(dt_s=0.001, steps=20, start_s=99.0), CLASSES)


def test_recordings_of_n_mnist() -> None:
    found = open_events(shared_file("data/events/nmnist_test60.npz"), (34, 34, 2), Binning(0.001, 300), 10)
    assert len(found.dataset) == 60
    assert found.lost.beyond / found.lost.events < 0.01
    assert found.dataset.image(0).sum() > 3000


def test_a_stream_is_all_recordings_behind_each_other_cut_into_windows(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **listed_events(4))
    long = Binning(0.001, 70)  # longer than any of them
    alone = open_events(tmp_path / "a.npz", SHAPE, long, CLASSES).dataset
    whole = [alone.image(i)[: int(np.flatnonzero(alone.image(i).any(axis=(1, 2, 3)))[-1]) + 1] for i in range(4)]
    joined, owner = np.concatenate(whole), np.repeat(np.arange(4), [len(part) for part in whole])
    found = open_events(tmp_path / "a.npz", SHAPE, STEPS, CLASSES, stream=True)
    windows = len(joined) // STEPS.steps
    assert len(found.dataset) == windows > 4
    assert f"{windows} windows, of 4 recordings as one stream, of 20 steps of 1 ms" in str(found)
    assert found.lost.beyond == 0 < found.lost.merged
    for w in range(windows):
        part = slice(w * STEPS.steps, (w + 1) * STEPS.steps)
        np.testing.assert_array_equal(found.dataset.image(w), joined[part])
        assert found.dataset.label(w) == alone.label(int(np.bincount(owner[part]).argmax()))
    frames = np.zeros((4, 60, *SHAPE), np.uint8)
    for i, part in enumerate(whole):
        frames[i, : len(part)] = part[:60]
    np.savez(tmp_path / "b.npz", x=frames, y=[alone.label(i) for i in range(4)])
    stepped = open_events(tmp_path / "b.npz", SHAPE, STEPS, CLASSES, stream=True).dataset
    assert len(stepped) == 12
    np.testing.assert_array_equal(stepped.image(4), frames[1, 20:40])
    with pytest.raises(UserError, match="a window of the stream 900; use --timesteps"):
        open_events(tmp_path / "a.npz", SHAPE, Binning(0.001, 900), CLASSES, stream=True)
