"""A run over a dataset: labels decoded once, images that are finished kept, and what is resumed."""

from __future__ import annotations

import shutil
from collections import Counter

import numpy as np
import pytest

from convert.data.dataset import Dataset
from convert.errors import UserError
from deploy import RunOptions, run
from deploy.events.counts import LayerCounts
from deploy.runs.checkpoint import ImageResult, Judged, RunCheckpoint
from deploy.runs.images import INPUTS_BY_CORE, counted_by_core, summed
from deploy.runs.opening import run_folder
from deploy.runs.report import EventMeans, HeldOutRow, StepRow, row_of

NOTHING = Judged(np.zeros((1, 0), np.int64), np.ones((1, 1)), np.zeros(1))


def test_labels_are_decoded_as_often_whatever_the_readouts(tiny, tiny_bundle, monkeypatch):
    """For what the run depends on, for the original, for the spiking network, for the file: never kept in memory."""
    decoded = Counter()
    label = Dataset.label

    def spy(dataset, i):
        decoded[i] += 1
        return label(dataset, i)

    monkeypatch.setattr(Dataset, "label", spy)
    for every, readouts in ((None, 8), (1, 32)):
        decoded.clear()
        report = run(tiny_bundle, tiny / "data.npz", RunOptions(measure=False, every=every), force=True)
        assert len(report.metrics.by_timestep) == readouts
        assert decoded == Counter(dict.fromkeys(range(6), 4))


