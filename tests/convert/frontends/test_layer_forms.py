"""Layers in other forms than the plain one: what does nothing at inference, crops, other names, adapted weights."""

from __future__ import annotations

import inspect
from importlib import import_module

import numpy as np
import pytest

from convert.errors import UserError
from convert.frontends.keras.layers import IDENTITY_LAYERS
from convert.frontends.keras.load import load_model
from convert.upstream.tensorflow import load_keras3, load_tensorflow, load_tf_keras
from tests.builders.keras_models import images_for

GIVEN = {"factor": 0.1, "height_factor": 0.1, "width_factor": 0.1, "rate": 0.5, "value_range": (0, 255)}


def saved(keras, path, *layers, size=(8, 8, 3)):
    image = x = keras.Input(size)
    for layer in layers:
        x = layer(x)
    model = keras.Model(image, x)
    model.save(path)
    return model


def same_outputs(model, path):
    images = images_for(model)
    wanted = np.asarray(model(images, training=False))
    np.testing.assert_allclose(np.asarray(load_model(path)(images)).reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-4)


def made(cls):
    known = inspect.signature(cls.__init__).parameters
    needed = {name for name, p in known.items() if p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD}
    given = {**GIVEN, "factor": 4} if cls.__name__ == "RandomPosterization" else GIVEN
    return cls(**{name: given[name] for name in needed - {"self"}})


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", [name for name in IDENTITY_LAYERS if name[-2:] not in ("1D", "3D")])
def test_what_does_nothing_at_inference_is_left_out(name, version, tmp_path):
    keras = load_keras3() if version == 3 else load_tf_keras()
    cls = getattr(keras.layers, name, None)
    if cls is None:
        return  # a class of the other Keras
    path = tmp_path / "model.keras"
    model = saved(keras, path, made(cls), keras.layers.Conv2D(2, 3))
    same_outputs(model, path)
    assert len(load_model(path).layers) == 2


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("size", [(8, 8), (5, 6), (8, 3)])
def test_a_crop_of_the_centre(size, version, tmp_path):
    keras = load_keras3() if version == 3 else load_tf_keras()
    same_outputs(saved(keras, tmp_path / "model.keras", keras.layers.CenterCrop(*size)), tmp_path / "model.keras")


