"""Every kind of layer gives what that of tf-keras gives, and its adjoint is the transposed of its linear part."""

from __future__ import annotations

import numpy as np
import pytest

from convert.frontends.graph import Layer, Model, keras_like
from convert.frontends.graph.model import InputLayer
from convert.frontends.keras.from_graph import as_keras

RNG = np.random.default_rng(0)
IMAGE, SEQUENCE, VECTOR = (7, 6, 4), (9, 4), (5,)
L = keras_like.layers


def w(*shape):
    return RNG.normal(0, 0.5, shape).astype(np.float32)


FORMS = [
    (L.Conv2D(weights=(w(3, 2, 4, 5), w(5)), padding="same", name="a"), IMAGE),
    (L.Conv2D(weights=(w(3, 3, 4, 5),), strides=(2, 3), name="a"), IMAGE),
    (L.Conv2D(weights=(w(3, 3, 4, 5),), strides=(2, 2), padding="same", name="a"), IMAGE),
    (L.Conv2D(weights=(w(3, 2, 4, 5),), dilation_rate=(2, 3), name="a"), IMAGE),
    (L.Conv2D(weights=(w(3, 3, 2, 6), w(6)), groups=2, padding="same", name="a"), IMAGE),
    (L.Conv2D(weights=(w(1, 1, 4, 3),), strides=(2, 2), name="a"), IMAGE),
    (L.Conv1D(weights=(w(3, 4, 5), w(5)), strides=2, padding="same", name="a"), SEQUENCE),
    (L.DepthwiseConv2D(weights=(w(3, 3, 4, 2), w(8)), padding="same", name="a"), IMAGE),
    (L.DepthwiseConv2D(weights=(w(2, 3, 4, 1),), strides=(2, 2), padding="same", name="a"), IMAGE),
    (L.DepthwiseConv1D(weights=(w(3, 4, 1),), name="a"), SEQUENCE),
    (L.Conv2DTranspose(weights=(w(2, 2, 5, 4), w(5)), strides=(2, 2), name="a"), IMAGE),
    (L.Conv2DTranspose(weights=(w(3, 4, 5, 4),), strides=(2, 3), padding="same", name="a"), IMAGE),
    (L.Conv2DTranspose(weights=(w(3, 3, 5, 4),), name="a"), IMAGE),
    (L.Conv2DTranspose(weights=(w(1, 2, 5, 4),), strides=(3, 3), name="a"), IMAGE),
    (L.Conv1DTranspose(weights=(w(3, 5, 4),), strides=2, name="a"), SEQUENCE),
    (L.Dense(weights=(w(5, 3), w(3)), name="a"), VECTOR),
    (L.Dense(weights=(w(4, 3),), name="a"), IMAGE),
    (L.BatchNormalization(weights=(w(4), w(4), w(4), w(4) ** 2), epsilon=1e-3, name="a"), IMAGE),
    (L.Rescaling(2.5, -1.0, name="a"), IMAGE),
    (L.Rescaling([1.0, 2.0, 3.0, 4.0], [0.5, 0.0, 0.5, 0.0], name="a"), IMAGE),
    (L.AveragePooling2D(pool_size=(2, 3), strides=(2, 1), name="a"), IMAGE),
    (L.AveragePooling2D(pool_size=3, strides=2, padding="same", name="a"), IMAGE),
    (L.AveragePooling1D(pool_size=2, strides=2, padding="same", name="a"), SEQUENCE),
    (L.MaxPooling2D(pool_size=3, strides=2, padding="same", name="a"), IMAGE),
    (L.MaxPooling1D(pool_size=2, strides=2, name="a"), SEQUENCE),
    (L.GlobalAveragePooling2D(name="a"), IMAGE),
    (L.GlobalAveragePooling2D(keepdims=True, name="a"), IMAGE),
    (L.GlobalAveragePooling1D(name="a"), SEQUENCE),
    (L.GlobalMaxPooling2D(keepdims=True, name="a"), IMAGE),
    (L.GlobalMaxPooling1D(name="a"), SEQUENCE),
    (L.UpSampling2D(size=(2, 3), name="a"), IMAGE),
    (L.UpSampling2D(size=(2, 3), interpolation="bilinear", name="a"), IMAGE),
    (L.UpSampling1D(size=2, name="a"), SEQUENCE),
    (L.ZeroPadding2D(padding=((1, 2), (0, 3)), name="a"), IMAGE),
    (L.ZeroPadding1D(padding=(1, 2), name="a"), SEQUENCE),
    (L.Cropping2D(cropping=((1, 2), (0, 3)), name="a"), IMAGE),
    (L.Cropping1D(cropping=(1, 2), name="a"), SEQUENCE),
    (L.Reshape(target_shape=(3, -1), name="a"), IMAGE),
    (L.Permute(dims=(3, 1, 2), name="a"), IMAGE),
    (L.ReLU(name="a"), IMAGE),
    (L.ReLU(max_value=0.5, name="a"), IMAGE),
    (L.LeakyReLU(alpha=0.2, name="a"), IMAGE),
    (L.PReLU(weights=(w(1, 1, 4),), shared_axes=(1, 2), name="a"), IMAGE),
    *((L.Activation(of, name="a"), IMAGE) for of in ("linear", "softmax", "sigmoid", "tanh", "softplus", "softsign")),
    (L.Activation("exponential", name="a"), IMAGE),
]
MERGES = [L.Add, L.Subtract, L.Average, L.Maximum, L.Minimum, L.Concatenate]
ALL = [(layer, [sizes]) for layer, sizes in FORMS] + [
    *((kind(name="a"), [IMAGE, IMAGE]) for kind in MERGES),
    (L.Concatenate(axis=1, name="a"), [IMAGE, IMAGE]),
    (L.Concatenate(axis=-2, name="a"), [IMAGE, IMAGE]),
]
NAMES = [f"{type(layer).__name__}-{i}" for i, (layer, _) in enumerate(ALL)]


