"""NengoDL 3.6 on today's TensorFlow.

A workaround until a new upstream release: NengoDL imports private names of the Keras 2 that TensorFlow < 2.13 shipped.
The package ``tf-keras`` still has them; they are lent under the old names while NengoDL is imported, so that ``import
keras`` goes on to mean Keras 3. So is a ``tensorflow`` whose ``keras`` is ``tf-keras``, which NengoDL then keeps: the
real ``tf.keras`` is Keras 3 for good where a user's program has touched it before.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager

from convert.upstream.types import Module

from .quiet import quiet
from .tensorflow import load_tensorflow, load_tf_keras


@functools.cache
def load_nengo_dl() -> Module:
    """The package ``nengo_dl``, with the workaround."""
    load_tf_keras()
    with _legacy_keras_names(), quiet():
        nengo_dl = importlib.import_module("nengo_dl")
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    return nengo_dl


class _TensorFlowWithKeras2(types.ModuleType):
    """TensorFlow with ``tf-keras`` as its ``keras``."""

    def __getattr__(self, name: str) -> Module:
        return load_tf_keras() if name == "keras" else getattr(load_tensorflow(), name)


@contextmanager
def _legacy_keras_names() -> Iterator[None]:
    """Lends ``tf-keras`` the module names of the old Keras, then gives the names back."""
    functional = importlib.import_module("tf_keras.src.engine.functional")
    norm = "tf_keras.src.layers.normalization.batch_normalization"
    layers: Module = types.ModuleType("keras.layers")
    layers.BatchNormalizationV1 = importlib.import_module(f"{norm}_v1").BatchNormalization
    layers.BatchNormalizationV2 = importlib.import_module(norm).BatchNormalization
    lent: dict[str, Module] = {
        "keras": types.ModuleType("keras"),
        "keras.engine": types.ModuleType("keras.engine"),
        "keras.engine.functional": functional,
        "keras.layers": layers,
    }
    lent["tensorflow"] = _TensorFlowWithKeras2("tensorflow")
    lent["keras"].layers = layers
    lent["keras"].engine = lent["keras.engine"]
    lent["keras.engine"].functional = functional
    # keras_spiking is optional for NengoDL and does not know Keras 2 beside Keras 3; it is not needed here.
    lent["keras_spiking"] = None
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name == "keras" or name.startswith("keras.")}
    hidden["tensorflow"] = sys.modules["tensorflow"]
    sys.modules.update(lent)
    try:
        yield
    finally:
        for name in lent:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)