@pytest.mark.parametrize("name", ["Resizing", "RandomCrop"])
def test_what_would_resize_to_the_size_of_the_image_is_left_out(name, tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"
    layer = getattr(keras.layers, name)
    same_outputs(saved(keras, path, layer(8, 8)), path)
    saved(keras, path, layer(4, 6, name="size"))
    with pytest.raises(UserError, match=r"'size' .* remove the layer and resize the images of the data .*, 4 x 6$"):
        load_model(path)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_resizing_to_a_whole_multiple_is_upsampling(interpolation, version, tmp_path):
    keras, path = load_keras3() if version == 3 else load_tf_keras(), tmp_path / "model.keras"
    same_outputs(saved(keras, path, keras.layers.Resizing(16, 24, interpolation=interpolation)), path)
    saved(keras, path, keras.layers.Resizing(12, 16, interpolation=interpolation, name="half"))
    with pytest.raises(UserError, match=r"'half' .* use UpSampling2D, or .*, 12 x 16$"):
        load_model(path)


def test_upsampling_of_areas_is_refused(tmp_path):
    keras, path = load_tf_keras(), tmp_path / "model.keras"
    saved(keras, path, keras.layers.UpSampling2D(2, interpolation="area", name="up"))
    with pytest.raises(
        UserError, match=r"'up' \(UpSampling2D\): .* use 'nearest', which gives the same, or 'bilinear'$"
    ):
        load_model(path)


def test_pooling_to_a_size_that_divides_the_image(tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"
    pooling = getattr(keras.layers, "AdaptiveAveragePooling2D", None)
    if pooling is None:
        pytest.skip("this Keras has no AdaptiveAveragePooling2D")
    same_outputs(saved(keras, path, pooling((4, 2))), path)
    same_outputs(saved(keras, path, pooling(1)), path)
    saved(keras, path, pooling(3, name="thirds"))
    with pytest.raises(UserError, match=r"'thirds' .* use an output_size that divides rows and columns$"):
        load_model(path)


def test_a_crop_that_enlarges_is_refused(tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"
    saved(keras, path, keras.layers.CenterCrop(10, 6))
    with pytest.raises(UserError, match=r"enlarges .*, 10 x 6$"):
        load_model(path)


@pytest.mark.parametrize("version", [2, 3])
def test_activations_of_tf_nn(version, tmp_path):
    keras, nn = load_keras3() if version == 3 else load_tf_keras(), load_tensorflow().nn
    layers = keras.layers
    stack = [layers.Conv2D(4, 3, activation=nn.relu), layers.Conv2D(4, 3, activation=nn.relu6), layers.Flatten()]
    path = tmp_path / "model.keras"
    same_outputs(saved(keras, path, *stack, layers.Dense(3, activation=nn.softmax)), path)


@pytest.mark.parametrize("version", [2, 3])
def test_the_last_axis_by_its_number(version, tmp_path):
    keras, path = load_keras3() if version == 3 else load_tf_keras(), tmp_path / "model.keras"
    layers = keras.layers
    same_outputs(saved(keras, path, layers.BatchNormalization(axis=3), layers.Softmax(axis=3)), path)
    same_outputs(saved(keras, path, layers.Flatten(), layers.Dense(3), layers.Softmax(axis=1)), path)


def test_low_rank_adaptations_are_added(tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"
    keras.utils.set_random_seed(0)
    model = saved(keras, path, keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(3, use_bias=False))
    for layer in (model.layers[1], model.layers[3]):
        layer.enable_lora(2)
        layer.lora_kernel_b.assign(np.random.default_rng(0).normal(0, 1, layer.lora_kernel_b.shape))
    model.save(path)
    same_outputs(model, path)


@pytest.mark.parametrize("mode", ["int8", "float8"])
@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_quantized_weights_are_refused(mode, tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"
    layers = [keras.layers.Flatten(), keras.layers.Dense(8, name="a"), keras.layers.Dense(4, name="b")]
    model = saved(keras, path, *layers)
    model.quantize(mode)
    model.save(path)
    with pytest.raises(UserError, match=rf"'a'.*'b'|'b'.*'a'.* \(Dense\): weights of {mode}.* saved before"):
        load_model(path)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize(
    ("wrapper", "way_out"), [("PruneLowMagnitude", "strip_pruning"), ("QuantizeWrapperV2", "float model of before")]
)
def test_wrappers_of_other_packages(wrapper, way_out, suffix, tmp_path):
    keras, path = load_tf_keras(), tmp_path / f"model{suffix}"
    layers = keras.layers
    cls = type(wrapper, (layers.Wrapper,), {"call": lambda self, x: self.layer(x)})
    saved(keras, path, cls(layers.Conv2D(4, 3), name="a"), cls(layers.AveragePooling2D(), name="b"))
    with pytest.raises(UserError) as caught:
        load_model(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"layers 'a', 'b' ({wrapper}): it ")
    assert way_out in problem


def test_a_layer_with_several_outputs_is_refused_by_name(tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x, scores = layers.MultiHeadAttention(2, 4, name="attention")(
        query=image, value=image, return_attention_scores=True
    )
    y, state, _ = layers.LSTM(5, return_state=True, name="lstm")(layers.Reshape((64, 3))(layers.Add()([x, image])))
    keras.Model(image, [layers.Concatenate()([y, state]), layers.ELU(name="elu")(scores)]).save(path)
    with pytest.raises(UserError) as caught:
        load_model(path)
    assert {problem.split(":")[0] for problem in caught.value.problems} == {
        "layer 'attention' (MultiHeadAttention)",
        "layer 'lstm' (LSTM)",
        "layer 'elu' (ELU)",
    }


@pytest.mark.parametrize("size", [(None, None, 3), (None, 3), (4, 4, 4, 1)])
def test_a_wrong_input_does_not_hide_the_layers(size, tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"
    layers = [keras.layers.LayerNormalization(name="norm"), keras.layers.Dense(4, activation="silu", name="silu")]
    saved(keras, path, *layers, size=size)
    with pytest.raises(UserError) as caught:
        load_model(path)
    problems = caught.value.problems
    assert "an image of fixed size (rows, columns, channels) is needed" in problems[0]
    assert [problem.split(":")[0] for problem in problems[1:]] == [
        "layer 'norm' (LayerNormalization)",
        "layer 'silu' (Dense)",
    ]


@pytest.mark.parametrize("version", [2, 3])
def test_the_scaled_sums_of_keras_applications(version, tmp_path):
    keras, path = load_keras3() if version == 3 else load_tf_keras(), tmp_path / "model.keras"
    cls = import_module(
        f"{'keras' if version == 3 else 'tf_keras'}.src.applications.inception_resnet_v2"
    ).CustomScaleLayer
    image = keras.Input((8, 8, 3))
    keras.Model(image, cls(0.3)([image, keras.layers.Conv2D(3, 1)(image)])).save(path)
    same_outputs(keras.models.load_model(path, custom_objects={"CustomScaleLayer": cls}), path)


def test_what_keras_applications_does_to_the_blocks_of_convnext(tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"
    own = import_module("keras.src.applications.convnext")
    scale = own.LayerScale(1.0, 3)
    model = saved(keras, path, scale, own.StochasticDepth(0.5))
    scale.set_weights([np.array([0.5, 2.0, -1.0])])
    model.save(path)
    classes = {"LayerScale": own.LayerScale, "StochasticDepth": own.StochasticDepth}
    same_outputs(keras.models.load_model(path, custom_objects=classes), path)


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model"])
@pytest.mark.parametrize("version", [2, 3])
def test_blocks_of_keras_applications_are_read_from_every_kind_of_file(version, name, tmp_path):
    """An .h5 file and a SavedModel say of a class its name only."""
    if version == 3 and name == "model":
        pytest.skip("Keras 3 writes no SavedModel with layers")
    keras, path = load_keras3() if version == 3 else load_tf_keras(), tmp_path / name
    package = "keras" if version == 3 else "tf_keras"
    own, of_inception = (
        import_module(f"{package}.src.applications.{file}") for file in ("convnext", "inception_resnet_v2")
    )
    image = keras.Input((8, 8, 3))
    scaled = own.LayerScale(0.5, 3)(keras.layers.Conv2D(3, 1)(image))
    dropped = scaled if name == "model" else own.StochasticDepth(0.5)(scaled)  # of which Keras writes no SavedModel
    summed = of_inception.CustomScaleLayer(0.3)([image, dropped])
    model = keras.Model(image, summed)
    model.save(path)
    same_outputs(model, path)


def test_a_refused_model_is_not_told_that_blocks_of_keras_applications_are(tmp_path):
    """What stands against a ConvNeXt is its normalization and its activation, in every file."""
    keras, path = load_tf_keras(), tmp_path / "model.h5"
    own = import_module("tf_keras.src.applications.convnext")
    image = keras.Input((8, 8, 3))
    x = keras.layers.LayerNormalization(name="norm")(keras.layers.Conv2D(3, 7, padding="same")(image))
    x = own.LayerScale(1.0, 3)(keras.layers.Activation("gelu", name="gelu")(x))
    keras.Model(image, keras.layers.Add()([image, own.StochasticDepth(0.5)(x)])).save(path)
    with pytest.raises(UserError) as raised:
        load_model(path)
    assert [problem.split(":")[0] for problem in raised.value.problems] == [
        "layer 'norm' (LayerNormalization)",
        "layer 'gelu' (Activation)",
    ]


def test_a_class_of_ones_own_is_not_taken_for_one_of_keras_applications(tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"

    class LayerScale(keras.layers.Layer):
        def __init__(self, init_values, projection_dim, **kwargs):
            super().__init__(**kwargs)
            self.init_values, self.projection_dim = init_values, projection_dim

        def get_config(self):
            return {**super().get_config(), "init_values": self.init_values, "projection_dim": self.projection_dim}

        def call(self, x):
            return x - self.init_values

    saved(keras, path, LayerScale(1.0, 3, name="own"))
    with pytest.raises(UserError, match=r"^layer 'own' \(LayerScale\): no conversion is known"):
        load_model(path)