def images(sizes, dtype=np.float32, seed=1):
    return np.random.default_rng(seed).normal(size=(3, *sizes)).astype(dtype)


def model_of(layer, shapes):
    inputs = [keras_like.Input(sizes, name=f"x{i}") for i, sizes in enumerate(shapes)]
    return Model(inputs, layer(inputs))


@pytest.mark.parametrize(("layer", "shapes"), ALL, ids=NAMES)
def test_it_gives_what_tf_keras_gives(layer, shapes):
    model, given = model_of(layer, shapes), [images(sizes, seed=i) for i, sizes in enumerate(shapes)]
    found, wanted = model(given), np.asarray(as_keras(model)(given if len(given) > 1 else given[0]))
    assert found.dtype == np.float32
    assert (None, *found.shape[1:]) == model.output_shape
    np.testing.assert_allclose(found, wanted, atol=2e-6, rtol=1e-5)


def is_linear(layer):
    return type(layer).linear is not Layer.linear and getattr(layer, "activation", "linear") == "linear"


@pytest.mark.parametrize(("layer", "shapes"), ALL, ids=NAMES)
def test_its_adjoint_is_transposed(layer, shapes):
    given = [images(sizes, np.float64, i) for i, sizes in enumerate(shapes)]
    if not is_linear(layer):
        with pytest.raises(TypeError, match="is not linear"):
            layer.linear(*given)
        return
    made = layer.linear(*given)
    seed = np.random.default_rng(2).normal(size=made.shape)
    back = layer.adjoint(seed, *shapes)
    assert [part.shape for part in back] == [x.shape for x in given]
    assert np.vdot(made, seed) == pytest.approx(sum(np.vdot(x, part) for x, part in zip(given, back, strict=True)))
    zero = layer.apply(*(0 * x for x in given))
    np.testing.assert_allclose(layer.apply(*given) - zero, made, atol=1e-12)


def test_each_kind_is_tried():
    kinds = {kind for kind in vars(L).values() if isinstance(kind, type) and issubclass(kind, Layer)}
    assert kinds == {type(layer) for layer, _ in ALL}


def test_a_graph_goes_back_by_every_path():
    """Of two inputs, to the first one: over a shortcut and over a convolution, into two parts of one tensor."""
    x, other = keras_like.Input(IMAGE, name="x"), keras_like.Input(IMAGE, name="other")
    deep = L.Conv2D(weights=(w(3, 3, 4, 4), w(4)), padding="same", name="deep")(x)
    both = L.Concatenate(name="both")([L.Add(name="sum")([deep, x]), other, deep])
    model = Model([x, other], L.Rescaling(2.0, 1.0, name="end")(both))
    assert [node.layer.name for node in model.nodes] == ["deep", "sum", "both", "end"]
    given = images(IMAGE, np.float64)
    made = model.response(x, given)
    values = [model([at, images(IMAGE, np.float64, 5)]) for at in (given, 0 * given)]
    np.testing.assert_allclose(made, values[0] - values[1], atol=1e-12)
    seed = np.random.default_rng(2).normal(size=made.shape)
    assert np.vdot(made, seed) == pytest.approx(np.vdot(given, model.back(x, seed)))


def test_a_model_may_begin_inside_a_graph():
    x = keras_like.Input(IMAGE, name="x")
    middle = L.ReLU(name="r")(x)
    end = L.Rescaling(3.0, name="s")(middle)
    assert [layer.name for layer in Model(middle, end).layers] == ["s"]
    assert isinstance(x.node.layer, InputLayer)
