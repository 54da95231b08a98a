"""Every name that Keras 3 allows for a layer."""

from __future__ import annotations

import numpy as np
import pytest

from convert.bundle import load_rates, save_rates
from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.load import load_model
from convert.frontends.keras.names import RESERVED, plain
from convert.upstream.tensorflow import load_keras3

NAMES = [
    "a b",
    "Größe",
    "_hidden",
    "a:b",
    "x+y",
    "f(x)",
    "bias@a",
    "l[0]",
    "$",
    "50%",
    "日本",
    "-",
    "",
    *sorted(RESERVED),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_plain_characters(name):
    assert plain(plain(name)) == plain(name)
    assert plain(name).isascii()


@pytest.mark.slow
def test_layers_of_any_name_convert(tmp_path):
    keras = load_keras3()
    image = keras.Input((4, 4, 2), name="a input")
    x = image
    for name in (name for name in NAMES if name):
        x = keras.layers.ReLU(name=name)(x)
    model = keras.Model(image, keras.layers.Conv2D(2, 1, name="out put")(x), name="my model")
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    cut = cut_at_relus(loaded)
    names = [population.target for population in cut.segments]
    assert len(set(names)) == len(names) == len(NAMES)
    images = np.random.default_rng(0).standard_normal((2, 4, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(loaded(images), model(images), atol=1e-6)
    rates_hz = {name: np.ones(2, np.float32) for name in names}
    save_rates(rates_hz, tmp_path / "rates.npz")
    assert set(load_rates(tmp_path)) == set(names)
