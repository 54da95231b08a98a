"""``convert.convert`` from Python: what it returns and what lies in the bundle."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import get_args

import msgspec
import numpy as np
import pytest

import convert
from convert.bundle import load_rate_network
from convert.errors import UserError
from convert.frontends.keras.load import load_model
from convert.network import BIAS_SOURCE_LAYER
from convert.network.forward import outputs
from convert.network.relays import RELAY_LAYER
from convert.options import SpikingRecipe
from convert.upstream.tensorflow import load_keras3


@pytest.mark.parametrize(("cap", "left_out"), [(None, ()), (1e4, ("stem_over",))])
def test_the_rate_network_is_the_original_unless_populations_were_left_out(cap, left_out, tiny, tmp_path):
    keras = load_keras3()
    image = keras.Input((8, 8, 3))
    x = keras.layers.ReLU(cap, name="stem")(keras.layers.Conv2D(3, 3)(keras.layers.Rescaling(1 / 255)(image)))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(keras.layers.Conv2D(4, 3)(x)))
    keras.Model(image, keras.layers.Dense(3, activation="softmax")(x)).save(tmp_path / "model.keras")
    options = convert.Options(timesteps=16)
    report = convert.convert(tmp_path / "model.keras", tiny / "data.npz", tmp_path / "b", options)
    assert report == convert.load_report(tmp_path / "b")
    assert report.left_out_silent == left_out
    assert report.rate_network_is_original == (not left_out)
    images = np.load(tiny / "data.npz")["x"].astype(np.float32)
    by_rates = outputs(load_rate_network(tmp_path / "b"), images)[0]
    np.testing.assert_allclose(by_rates, load_model(tmp_path / "model.keras")(images), atol=1e-5)


def test_a_training_that_was_killed_ends_with_the_same_bundle(tiny, tmp_path, monkeypatch):
    """Killed at its second batch, and again while the bundle is written."""
    options = convert.Options(steps=6, recipe="stbp", spiking_batches=4)
    model, data = tiny / "model.keras", tiny / "data.npz"
    advanced = []

    @contextmanager
    def killed(description, total):
        def advance(steps):
            advanced.append(steps)
            if len(advanced) == 2:
                raise KeyboardInterrupt

        yield advance if description == "training through the steps" else lambda steps: None

    convert.convert(model, data, tmp_path / "whole", options)
    with pytest.raises(KeyboardInterrupt):
        convert.convert(model, data, tmp_path / "killed", options, progress=killed)
    (kept,) = (path for path in tmp_path.iterdir() if path.name.endswith(".unfinished"))
    with monkeypatch.context() as patch:
        patch.setattr("convert.api.write_bundle", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            convert.convert(model, data, tmp_path / "killed", options)
    assert kept.is_dir()
    assert not (tmp_path / "killed").exists()
    convert.convert(model, data, tmp_path / "killed", options)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed", "whole"]
    for name in ("network.npz", "rates.npz"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    killed_report, whole = (convert.load_report(tmp_path / name) for name in ("killed", "whole"))
    assert msgspec.structs.replace(killed_report, timings=whole.timings) == whole
    longer = replace(options, steps=9, spiking_batches=1, start_from=str(tmp_path / "whole"))
    assert convert.convert(model, data, tmp_path / "longer", longer).start_from == "whole"
    weights, before = (
        convert.load_network(tmp_path / name).projections[0].transform.weights for name in ("longer", "whole")
    )
    np.testing.assert_array_equal(weights, before)


def test_a_bundle_of_another_model_to_start_from_is_refused_before_anything_is_measured(tiny, tmp_path):
    """Beside what is wrong with the data; one that was not trained for few steps even before the model is opened."""
    keras = load_keras3()
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, activation="relu", name="stem")(image)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, activation="relu", name="outer")(x))
    keras.Model(image, keras.layers.Dense(3)(x)).save(tmp_path / "other.keras")
    few = convert.Options(steps=6, recipe="stbp", spiking_batches=1)
    convert.convert(tiny / "model.keras", tiny / "data.npz", tmp_path / "few", few)
    np.savez(tmp_path / "other.npz", x=np.ones((6, 8, 8, 5), np.uint8), y=np.arange(6) % 3)
    started = replace(few, start_from=str(tmp_path / "few"))
    with pytest.raises(UserError) as raised:
        convert.convert(tmp_path / "other.keras", tmp_path / "other.npz", tmp_path / "new", started)
    start, data = raised.value.problems
    assert "the bundle to start from is of another model" in start
    assert "other.npz" in data
    with pytest.raises(UserError) as raised:
        convert.convert(
            tmp_path / "none.keras",
            tmp_path / "none",
            tmp_path / "new",
            replace(few, start_from=str(tiny / "tiny.bundle")),
        )
    assert [problem.split(";")[0].split(" ", 1)[1] for problem in raised.value.problems][-1] == (
        "bundle to start from was not trained for a few steps"
    )
    assert len(raised.value.problems) == 3
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("recipe", [None, *(name for name in get_args(SpikingRecipe) if name != "stbp")])
def test_every_recipe_trains_few_steps(recipe, tiny, tmp_path):
    """The usual one is stbp."""
    options = convert.Options(steps=6, recipe=recipe, spiking_batches=4, spike_penalty=0.1, rate_loss=0.1)
    report = convert.convert(tiny / "model.keras", tiny / "data.npz", tmp_path / "b", options)
    assert (report.recipe, report.rate_loss, report.surrogate) == (recipe or "stbp", 0.1, "triangle")
    network = convert.load_network(tmp_path / "b")
    layers = [p for p in network.populations if p.source_layer != BIAS_SOURCE_LAYER]
    assert [p.end_step for p in layers if not p.on_chip] == [6]
    assert network.timesteps == 6 + max(network.depth()[p.name] for p in layers)


def test_relays_are_inserted_once_the_network_is_calibrated(tiny, tmp_path):
    options = convert.Options(timesteps=32, relay="inner")
    report = convert.convert(tiny / "model.keras", tiny / "data.npz", tmp_path / "b", options)
    before, after = (convert.load_network(bundle) for bundle in (tiny / "tiny.bundle", tmp_path / "b"))
    assert report.relayed == ("inner",)
    assert [(row.name, row.kind) for row in report.layers[1:3]] == [("inner", "Conv2D"), ("inner_relay", RELAY_LAYER)]
    assert after.population("inner_relay").shape == before.population("inner").shape
    rates = convert.load_rates(tmp_path / "b")
    np.testing.assert_array_equal(rates["inner_relay"], rates["inner"])
    weights = {p.target: p.transform.weights for p in before.out_of("inner")}
    assert weights
    for p in after.out_of("inner_relay"):
        np.testing.assert_array_equal(p.transform.weights, weights[p.target])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (convert.Options(relay="stem,inner"), "cannot follow 'stem': .* can follow inner"),
        (convert.Options(relay="inner", steps=6, spiking_batches=4), "leave out --relay or --steps"),
    ],
    ids=["a layer on the host", "few steps"],
)
def test_relays_that_cannot_be_are_refused_before_anything_is_written(options, said, tiny, tmp_path):
    with pytest.raises(convert.UserError, match=said):
        convert.convert(tiny / "model.keras", tiny / "data.npz", tmp_path / "b", options)
    assert not list(tmp_path.iterdir())


def _interrupted(*given, **options):
    raise KeyboardInterrupt
