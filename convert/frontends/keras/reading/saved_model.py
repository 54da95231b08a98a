"""A Keras model out of a SavedModel folder, by its description and its weights: the graph in it is never run.

TensorFlow runs a SavedModel's own graph while it loads one, which may write files; nothing of it is needed here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convert.errors import UserError
from convert.upstream.tensorflow import load_tf_keras
from convert.upstream.types import Config, Model

METADATA, GRAPH = "keras_metadata.pb", "saved_model.pb"

MODELS = ("_tf_keras_network", "_tf_keras_sequential", "_tf_keras_model")
"""What Keras 2 calls its models."""
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


def has_layers(path: Path) -> bool:
    """Whether a Keras described its layers in the SavedModel in the folder ``path``."""
    return (path / METADATA).is_file() or _root_of_graph(path) is not None


def model_config(path: Path) -> Config:
    """The class and the configuration of the model in the folder ``path``, the root of all that is described."""
    load_tf_keras()
    from tf_keras.src.saving.legacy.saved_model import json_utils

    root = _root_of_metadata(path) if (path / METADATA).is_file() else _root_of_graph(path)
    if root is None or root.identifier not in MODELS:
        raise UserError(f"{path} describes no Keras model; save it again with model.save('NAME.keras')")
    described = json_utils.decode(root.metadata)
    if not described.get("is_graph_network", root.identifier == "_tf_keras_sequential"):
        raise UserError(f"{path} {SUBCLASSED}")
    return {"class_name": described["class_name"], "config": described["config"]}


def _root_of_metadata(path: Path) -> Any:
    """The description of the model, as Keras 2.5 and later write it."""
    from tf_keras.protobuf.saved_metadata_pb2 import SavedMetadata

    metadata = _parsed(SavedMetadata(), path / METADATA)
    return next((node for node in metadata.nodes if node.node_path == "root"), None)


def _root_of_graph(path: Path) -> Any:
    """The description of the model in the graph's own file, as Keras up to 2.4 wrote it; None if there is none."""
    load_tf_keras()
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = _parsed(SavedModel(), path / GRAPH)
    nodes = saved.meta_graphs[0].object_graph_def.nodes if saved.meta_graphs else ()
    root = nodes[0].user_object if nodes else None
    return root if root is not None and root.identifier.startswith("_tf_keras") and root.metadata else None


def _parsed(message: Any, file: Path) -> Any:
    """``message`` with what ``file`` holds. Raises ``UserError`` if it is damaged."""
    from google.protobuf.message import DecodeError

    try:
        message.ParseFromString(file.read_bytes())
    except DecodeError as error:
        way_out = "save the model again with model.save('NAME.keras')"
        raise UserError(f"{file} is damaged or truncated; {way_out}") from error
    return message
