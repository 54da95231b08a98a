"""LiteRT, the successor of TensorFlow Lite: weights, activations, input and output of eight bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from deploy.arrays import Float32
from deploy.foreign import LiteRtTensor

from .engine import Engine, Session
from .saved_model import of_batch


def prepare(saved: Path, calibration: Float32, folder: Path, batches: Sequence[int]) -> None:
    """One full-integer model for each of ``batches``, by TensorFlow's own converter."""
    from convert.upstream.tensorflow import load_tensorflow

    tf = load_tensorflow()
    for batch in batches:

        def samples(batch: int = batch) -> Iterator[list[Float32]]:
            for start in range(0, len(calibration), batch):
                yield [np.resize(calibration[start : start + batch], (batch, *calibration.shape[1:]))]

        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved), signature_keys=[of_batch(batch)])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        (folder / f"{of_batch(batch)}.tflite").write_bytes(converter.convert())


def open_session(folder: Path, batch: int, threads: int) -> Session:
    """The interpreter with its default delegate, XNNPACK; to round the input is no part of ``infer``."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(folder / f"{of_batch(batch)}.tflite"), num_threads=threads)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()

    def load(images: Float32) -> None:
        scale, zero = taken["quantization"]
        lowest, highest = np.iinfo(np.int8).min, np.iinfo(np.int8).max
        rounded = np.clip(np.round(images / scale) + zero, lowest, highest).astype(np.int8)
        interpreter.set_tensor(taken["index"], rounded)

    return Session(load, interpreter.invoke, lambda: _numbers(interpreter.get_tensor(given["index"]), given))


def _numbers(integers: LiteRtTensor, details: LiteRtTensor) -> Float32:
    scale, zero = details["quantization"]
    return np.asarray((integers.astype(np.float32) - zero) * scale, np.float32)


LITERT = Engine(
    name="LiteRT",
    precision="int8",
    modules=("ai_edge_litert",),
    distribution="ai-edge-litert",
    install="pip install ai-edge-litert",
    prepare=prepare,
    open=open_session,
)
