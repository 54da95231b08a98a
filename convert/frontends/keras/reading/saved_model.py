"""A Keras model out of a SavedModel folder, by its description and its weights: the graph in it is never run.

TensorFlow runs a SavedModel's own graph while it loads one, which may write files; nothing of it is needed here.
"""

from __future__ import annotations

from pathlib import Path

from convert.errors import UserError
from convert.upstream.tensorflow import load_tf_keras
from convert.upstream.types import Config, Model

METADATA = "keras_metadata.pb"

MODELS = ("_tf_keras_network", "_tf_keras_sequential", "_tf_keras_model")
"""What Keras 2 calls its models in ``keras_metadata.pb``."""
SUBCLASSED = "is a subclassed model: it has no graph of layers; rebuild it with the functional API, keras.Input first"


def read_saved_model(path: Path) -> Model:
    """The tf-keras model in the folder ``path``. Raises ``UserError`` for one without a graph of layers."""
    keras = load_tf_keras()
    from tf_keras.src.saving.serialization_lib import SafeModeScope

    config = model_config(path)
    with SafeModeScope(True):
        model = keras.models.model_from_config(config)
    status = model.load_weights(path / "variables" / "variables")
    status.assert_existing_objects_matched().expect_partial()
    return model


def model_config(path: Path) -> Config:
    """The class and the configuration of the model in the folder ``path``, the root of all that is described."""
    from tf_keras.protobuf.saved_metadata_pb2 import SavedMetadata
    from tf_keras.src.saving.legacy.saved_model import json_utils

    metadata = SavedMetadata()
    metadata.ParseFromString((path / METADATA).read_bytes())
    root = next((node for node in metadata.nodes if node.node_path == "root"), None)
    if root is None or root.identifier not in MODELS:
        raise UserError(f"{path} describes no Keras model; save it again with model.save('NAME.keras')")
    described = json_utils.decode(root.metadata)
    if not described.get("is_graph_network", root.identifier == "_tf_keras_sequential"):
        raise UserError(f"{path} {SUBCLASSED}")
    return {"class_name": described["class_name"], "config": described["config"]}
