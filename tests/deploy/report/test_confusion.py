"""The confusion matrix: counted from outputs.npz, left out where it would say nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deploy.report.build import build_report
from deploy.report.page.confusion import confusion_of
from deploy.report.page.html import html_report
from deploy.report.read import read_runs
from tests.builders.reported_bundle import make_bundle


def with_outputs(bundle: Path, labels: list[int], taken: list[int], classes: int = 3) -> Path:
    arrays = {"labels": np.array(labels), "outputs": np.eye(classes)[taken], "images": np.zeros((1, 4, 4, 1))}
    np.savez(bundle / "runs" / "fast-128" / "outputs.npz", **arrays)
    return bundle


def test_it_counts_labels_by_what_they_are_taken_for(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "a", segmentation=False)
    with_outputs(bundle, [0, 0, 0, 1, 2, 2], [0, 2, 2, 1, 2, 0])
    runs = read_runs([bundle])
    found = confusion_of(runs[0])
    assert found is not None
    assert found.counts.tolist() == [[1, 0, 2], [0, 1, 0], [1, 0, 1]]
    assert found.worst == "Most often confused: 2 of 3 images of 0 are taken for 2"
    page = html_report(build_report(runs), runs)
    assert 'class="panel confusion"' in page
    assert "2 of 3 images of 0 are taken for 2" in page


def test_it_is_left_out_for_maps_few_images_and_many_classes(tmp_path: Path) -> None:
    assert confusion_of(read_runs([make_bundle(tmp_path / "maps")])[0]) is None
    bundle = make_bundle(tmp_path / "a", segmentation=False)
    assert confusion_of(read_runs([bundle])[0]) is None  # two images of ten classes
    with_outputs(bundle, list(range(6)) * 5, [0] * 30, classes=21)
    assert confusion_of(read_runs([bundle])[0]) is None
