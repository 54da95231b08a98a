"""How the rates of each layer lie, before and after fine-tuning, and their picture."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

import convert
from convert.calibration import activity as rates
from convert.calibration import figure as rates_picture
from convert.calibration.activity import (
    PERCENTILES,
    Activity,
    RateScales,
    Spread,
    measure_activity,
    measure_spread,
    percentiles_hz,
)
from convert.calibration.sample import HELD_OUT, Sample
from convert.data.dataset import Dataset
from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.load import load_model
from convert.report import MeasuredOn

SHAPES = {"a": (3, 3, 4), "b": (1, 1, 5)}
COUNT, CALIBRATION = 20, 8


class TwoPopulations:
    """Activities of ``SHAPES`` that grow from image to image, the last channels of ``a`` the larger ones."""

    def activities(self, images):
        k = images.reshape(len(images), 1, 1, 1)
        channel = np.arange(4).reshape(1, 1, 1, 4)
        pixel = np.arange(9).reshape(1, 3, 3, 1)
        a, b = np.maximum(k * channel - 3 + pixel, 0), np.maximum(k[..., 0, 0] - np.arange(5), 0)
        return {"a": a.reshape(-1, *SHAPES["a"]), "b": b.reshape(-1, *SHAPES["b"])}


class Given:
    """Its activities are the images themselves."""

    def activities(self, images):
        return {"a": images}


def test_the_spread_is_that_of_all_neurons_and_images():
    images = np.arange(10, dtype=np.float32).reshape(10, 1)
    limits = {"a": 7.0, "b": 1e-3}
    found = measure_spread(TwoPopulations(), np.array_split(images, 3), len(images), at_most=limits)
    for name, values in TwoPopulations().activities(images).items():
        expected = np.percentile(values, list(PERCENTILES.values()))
        assert np.allclose(list(found[name].percentiles.values()), expected, rtol=1e-6)
        assert list(found[name].percentiles) == ["50", "90", "99", "99.9", "max"]
        assert found[name].share_in_range == np.mean(values <= limits[name])


def test_the_activity_is_the_percentile_and_the_mean_of_all_neurons_and_images():
    images = np.arange(10, dtype=np.float32).reshape(10, 1)
    found = measure_activity(TwoPopulations(), np.array_split(images, 3), len(images), percentile=90.0)
    for name, values in TwoPopulations().activities(images).items():
        assert found[name].mean == pytest.approx(values.mean())
        assert found[name].percentile == pytest.approx(np.percentile(values, 90.0))


def test_a_sample_comes_from_all_channels(monkeypatch):
    monkeypatch.setattr(rates, "KEPT", 1500)
    values = np.random.default_rng(0).uniform(0, 1, (64, 4, 4, 6)) * np.arange(1, 7)
    found = measure_spread(Given(), [np.float32(values)], 64, at_most={"a": 3.0})
    exact = np.percentile(values, list(PERCENTILES.values()))
    assert np.allclose(list(found["a"].percentiles.values()), exact, rtol=0.06)
    assert found["a"].percentiles["max"] == np.float32(values).max()
    assert found["a"].share_in_range == np.mean(np.float32(values) <= 3)


def test_both_sets_are_at_the_scale_from_before_fine_tuning():
    def at(percentile, median):
        activity = {"a": Activity(percentile, 1.0)}
        return RateScales(activity, {"a": Spread({"50": median}, 1.0)}, {"a": 400.0})

    before, now = at(8.0, 2.0), at(4.0, 1.0)
    assert percentiles_hz("a", before, now) == {"before": {"50": 100.0}, "after": {"50": 50.0}}
    assert percentiles_hz("a", None, now) == {"before": {"50": 100.0}}


def measured(images, shape, task, **options):
    """The choice of inputs from ``images``, for a model of input ``shape``."""
    source = SimpleNamespace(task=task, image=lambda i: images[i], label=lambda i: 0)
    return Sample(Dataset(source, np.arange(len(images))), shape, convert.Options(**options))


def numbered(count, size):
    """Images whose pixels all differ."""
    return np.arange(count * size * size, dtype=np.float32).reshape(count, size, size, 1)


@pytest.mark.parametrize(("task", "size", "of"), [("classification", 8, "images"), ("segmentation", 32, "crops")])
def test_held_out_inputs_are_none_of_those_that_set_the_scales(task, size, of):
    chosen = measured(numbered(24, size), (8, 8, 1), task, calibration_images=12)
    used, others = ({values.tobytes() for values in group} for group in (chosen.calibration, chosen.held_out))
    assert len(others) == 12
    assert not used & others
    assert chosen.described() == MeasuredOn(count=12, of=of, held_out_from_calibration=True)


def test_other_crops_of_the_same_images_are_held_out_where_there_are_no_other_images():
    chosen = measured(numbered(3, 64), (8, 8, 1), "segmentation", calibration_images=16)
    used, others = ({values.tobytes() for values in group} for group in (chosen.calibration, chosen.held_out))
    assert len(others) == 16
    assert not used & others


@pytest.mark.parametrize("task", ["classification", "segmentation"])
@pytest.mark.parametrize(("left", "expected"), [(HELD_OUT - 1, (12, False)), (HELD_OUT, (HELD_OUT, True))])
def test_the_same_inputs_serve_where_too_few_others_are_left(task, left, expected):
    told = measured(numbered(12 + left, 8), (8, 8, 1), task, calibration_images=12).described()
    assert (told.count, told.held_out_from_calibration) == expected


@pytest.fixture(scope="module")
def tuned(tiny, tmp_path_factory):
    """The folder with a fine-tuned bundle and its data: 20 images, of which 8 set the scales."""
    folder = tmp_path_factory.mktemp("tuned")
    rng = np.random.default_rng(4)
    np.savez(folder / "data.npz", x=rng.integers(0, 256, (COUNT, 8, 8, 3), np.uint8), y=np.arange(COUNT) % 3)
    options = convert.Options(fine_tune_epochs=2, timesteps=32, calibration_images=CALIBRATION)
    convert.convert(tiny / "model.keras", folder / "data.npz", folder / "tuned.bundle", options)
    return folder


def test_conversion_json_tells_the_rates_of_keras_before_and_after(tiny, tuned):
    report = json.loads((tuned / "tuned.bundle" / "conversion.json").read_text())
    assert report["rates_measured_on"] == {"count": CALIBRATION, "of": "images", "held_out_from_calibration": True}
    images = np.load(tuned / "data.npz")["x"][np.random.default_rng(0).permutation(COUNT)].astype(np.float32)
    groups = images[:CALIBRATION], images[CALIBRATION : 2 * CALIBRATION]
    models = {"before": tiny / "model.keras", "after": tuned / "tuned.bundle" / "model.keras"}
    cuts = {when: cut_at_relus(load_model(path)) for when, path in models.items()}
    for layer in report["layers"]:
        acts = {when: [c.original.activities(g)[layer["name"]] for g in groups] for when, c in cuts.items()}
        scale = layer["percentile_rate_hz"] / np.percentile(acts["before"][0], report["percentile"])
        for when, (_, others) in acts.items():
            expected = scale * np.percentile(others, list(PERCENTILES.values()))
            assert np.allclose(list(layer["rates_hz_percentiles"][when].values()), expected, rtol=1e-4, atol=1e-2)
        calibration, others = acts["after"]
        share = np.mean(others <= np.percentile(calibration, report["percentile"]))
        assert layer["share_in_range"] == pytest.approx(share, abs=1.5 / others.size)
    assert layer["rates_hz_percentiles"]["before"] != layer["rates_hz_percentiles"]["after"]


def test_without_fine_tuning_there_is_one_set(tiny):
    report = json.loads((tiny / "tiny.bundle" / "conversion.json").read_text())
    assert report["rates_measured_on"] == {"count": 6, "of": "images", "held_out_from_calibration": False}
    for layer in report["layers"]:
        assert list(layer["rates_hz_percentiles"]) == ["before"]
        lie = layer["rates_hz_percentiles"]["before"]
        assert lie["99.9"] == pytest.approx(layer["percentile_rate_hz"], rel=1e-5)
        assert layer["share_in_range"] == pytest.approx(0.999, abs=1.01 / (6 * layer["neurons"]) + 1e-3)


def test_the_picture_is_the_same_for_the_same_report(tuned, tmp_path):
    report = convert.load_report(tuned / "tuned.bundle")
    rates_picture.draw(report, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == (tuned / "tuned.bundle" / "rates.svg").read_bytes()
    report.layers[0].rates_hz_percentiles["after"]["90"] += 50
    rates_picture.draw(report, tmp_path / "other.svg")
    assert (tmp_path / "again.svg").read_bytes() != (tmp_path / "other.svg").read_bytes()


def test_the_picture_shows_both_sets_only_after_fine_tuning(tiny, tuned):
    for bundle, colours in (
        (tiny / "tiny.bundle", {rates_picture.DARK}),
        (tuned / "tuned.bundle", {rates_picture.LIGHT, rates_picture.DARK}),
    ):
        svg = (bundle / "rates.svg").read_text()
        assert {c for c in (rates_picture.LIGHT, rates_picture.DARK) if c in svg} == colours
        assert rates_picture.TARGET in svg


def test_with_one_scale_all_layers_keep_their_proportions_and_none_exceeds_its_rate():
    segments = [
        SimpleNamespace(target="a", sources=("input",), activation=None, shape=SHAPES["a"]),
        SimpleNamespace(target="b", sources=("a",), activation=None, shape=SHAPES["b"]),
    ]
    images = np.arange(20, dtype=np.float32).reshape(20, 1)
    by_layer, shared = (
        rates.measure_rates(
            TwoPopulations(), segments, images, images, percentile=99.0, rates_hz=(100.0, 200.0), one_scale=one_scale
        )
        for one_scale in (False, True)
    )
    assert len(set(shared.scale_hz.values())) == 1
    assert shared.scale_hz["a"] == min(by_layer.scale_hz.values())
    for name, most_hz in by_layer.targets_hz.items():
        assert shared.targets_hz[name] <= most_hz * (1 + 1e-12)
        assert shared.targets_hz[name] == pytest.approx(shared.scale_hz["a"] * by_layer.activity[name].percentile)
