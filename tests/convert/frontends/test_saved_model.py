"""SavedModel folders of Keras 2: read without running what is in them."""

from __future__ import annotations

import numpy as np
import pytest

from convert.errors import UserError
from convert.frontends.keras.load import load_model
from convert.frontends.keras.reading.saved_model import GRAPH, METADATA
from convert.upstream.tensorflow import load_tensorflow, load_tf_keras


def small_model(keras):
    image = keras.Input((6, 6, 2))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(3, 3, activation="relu")(image))
    return keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.ReLU()(x))))


def test_weights_and_layers_are_those_that_were_saved(tmp_path):
    model = small_model(load_tf_keras())
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 1, w.shape) for w in model.get_weights()])
    model.save(tmp_path / "model")
    images = rng.standard_normal((2, 6, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(load_model(tmp_path / "model")(images), model(images), atol=1e-5)


def test_a_folder_of_an_older_keras_2_is_read(tmp_path):
    """Up to version 2.4 the description of the layers lay in saved_model.pb itself."""
    load_tensorflow()
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
    from tf_keras.protobuf.saved_metadata_pb2 import SavedMetadata

    model, folder = small_model(load_tf_keras()), tmp_path / "model"
    model.save(folder)
    metadata, saved = SavedMetadata(), SavedModel()
    metadata.ParseFromString((folder / METADATA).read_bytes())
    saved.ParseFromString((folder / GRAPH).read_bytes())
    for node in metadata.nodes:
        described = saved.meta_graphs[0].object_graph_def.nodes[node.node_id].user_object
        described.identifier, described.metadata = node.identifier, node.metadata
    (folder / METADATA).unlink()
    (folder / GRAPH).write_bytes(saved.SerializeToString())
    images = np.random.default_rng(0).standard_normal((2, 6, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(load_model(folder)(images), model(images), atol=1e-5)


@pytest.mark.parametrize("name", [METADATA, GRAPH])
def test_a_damaged_description_is_a_sentence(tmp_path, name):
    small_model(load_tf_keras()).save(tmp_path / "model")
    if name == GRAPH:
        (tmp_path / "model" / METADATA).unlink()
    (tmp_path / "model" / name).write_bytes(b"\x0a\xff\xff no description")
    with pytest.raises(UserError, match=f"{name} is damaged or truncated; save the model again"):
        load_model(tmp_path / "model")


def test_a_graph_that_writes_a_file_is_not_run(tmp_path):
    tf, keras = load_tensorflow(), load_tf_keras()
    written = tmp_path / "written"

    class Writing(tf.saved_model.experimental.TrackableResource):
        def _create_resource(self):
            return tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[], shared_name="writing")

        def _initialize(self):
            tf.io.write_file(str(written), "code of a foreign file")

        def _destroy_resource(self):
            """TensorFlow asks for it; there is nothing to destroy."""

    model = small_model(keras)
    model.resource = Writing()
    model.resource.resource_handle  # noqa: B018
    model.save(tmp_path / "model")
    written.unlink(missing_ok=True)
    assert load_model(tmp_path / "model").layers
    assert not written.exists()
    keras.models.load_model(tmp_path / "model", compile=False)
    assert written.exists(), "TensorFlow's own loader runs it: else this test shows nothing"


def test_a_subclassed_model_is_refused(tmp_path):
    keras = load_tf_keras()

    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, inputs):
            return self.dense(inputs)

    model = Subclassed()
    model(np.ones((1, 3), np.float32))
    model.save(tmp_path / "model")
    with pytest.raises(UserError, match="is a subclassed model: it has no graph of layers; rebuild it"):
        load_model(tmp_path / "model")
