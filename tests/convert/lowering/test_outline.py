"""The network that is foreseen is the one that lowering gives: its populations, kernels and single synapses."""

from __future__ import annotations

import pytest

from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.load import load_model
from convert.frontends.keras.passes import average_pooling
from convert.frontends.keras.paths.linear_paths import paths_into
from convert.lowering.lower import lower
from convert.lowering.outline import outline
from convert.network import SharedKernel
from convert.upstream.tensorflow import load_keras3
from tests.builders.keras_models import PATTERNS, model_with, randomized
from tests.builders.random_keras_models import random_model


def both(model, path):
    """The network foreseen of ``model``, and the one that is lowered."""
    model.save(path / "model.keras")
    cut = cut_at_relus(average_pooling(load_model(path / "model.keras")))
    found = outline(cut.segments, [paths_into(segment) for segment in cut.segments], cut.shapes)
    return found, lower(cut.segments, cut.shapes)


def populations(network):
    return [(p.name, p.source_layer, p.shape, p.on_chip) for p in network.populations]


def projections(network):
    """By the ends of each projection: a kernel's shape, strides and padding, or None; and the synapses."""
    rows = {}
    for projection in network.projections:
        transform = projection.transform
        kernel = isinstance(transform, SharedKernel)
        form = (transform.kernel.shape, transform.strides, transform.padding) if kernel else None
        key = projection.source, projection.target, form
        shapes = network.shape_of(projection.source), network.shape_of(projection.target)
        rows[key] = rows.get(key, 0) + int(transform.fan_out(*shapes).sum())
    return rows


FROM_ABOVE = (
    "maxima",
    "channels_shuffled",
    "channels_padded",
    "factorized_reduction",
    "conv_grouped",
    "concatenated_preactivations",
    "image_concatenated",
)
"""Patterns in which weights cancel, kernels have zeros that lists do without, or channels are picked by a layer that
mixes them for all that its settings say."""


@pytest.mark.parametrize("name", FROM_ABOVE)
def test_what_weights_leave_out_is_foreseen_from_above(name, tmp_path):
    found, real = both(model_with(name), tmp_path)
    assert populations(found) == populations(real)
    assert found.depth() == real.depth()
    assert sum(projections(found).values()) >= sum(projections(real).values())


@pytest.mark.parametrize("name", [name for name in PATTERNS if name not in FROM_ABOVE])
def test_what_is_foreseen_is_what_is_lowered(name, tmp_path):
    found, real = both(model_with(name), tmp_path)
    assert populations(found) == populations(real)
    assert projections(found) == projections(real)
    assert found.depth() == real.depth()


@pytest.mark.parametrize("seed", range(8))
def test_a_random_model_has_no_more_synapses_than_foreseen(seed, tmp_path):
    found, real = (
        (populations(network), sum(projections(network).values())) for network in both(random_model(seed), tmp_path)
    )
    assert found[0] == real[0]
    assert found[1] >= real[1]


def test_a_large_kernel_that_differs_at_the_border_only_is_foreseen(tmp_path):
    keras = load_keras3()
    layers = keras.layers
    image = keras.Input((40, 36, 2))
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
    x = layers.Conv2D(16, 3, padding="same")(layers.Conv2D(16, 3, padding="same")(x))
    model = keras.Model(image, layers.Conv2D(1, 1)(layers.ReLU(name="end")(x)))
    found, real = map(projections, both(model, tmp_path))
    assert found == pytest.approx(real, rel=1e-4)  # a weight at the border may be as small as rounding
    assert [form is None for _, target, form in found if target == "end"] == [False, True]


def shuffled(layers, x):
    x = layers.Permute((1, 2, 4, 3))(layers.Reshape((6, 6, 2, 4))(x))
    return layers.Conv2D(8, 3, padding="same")(layers.Reshape((6, 6, 8))(x))


def flattened_to_the_same(layers, x):
    return layers.Conv2D(8, 3, padding="same")(layers.Reshape((6, 6, 8))(layers.Flatten()(x)))


def shuffled_only(layers, x):
    return layers.Reshape((6, 6, 8))(layers.Permute((1, 2, 4, 3))(layers.Reshape((6, 6, 4, 2))(x)))


def from_a_vector(layers, x):
    x = layers.Dense(18, activation="relu")(layers.Flatten()(x))
    return layers.Conv2DTranspose(2, 2, strides=2)(layers.Reshape((3, 3, 2))(x))


def normalized_flat(layers, x):
    return layers.Reshape((6, 6, 8))(layers.BatchNormalization()(layers.Flatten()(x)))


@pytest.mark.parametrize("build", [shuffled, flattened_to_the_same, shuffled_only, from_a_vector, normalized_flat])
def test_what_only_rearranges_neurons_is_foreseen(build, tmp_path):
    keras = load_keras3()
    layers = keras.layers
    image = keras.Input((6, 6, 2))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    x = layers.ReLU()(build(layers, x))
    model = keras.Model(image, layers.Conv2D(1, 1)(x))
    found, real = both(randomized(model), tmp_path)
    assert projections(found) == projections(real)
