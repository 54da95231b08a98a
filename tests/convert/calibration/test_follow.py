"""Calibration that aims at the model with its max pooling while the network has another pooling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from convert import Options, convert, load_network
from convert.calibration.fit_layers import calibrate_spiking
from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.load import load_model
from convert.frontends.keras.original import KerasOriginal
from convert.frontends.keras.passes import average_pooling
from convert.lowering.lower import lower
from convert.network import Neuron
from convert.network.rescale import with_scales
from convert.training.tandem import spiking_rates
from convert.upstream.tensorflow import load_tf_keras


@pytest.fixture
def model_file(tmp_path):
    """A classifier with max pooling whose one ReLU layer is called three times: three populations."""
    keras = load_tf_keras()
    keras.utils.set_random_seed(4)
    layers = keras.layers
    relu = layers.ReLU()
    x = image = keras.Input((12, 12, 1))
    for layer in (
        layers.Conv2D(4, 3),
        relu,
        layers.MaxPooling2D(2),
        layers.Conv2D(6, 3, padding="same"),
        relu,
        layers.Flatten(),
        layers.Dense(12),
        relu,
        layers.Dense(3),
        layers.Softmax(),
    ):
        x = layer(x)
    keras.Model(image, x).save(tmp_path / "model.h5")
    return tmp_path / "model.h5"


def test_rates_come_nearer_to_those_of_the_model_with_max_pooling(model_file):
    source = load_model(model_file)
    cut = cut_at_relus(average_pooling(source))
    followed = KerasOriginal(source, cut.populations)
    images = np.random.default_rng(0).normal(0, 1, (120, 12, 12, 1)).astype(np.float32)
    unit = lower(cut.segments, cut.shapes).with_(timesteps=256)
    outputs = followed.activities(images)
    scale = {name: 300 / float(output.max()) for name, output in outputs.items()}
    wanted_hz = {name: drive * np.float32(scale[name]) for name, drive in followed.drives(images[:100]).items()}
    for name, shape in cut.populations.items():
        assert wanted_hz[name].shape == (100, *shape)
        assert np.allclose(np.maximum(wanted_hz[name], 0), outputs[name][:100] * scale[name], atol=1e-3)
    network = with_scales(unit, scale)
    neuron = Neuron(floor=-2.0)
    populations = tuple(replace(p, neuron=neuron) if p.on_chip else p for p in network.populations)
    network = replace(network, populations=populations)
    middle, errors = [p.name for p in network.populations][1], []
    for aim in (None, wanted_hz):
        made = calibrate_spiking(network, images[:100], wanted_hz=aim)
        rates_hz = spiking_rates(made.network, made.arrival, images[100:])[middle]
        errors.append(np.abs(rates_hz - outputs[middle][100:] * scale[middle]).mean())
    assert errors[1] < 0.8 * errors[0]
    (logits,) = followed.logits(images[:4])
    assert np.allclose(softmax(logits, axis=1), source(images[:4]), atol=1e-6)
    assert np.allclose(followed.outputs(images[:4]), source(images[:4]), atol=1e-6)
    activities, first = followed.lesson(images[:4])
    assert np.allclose(first, logits, atol=1e-6)
    assert all(np.allclose(activities[name], output[:4], atol=1e-5) for name, output in outputs.items())


def test_all_of_it_by_convert(model_file, tmp_path):
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "data.npz", x=rng.normal(0, 1, (24, 12, 12, 1)), y=rng.integers(0, 3, 24))
    options = Options(max_pooling="average", fine_tune_epochs=0, spiking_batches=1, timesteps=32)
    report = convert(model_file, tmp_path / "data.npz", tmp_path / "made.bundle", options)
    assert set(report.metrics) == {"ann", "max_pooling_replaced", "rate"}
    network = load_network(tmp_path / "made.bundle")
    assert len(network.chip_populations) == 2
    assert all(np.isfinite(p.transform.kernel).all() for p in network.projections if hasattr(p.transform, "kernel"))