def killed_after(images, monkeypatch, *arguments):
    """A run that ends with Ctrl-C after so many images."""
    write, written = RunCheckpoint.write, []

    def killed(checkpoint, i, result):
        if len(written) == images:
            raise KeyboardInterrupt
        written.append(i)
        write(checkpoint, i, result)

    with monkeypatch.context() as patch:
        patch.setattr(RunCheckpoint, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            run(*arguments)


@pytest.fixture
def written(monkeypatch):
    """The images that runs have written from here on."""
    write, images = RunCheckpoint.write, []

    def noted(checkpoint, i, result):
        images.append(i)
        write(checkpoint, i, result)

    monkeypatch.setattr(RunCheckpoint, "write", noted)
    return images


def test_a_checkpoint_gives_back_what_it_was_given(tmp_path):
    counts = {"a": LayerCounts(3, 5, None, 2, 0, 1), "b": LayerCounts(0)}
    judged = Judged(np.array([[1, 2]]), np.array([[0.5, np.nan]]), np.array([-np.inf]))
    given = ImageResult(np.ones((2, 3), np.float32), counts, 4, judged, np.arange(20).reshape(2, 2, 5))
    RunCheckpoint(tmp_path).write(1, given)
    found = RunCheckpoint(tmp_path).read(1)
    assert (found.layers, found.crops) == (given.layers, given.crops)
    np.testing.assert_array_equal(found.output, given.output)
    for name in ("pooled", "own", "settled"):
        np.testing.assert_array_equal(getattr(found.judged, name), getattr(judged, name))
    np.testing.assert_array_equal(found.until, given.until)


def test_a_part_that_cannot_be_read_is_not_done(tmp_path):
    checkpoint = RunCheckpoint(tmp_path)
    checkpoint.write(0, ImageResult(np.ones((2, 3), np.float32), {"a": LayerCounts(3)}, 1, NOTHING))
    assert checkpoint.has(0)
    whole = (tmp_path / "0.image").read_bytes()
    flipped = whole[:20] + bytes([whole[20] ^ 1]) + whole[21:]
    for content in (b"", b"no image", whole[:-1], flipped):
        (tmp_path / "0.image").write_bytes(content)
        assert not checkpoint.has(0)
    assert not checkpoint.has(1)


def test_a_run_goes_on_with_the_same_data_only(tiny, tiny_bundle, tmp_path, monkeypatch, written):
    """The file of the same name holds other images then."""
    data, options = tmp_path / "data.npz", RunOptions(measure=False, threads=1)
    shutil.copy(tiny / "data.npz", data)
    killed_after(2, monkeypatch, tiny_bundle, data, options)
    with np.load(data) as arrays:
        given = dict(arrays)
    np.savez(data, x=given["x"][::-1], y=given["y"])
    written.clear()
    run(tiny_bundle, data, options)
    assert written == list(range(6))


def test_what_is_done_is_not_run_again(tiny, tiny_bundle, tmp_path, monkeypatch, written):
    """The same images in another file."""
    options = RunOptions(measure=False, threads=1)
    killed_after(2, monkeypatch, tiny_bundle, tiny / "data.npz", options)
    run(tiny_bundle, shutil.copy(tiny / "data.npz", tmp_path / "copy.npz"), options)
    assert written == list(range(6))
    assert [path.name for path in (tiny_bundle / "runs").iterdir()] == ["fast"]


def test_originals_are_there_when_the_last_one_is_whole(tmp_path):
    checkpoint = RunCheckpoint(tmp_path)
    for i in range(3):
        assert not checkpoint.has_originals(3)
        checkpoint.write_original(i, np.full((2, 2), i, np.float32))
    assert checkpoint.has_originals(3)
    assert checkpoint.original(2).tolist() == [[2, 2], [2, 2]]
    last = tmp_path / "2.original.npy"
    last.write_bytes(last.read_bytes()[:-1])
    assert not checkpoint.has_originals(3)


def test_events_of_crops_are_summed_and_stay_unknown_where_one_is():
    assert summed([LayerCounts(1, 2, None, 3), LayerCounts(4, None, 5, 6)]) == LayerCounts(5, None, None, 9)


def test_a_row_has_its_metrics_and_events_side_by_side():
    row = row_of(StepRow, {"accuracy": 0.5}, EventMeans(spikes=2.0, layer_synops={"a": 1.0}), timesteps=8)
    assert row == StepRow(timesteps=8, accuracy=0.5, spikes=2.0, layer_synops={"a": 1.0})
    assert (row.value("accuracy"), row.value("iou"), row.joules) == (0.5, None, {})
    with pytest.raises(AssertionError, match="no place for \\['speed'\\]"):
        row_of(StepRow, {"speed": 0.5}, EventMeans(), timesteps=8)
    numbers = {"threshold": 1.0, "images": 2, "chosen_on": 0, "all_steps": 0.5}
    assert row_of(HeldOutRow, {"f1": float("nan")}, EventMeans(), timesteps=8.5, **numbers).images == 2


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", ""])
def test_a_run_is_named_like_a_folder(name, tmp_path):
    options = RunOptions(name=name)
    if name:
        with pytest.raises(UserError, match="leave out slashes and leading dots"):
            run_folder(tmp_path, options, force=False)
    else:
        assert run_folder(tmp_path, options, force=False) == tmp_path / "runs" / "fast"


def test_a_name_that_no_file_system_takes_is_refused(tmp_path):
    with pytest.raises(UserError, match="--name of 300 bytes, more than 200"):
        run_folder(tmp_path, RunOptions(name="x" * 300), force=False)


@pytest.mark.parametrize(("images", "crops"), [(1, 1), (2, 25), (6, 25), (50, 1), (64, 1), (5000, 1), (999, 3)])
def test_the_busiest_cores_are_counted_on_pairs_of_images_evenly_drawn(images, crops):
    found = counted_by_core(images, crops)
    assert found == sorted(set(found))
    assert all(0 <= i < images for i in found)
    assert 1 <= len(found) * crops <= max(INPUTS_BY_CORE, 2 * crops)
    assert {i // 2 for i in found} == {i // 2 for i in found if i % 2 == 0}
    if images >= 2 * INPUTS_BY_CORE // crops:
        assert len(found) * crops > INPUTS_BY_CORE - 2 * crops
        assert found[-1] > 0.9 * images - images / len(found) * 2
    assert images > 64 or crops > 1 or len(found) == images
