"""A trained network as a graph of frozen layers, computed by NumPy: what ONNX becomes, and needs no TensorFlow.

Its layers are called and set as those of Keras are, so that ``frontends/keras`` rewrites, cuts and looks through both
with the same code (``keras_like.py`` is what takes the place of ``tf_keras`` there).
"""

from .layer import Layer as Layer
from .layer import Tensor as Tensor
from .layer import settings_of as settings_of
from .model import Model as Model
