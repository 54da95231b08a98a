"""The network: populations, the projections between them, readouts; all frozen, typed and readable without Keras."""

from convert.padding import Padding

from .network import (
    BIAS_SOURCE_LAYER,
    INPUT,
    Clearing,
    Input,
    Network,
    Population,
    Projection,
    Readout,
    TimeCourse,
    host_population,
    require_runnable,
    require_steps,
    require_timesteps,
)
from .neuron import CHIP, HOST, Neuron, Reset
from .transforms import (
    Array,
    Convolution,
    ConvolutionTranspose,
    Margins,
    Shape,
    SharedKernel,
    Sparse,
    Taps,
    Transform,
)

__all__ = [
    "BIAS_SOURCE_LAYER",
    "CHIP",
    "HOST",
    "INPUT",
    "Array",
    "Clearing",
    "Convolution",
    "ConvolutionTranspose",
    "Input",
    "Margins",
    "Network",
    "Neuron",
    "Padding",
    "Population",
    "Projection",
    "Readout",
    "Reset",
    "Shape",
    "SharedKernel",
    "Sparse",
    "Taps",
    "TimeCourse",
    "Transform",
    "host_population",
    "require_runnable",
    "require_steps",
    "require_timesteps",
]
