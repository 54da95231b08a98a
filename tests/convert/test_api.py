"""``convert.convert`` from Python: what it returns and what lies in the bundle."""

from __future__ import annotations

import numpy as np
import pytest

import convert
from convert.bundle import load_rate_network
from convert.frontends.keras.load import load_model
from convert.network.forward import outputs
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
