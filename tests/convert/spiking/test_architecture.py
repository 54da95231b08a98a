"""A Keras model as the architecture of a network that takes events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convert.errors import UserError
from convert.network import EVENT_SOURCE, Neuron, TimeCourse, require_runnable, require_timesteps
from convert.spiking.architecture import spiking_architecture
from convert.upstream.tensorflow import load_keras3
from tests.builders.moving_bars import LEAKY, STEPS, network


def test_all_relus_are_leaky_neurons_on_the_chip(tmp_path: Path) -> None:
    found = network(tmp_path)
    require_runnable(found)
    require_timesteps(found)
    assert found.input.time_course is TimeCourse.EVENTS
    assert [p.name for p in found.populations] == [EVENT_SOURCE, "first", "second", "third"]
    assert all(p.neuron == LEAKY for p in found.chip_populations)
    assert [p.name for p in found.chip_populations] == ["first", "second", "third"]
    assert (found.timesteps, found.input_end_step) == (STEPS + 3, STEPS)


def branches(path: Path) -> Path:
    """Two inputs with a layer each, whose outputs are added."""
    keras = load_keras3()
    keras.utils.set_random_seed(0)
    layers, inputs = keras.layers, [keras.Input((size,)) for size in (5, 7)]
    made = [layers.Dense(4, activation="relu", use_bias=False, name=f"b{k}")(x) for k, x in enumerate(inputs)]
    keras.Model(inputs, layers.Add()([layers.Dense(3)(x) for x in made])).save(path)
    return path


def test_a_branch_has_synapses_from_its_own_input_alone(tmp_path: Path) -> None:
    found = spiking_architecture(branches(tmp_path / "two.keras"), Neuron(), 6)
    for name, own in (("b0_relu", range(5)), ("b1_relu", range(5, 12))):
        (projection,) = found.into(name)
        synapses = projection.transform.fan_out((1, 1, 12), (1, 1, 4)).ravel()
        np.testing.assert_array_equal(synapses, [4 * (n in own) for n in range(12)])


def test_an_input_that_passes_all_neurons_is_refused(tmp_path: Path) -> None:
    keras = load_keras3()
    image = keras.Input((6,))
    x = keras.layers.Dense(4, activation="relu", use_bias=False)(image)
    both = keras.layers.Concatenate()([x, image])
    keras.Model(image, [keras.layers.Dense(3)(x), keras.layers.Dense(2)(image)]).save(tmp_path / "past.keras")
    with pytest.raises(UserError, match="the input reaches the output past all ReLUs"):
        spiking_architecture(tmp_path / "past.keras", Neuron(), 6)
    keras.Model(image, keras.layers.Dense(3)(both)).save(tmp_path / "beside.keras")
    found = spiking_architecture(tmp_path / "beside.keras", Neuron(), 6)  # by spikes of its own
    assert len(found.chip_populations) == 3
