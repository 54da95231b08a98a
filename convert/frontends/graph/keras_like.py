"""The layers and the model of this room by the names that ``tf_keras`` has for its own."""

from . import layers as layers
from .model import Input as Input
from .model import Model as Model
