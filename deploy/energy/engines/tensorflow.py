"""TensorFlow itself: float32, what most people run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from deploy.arrays import Float32
from deploy.foreign import Tensor

from .engine import Engine, Session
from .saved_model import INPUT, OUTPUT, of_batch

FOLDER = "saved_model"


def prepare(saved: Path, calibration: Float32, folder: Path, batches: Sequence[int]) -> None:
    """The SavedModel as it is, not copied."""
    shutil.copytree(saved, folder / FOLDER, copy_function=os.link)


def open_session(folder: Path, batch: int, threads: int) -> Session:
    """A traced function; its threads can be set only before the process computes anything."""
    from convert.upstream.tensorflow import load_tensorflow

    tf = load_tensorflow()
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    loaded = tf.saved_model.load(str(folder / FOLDER))
    function = loaded.signatures[of_batch(batch)]
    held: dict[str, Tensor] = {"model": loaded}  # its variables live as long as it does

    def load(images: Float32) -> None:
        held[INPUT] = tf.constant(images)

    def infer() -> None:
        held[OUTPUT] = function(held[INPUT])[OUTPUT].numpy()

    return Session(load, infer, lambda: held[OUTPUT])


TENSORFLOW = Engine(
    name="TensorFlow",
    precision="float32",
    modules=("tensorflow",),
    distribution="tensorflow",
    install="pip install tensorflow",
    prepare=prepare,
    open=open_session,
)
