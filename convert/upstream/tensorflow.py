"""The one file that knows how NengoDL and NengoLoihi meet today's TensorFlow and numpy.

Three mends, each undone by nothing but a new upstream release:

1. NengoDL 3.6 imports private names of the Keras 2 that TensorFlow < 2.13 shipped. The package ``tf-keras`` still has
   them; they are lent under the old names while NengoDL is imported, so that ``import keras`` goes on to mean Keras 3.
2. NengoLoihi 1.1 calls ``np.array(..., copy=False)``, which numpy 2 refuses; its two modules see ``copy=None`` instead.
3. NengoLoihi 1.1 lays a transposed 'same' convolution ``stride - 1`` pixels up and left of nengo and Keras.

NengoLoihi also starts TensorFlow, to let NengoDL build its own neuron types; nothing here uses those, so it is imported
as if TensorFlow were not installed, and deploy-model starts in seconds less.
"""

from __future__ import annotations

import functools
import importlib
import os
from typing import Any

from .quiet import _quiet


@functools.cache
def load_tensorflow() -> Any:
    """TensorFlow, quiet, with ``tf.keras`` meaning the ``tf-keras`` package (Keras 2)."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _quiet():
        tf = importlib.import_module("tensorflow")
        tf.config.list_physical_devices()
    tf.get_logger().setLevel("ERROR")
    return tf


@functools.cache
def load_tf_keras() -> Any:
    """The ``tf-keras`` package: Keras 2, the Keras that NengoDL reads."""
    load_tensorflow()
    return importlib.import_module("tf_keras")


@functools.cache
def load_keras3() -> Any:
    """Keras 3 on TensorFlow: what today's users save their models with."""
    load_tensorflow()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    return importlib.import_module("keras")
