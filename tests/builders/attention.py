"""Small models with attention: a mask for each channel, and one for each pixel."""

from __future__ import annotations

from convert.upstream.types import Model, Module


def with_attention(keras: Module) -> Model:
    """8 x 8 x 2 to 3 classes: channels ('channels') by squeeze and excitation, pixels ('pixels') of the same size."""
    keras.utils.set_random_seed(5)
    layers = keras.layers
    image = keras.Input((8, 8, 2))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", bias_initializer="ones", name="first")(image)
    squeezed = layers.Dense(4, activation="relu", name="squeezed")(layers.GlobalMaxPooling2D()(x))
    excited = layers.Dense(4, activation="sigmoid", name="excited")(squeezed)
    x = layers.Multiply(name="channels")([layers.Reshape((1, 1, 4))(excited), x])
    pixels = layers.Conv2D(4, 3, padding="same", activation="sigmoid", name="gate")(x)
    x = layers.Multiply(name="pixels")([x, pixels])
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="second")(x)
    x = layers.Dense(3, activation="softmax", name="head")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, x)
