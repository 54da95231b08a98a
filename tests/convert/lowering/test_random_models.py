"""Random models out of everything that converts: their rates are Keras' activations."""

from __future__ import annotations

import numpy as np
import pytest

from convert.frontends.keras.load import load_model
from convert.frontends.keras.passes import average_pooling
from convert.lowering.nengo_dl_form import keras_form
from convert.network.forward import activated
from convert.network.rescale import with_scales
from tests.builders.keras_models import images_for, lowered
from tests.builders.random_keras_models import random_model


def outputs_of(model, images):
    outputs = model(images)
    return [np.asarray(o, np.float64) for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


@pytest.mark.parametrize("seed", range(8))
def test_rate_network_agrees_with_keras(seed, tmp_path):
    model = random_model(seed)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    images = images_for(model)
    pooled = any(type(layer).__name__ == "MaxPooling2D" for layer in loaded.layers)
    if pooled:
        loaded = average_pooling(loaded)
    network = lowered(loaded)
    network = with_scales(network, {p.name: 50.0 + 13 * i for i, p in enumerate(network.populations)})
    found = outputs_of(keras_form(network), images)
    for readout, values, wanted in zip(
        network.readouts, found, outputs_of(loaded if pooled else model, images), strict=True
    ):
        values = activated(values.reshape(wanted.shape), readout.activation)
        assert np.ptp(wanted) > 0
        assert np.abs(values - wanted).max() <= 1e-4 * np.abs(wanted).max()
