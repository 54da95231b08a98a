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
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .quiet import _quiet
from .tensorflow import load_tf_keras


@functools.cache
def load_nengo_dl() -> Any:
    """NengoDL (mend 1)."""
    load_tf_keras()
    with _legacy_keras_names(), _quiet():
        nengo_dl = importlib.import_module("nengo_dl")
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    return nengo_dl


@contextmanager
def _legacy_keras_names() -> Iterator[None]:
    """Lends ``tf-keras`` the module names of the old Keras, then gives the names back."""
    functional = importlib.import_module("tf_keras.src.engine.functional")
    norm = "tf_keras.src.layers.normalization.batch_normalization"
    layers: Any = types.ModuleType("keras.layers")
    layers.BatchNormalizationV1 = importlib.import_module(f"{norm}_v1").BatchNormalization
    layers.BatchNormalizationV2 = importlib.import_module(norm).BatchNormalization
    lent: dict[str, Any] = {
        "keras": types.ModuleType("keras"),
        "keras.engine": types.ModuleType("keras.engine"),
        "keras.engine.functional": functional,
        "keras.layers": layers,
    }
    lent["keras"].layers = layers
    lent["keras"].engine = lent["keras.engine"]
    lent["keras.engine"].functional = functional
    # keras_spiking is optional for NengoDL and does not know Keras 2 beside Keras 3; it is not needed here.
    lent["keras_spiking"] = None
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name == "keras" or name.startswith("keras.")}
    sys.modules.update(lent)
    try:
        yield
    finally:
        for name in lent:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)
