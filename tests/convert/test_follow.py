"""Calibration that aims at the model with its max pooling while the network has another pooling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convert.calibrate import calibrate_spiking
from convert.compat import load_tf_keras
from convert.graph import cut_at_relus
from convert.load import load_model
from convert.lower import lower, with_scales
from convert.make import at_relus, drives_hz
from convert.pooling import replace_max_pooling
from convert.spiking_training import spiking_rates


def test_rates_come_nearer_to_those_of_the_model_with_max_pooling(tmp_path):
    keras = load_tf_keras()
    keras.utils.set_random_seed(4)
    layers = keras.layers
    relu = layers.ReLU()  # called twice: two populations of one layer
    x = image = keras.Input((12, 12, 1))
    for layer in (layers.Conv2D(4, 3), relu, layers.MaxPooling2D(2), layers.Conv2D(6, 3, padding="same"), relu,
                  layers.Flatten(), layers.Dense(3)):
        x = layer(x)
    model = keras.Model(image, x)
    model.save(tmp_path / "model.h5")
    source = load_model(tmp_path / "model.h5")
    cut = cut_at_relus(replace_max_pooling(source, "average"))
    images = np.random.default_rng(0).normal(0, 1, (120, 12, 12, 1)).astype(np.float32)
    unit = lower(cut).with_(timesteps=256)
    names = [p.name for p in unit.populations]
    outputs = dict(zip(names, map(np.asarray, at_relus(source, names, "output")(images)), strict=True))
    scale = {name: 300 / float(output.max()) for name, output in outputs.items()}
    wanted_hz = drives_hz(source, names, images[:100], scale)
    last = names[-1]
    assert np.allclose(np.maximum(wanted_hz[last], 0), outputs[last][:100] * scale[last], atol=1e-3)
    network = with_scales(unit, scale)
    network = replace(network, populations=tuple(replace(p, vmin=-2.0 * p.on_chip) for p in network.populations))
    errors = []
    for aim in (None, wanted_hz):
        made = calibrate_spiking(network, images[:100], wanted_hz=aim)
        rates_hz = spiking_rates(made.network, made.arrival, images[100:])[last]
        errors.append(np.abs(rates_hz - outputs[last][100:] * scale[last]).mean())
    assert errors[1] < 0.8 * errors[0]
