"""TensorFlow and both Keras, loaded when they are first needed, for they take seconds."""

from __future__ import annotations

import functools
import importlib
import os
from contextlib import suppress

from convert.errors import UserError
from convert.left_out import installed
from convert.memory.limits import require_address_space
from convert.upstream.types import Module

from .quiet import quiet

THREADS = 8
"""Chosen: the batches of a fine-tuning keep hardly more busy."""
ADDRESSES = 2560 * 2**20
"""What TensorFlow reserves of the address space on two cores, with a small model: measured."""


@functools.cache
def load_tensorflow() -> Module:
    """TensorFlow, quiet, with ``tf.keras`` meaning the ``tf-keras`` package (Keras 2)."""
    require_address_space(ADDRESSES, "TensorFlow and what it starts")
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet():
        tf = importlib.import_module("tensorflow")
        tf.config.list_physical_devices()
    for gpu in tf.config.list_physical_devices("GPU"):  # else all of its memory is taken, and JAX finds none
        with suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
    if not tf.executing_eagerly():
        raise UserError("eager execution is off in this process (disable_eager_execution); convert in one of its own")
    tf.get_logger().setLevel("ERROR")
    return tf


def fix_threads() -> None:
    """Lets TensorFlow compute in ``THREADS`` threads, on whatever machine: the order of its sums depends on them.

    In a process that has computed already they stay as they are; without TensorFlow nothing is done.
    """
    if not installed("tensorflow"):
        return
    with suppress(RuntimeError):
        load_tensorflow().config.threading.set_intra_op_parallelism_threads(THREADS)


@functools.cache
def load_tf_keras() -> Module:
    """The ``tf-keras`` package: Keras 2, the Keras that NengoDL reads."""
    load_tensorflow()
    return importlib.import_module("tf_keras")


@functools.cache
def load_keras3() -> Module:
    """Keras 3 on TensorFlow: what today's users save their models with."""
    load_tensorflow()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    keras = importlib.import_module("keras")
    if keras.backend.backend() != "tensorflow":
        raise UserError(
            f"Keras 3 runs on {keras.backend.backend()} in this process, its models are read on tensorflow; "
            "convert in a process of its own, with convert-model"
        )
    return keras
