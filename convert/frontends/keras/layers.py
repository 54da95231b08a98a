"""What becomes of every Keras layer: the registry behind SUPPORTED.md and behind every refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import get_args

from convert.network.network import Activation
from convert.upstream.types import Config, Layer

from .hints import HINTS, WRAPPERS


class Role(Enum):
    """What a layer becomes."""

    LINEAR = "part of a projection"
    SPIKING = "a population"
    HEAD = "host arithmetic at an output"
    POOLED = "replaced before conversion"


LINEAR, SPIKING, HEAD, POOLED = Role


@dataclass(frozen=True)
class Support:
    """How one Keras class converts; ``refuse`` returns why a particular layer cannot and the way out, or None."""

    role: Role
    note: str
    refuse: Callable[[Layer], str | None] = lambda layer: None


def _channels_last(layer: Layer) -> str | None:
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return "only data_format='channels_last' converts; rebuild the model with channels last"
    return None


def _threshold(layer: Layer) -> str | None:
    return "a ReLU jumps at a threshold; only threshold=0 converts, train with it" if layer.threshold else None


def _softmax(layer: Layer) -> str | None:
    return None if layer.axis == -1 else "the host's softmax is over the last axis; use axis=-1"


def _upsampling(layer: Layer) -> str | None:
    if layer.interpolation == "area":
        return "TensorFlow has no gradient of area interpolation; use 'nearest', which gives the same, or 'bilinear'"
    return _channels_last(layer)


def _normalization(layer: Layer) -> str | None:
    return "an inverted normalization does not convert; remove invert=True" if getattr(layer, "invert", False) else None


MAX_POOLING = (
    "a maximum of spike rates is not a sum of spikes; add --max-pooling average (or strided): calibration "
    "and --fine-tune win back what that costs"
)

IDENTITY_LAYERS = (
    "Identity",
    "AlphaDropout",
    "SpatialDropout1D",
    "SpatialDropout3D",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "RandomContrast",
    "RandomBrightness",
    "RandomHeight",
    "RandomWidth",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandAugment",
    "AugMix",
    "CutMix",
    "MixUp",
    "Solarization",
    "Equalization",
)
"""Classes that do nothing at inference and are left out; some of one Keras only."""

REGISTRY: dict[str, Support] = {}


def register(name: str, support: Support) -> None:
    """Adds a Keras class to the registry; a second entry for one class is our own bug."""
    if name in REGISTRY:
        raise ValueError(f"layer class {name} is registered twice")
    REGISTRY[name] = support


_WEIGHTS = "folded into projections: one shared-kernel convolution where it is one, else single synapses"
_BELOW = "a second population of as many neurons, whose spikes are subtracted with that slope"
_PARTS = (
    "max_value adds a second population of as many neurons, whose spikes are subtracted beyond it, and "
    "negative_slope one for what is below zero"
)
for _name, _support in {
    "InputLayer": Support(LINEAR, "the image, raw pixel values"),
    "Conv2D": Support(LINEAR, f"{_WEIGHTS}; any stride, padding, dilation and group", _channels_last),
    "Conv2DTranspose": Support(LINEAR, f"{_WEIGHTS}; any stride and padding", _channels_last),
    "DepthwiseConv2D": Support(LINEAR, _WEIGHTS, _channels_last),
    "SeparableConv2D": Support(LINEAR, _WEIGHTS, _channels_last),
    "Dense": Support(LINEAR, "one synapse per weight"),
    "BatchNormalization": Support(LINEAR, "folded into weights and biases, as at inference"),
    "Normalization": Support(LINEAR, "folded into weights and biases", _normalization),
    "Rescaling": Support(LINEAR, "folded into weights and biases"),
    "Add": Support(LINEAR, "one projection per summand"),
    "Subtract": Support(LINEAR, "one projection per operand"),
    "Average": Support(LINEAR, "one projection per operand"),
    "Concatenate": Support(LINEAR, "one projection per source"),
    "Conv1D": Support(LINEAR, f"{_WEIGHTS}; any stride, padding, dilation and group", _channels_last),
    "Conv1DTranspose": Support(LINEAR, f"{_WEIGHTS}; any stride and padding", _channels_last),
    "DepthwiseConv1D": Support(LINEAR, _WEIGHTS, _channels_last),
    "SeparableConv1D": Support(LINEAR, _WEIGHTS, _channels_last),
    "AveragePooling1D": Support(LINEAR, "composed with the convolution that follows", _channels_last),
    "AveragePooling2D": Support(LINEAR, "composed with the convolution that follows", _channels_last),
    "GlobalAveragePooling1D": Support(LINEAR, "composed with the layer that follows", _channels_last),
    "GlobalAveragePooling2D": Support(LINEAR, "composed with the layer that follows", _channels_last),
    "UpSampling1D": Support(LINEAR, "composed with the layer that follows"),
    "UpSampling2D": Support(LINEAR, "composed with the layer that follows; any interpolation but area", _upsampling),
    "ZeroPadding1D": Support(LINEAR, "composed with the layer that follows", _channels_last),
    "ZeroPadding2D": Support(LINEAR, "composed with the layer that follows", _channels_last),
    "Cropping1D": Support(LINEAR, "composed with the layer that follows"),
    "Cropping2D": Support(LINEAR, "composed with the layer that follows", _channels_last),
    "RepeatVector": Support(LINEAR, "composed with the layer that follows"),
    "Flatten": Support(LINEAR, "composed with the layer that follows"),
    "Reshape": Support(LINEAR, "composed with the layer that follows"),
    "Permute": Support(LINEAR, "composed with the layer that follows"),
    "Dropout": Support(LINEAR, "nothing at inference"),
    "SpatialDropout2D": Support(LINEAR, "nothing at inference"),
    "GaussianNoise": Support(LINEAR, "nothing at inference"),
    "GaussianDropout": Support(LINEAR, "nothing at inference"),
    "ActivityRegularization": Support(LINEAR, "nothing at inference"),
    "ReLU": Support(SPIKING, f"integrate-and-fire neurons; {_PARTS}", _threshold),
    "LeakyReLU": Support(SPIKING, f"as ReLU with that negative_slope: {_BELOW}"),
    "PReLU": Support(SPIKING, f"as ReLU with a negative_slope for each channel or element: {_BELOW}"),
    "Maximum": Support(
        SPIKING, "max(a, b) = a + relu(b - a): one population of as many neurons for each input after the first"
    ),
    "Minimum": Support(
        SPIKING, "min(a, b) = a - relu(a - b): one population of as many neurons for each input after the first"
    ),
    "Softmax": Support(HEAD, "on the host, at an output only; over the last axis", _softmax),
    "MaxPooling1D": Support(POOLED, "replaced, with --max-pooling average or strided", _channels_last),
    "MaxPooling2D": Support(POOLED, "replaced, with --max-pooling average or strided", _channels_last),
    "GlobalMaxPooling1D": Support(POOLED, "replaced by the average, with --max-pooling of either kind", _channels_last),
    "GlobalMaxPooling2D": Support(POOLED, "replaced by the average, with --max-pooling of either kind", _channels_last),
}.items():
    register(_name, _support)

HOST_ACTIVATIONS = tuple(name for name in get_args(Activation) if name != "linear")
"""What the host computes, at an output only."""

ACTIVATIONS = {
    "linear": LINEAR,
    "relu": SPIKING,
    "relu6": SPIKING,
    "leaky_relu": SPIKING,
    **dict.fromkeys(HOST_ACTIVATIONS, HEAD),
}
"""Activation functions by name, as arguments of a layer or in an ``Activation`` layer."""

ALIASES = {"softmax_v2": "softmax", "identity": "linear"}
"""Activation functions that are saved under another name: those of ``tf.nn``."""

ACTIVATION_LAYERS: dict[str, tuple[str, Config]] = {
    "relu": ("ReLU", {}),
    "relu6": ("ReLU", {"max_value": 6.0}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": 0.2}),
    **{name: ("Activation", {"activation": name}) for name in HOST_ACTIVATIONS},
}
"""The layer (class, arguments) that does the same as an activation function."""


def unknown(kind: str, activation: str | None) -> str | None:
    """Why no layer of class ``kind`` with this activation can convert and the way out, or None if one may."""
    if kind not in REGISTRY and kind not in (*IDENTITY_LAYERS, "Activation"):
        return {**HINTS, **WRAPPERS}.get(
            kind, f"no conversion is known for this class; rebuild it from {', '.join(_core())}"
        )
    if activation is not None and activation not in ACTIVATIONS:
        if activation in REGISTRY:
            return f"give {activation} as a layer of its own, not as an activation"
        return (
            f"activation '{activation}' has no spiking form; use 'relu', 'relu6' or 'leaky_relu' "
            f"({quoted(HOST_ACTIVATIONS)} only at an output)"
        )
    return None


def refusal(layer: Layer, *, max_pooling: bool = True) -> str | None:
    """Why ``layer`` (tf-keras, of a known class) cannot convert as it is set and the way out, or None if it can."""
    if type(layer).__name__ == "Activation":
        return None
    support = REGISTRY[type(layer).__name__]
    return MAX_POOLING if support.role == POOLED and not max_pooling else support.refuse(layer)


def role(layer: Layer) -> Role:
    """What a convertible layer becomes."""
    if type(layer).__name__ == "Activation":
        return ACTIVATIONS[activation_name(layer)]
    return REGISTRY[type(layer).__name__].role


def activation_name(layer: Layer) -> str:
    """That of the function of an ``Activation`` layer."""
    return str(getattr(layer.activation, "__name__", layer.activation))


def is_head(layer: Layer) -> bool:
    """Whether ``layer`` is host arithmetic at an output; asked of layers that do not convert, too."""
    return type(layer).__name__ in ("Activation", *REGISTRY) and role(layer) == HEAD


def quoted(names: Sequence[str]) -> str:
    """'a', 'b' and 'c'."""
    *first, last = (f"'{name}'" for name in names)
    return f"{', '.join(first)} and {last}"


def _core() -> list[str]:
    return ["Conv2D", "Conv2DTranspose", "Dense", "Add", "Concatenate", "AveragePooling2D", "UpSampling2D", "ReLU"]
