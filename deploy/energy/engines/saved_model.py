"""The model as a TensorFlow SavedModel, which every engine reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from convert.network import Shape
from convert.upstream.quiet import quiet
from deploy.foreign import KerasModel, Tensor

INPUT, OUTPUT = "image", "output"
ANY_BATCH = "serving_default"
"""The signature that takes batches of every size."""


def of_batch(batch: int) -> str:
    """The signature for batches of one size: engines plan better what they know."""
    return f"batch_{batch}"


def save_for_engines(model: KerasModel, shape: Shape, batches: Sequence[int], folder: Path) -> None:
    """Writes the tf-keras ``model`` of inputs of ``shape``: its first output, a signature for each size of batches."""
    from convert.upstream.tensorflow import load_tensorflow

    tf = load_tensorflow()

    def infer(image: Tensor) -> dict[str, Tensor]:
        outputs = model(image, training=False)
        return {OUTPUT: outputs[0] if isinstance(outputs, (list, tuple)) else outputs}

    def signature(batch: int | None) -> Tensor:
        return tf.function(infer).get_concrete_function(tf.TensorSpec((batch, *shape), tf.float32, name=INPUT))

    module = tf.Module()
    module.model = model
    signatures = {ANY_BATCH: signature(None), **{of_batch(batch): signature(batch) for batch in batches}}
    with quiet():
        tf.saved_model.save(module, str(folder), signatures=signatures)
