"""Files that are no model."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from convert.cli import main as convert_model
from convert.upstream.tensorflow import load_keras3, load_tf_keras
from tests.builders.refusing import empty, refused, text


def truncated(path):
    whole = path.with_name(f"whole{path.suffix}")
    keras = load_keras3() if path.suffix == ".keras" else load_tf_keras()
    image = keras.Input((8, 8, 3))
    keras.Model(image, keras.layers.Conv2D(4, 3)(image)).save(whole)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()


def other_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def other_hdf5(path):
    import h5py

    with h5py.File(path, "w") as file:
        file["numbers"] = np.arange(3)


def weights_only(path):
    keras = load_tf_keras()
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]).save_weights(path)


def weights_of_keras_3(path):
    keras = load_keras3()
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]).save_weights(path)


def exported(path):
    keras = load_keras3()
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]).export(path, verbose=False)


def spoilt_config(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.10.0"}))
        archive.writestr("config.json", "{")


def folder_of_text(path):
    path.mkdir()
    text(path / "a.txt")


NO_MODEL = [
    ("model.keras", None, r"model\.keras does not exist; give the path of a \.keras, \.h5, \.onnx or SavedModel$"),
    ("model.keras", empty, r"model\.keras is empty; save it again"),
    ("model.h5", empty, r"model\.h5 is empty"),
    ("model.keras", text, r"model\.keras is no Keras model: neither a zip"),
    ("model.h5", text, r"model\.h5 is no Keras model"),
    ("model.keras", truncated, r"model\.keras is a damaged or truncated \.keras file; save it again"),
    ("model.h5", truncated, r"model\.h5 is a damaged or truncated \.h5 file; save it again"),
    ("model.keras", other_zip, r"model\.keras is a zip file but no Keras model"),
    ("model.h5", other_hdf5, r"model\.h5 is an HDF5 file without a Keras model in it"),
    (
        "model.h5",
        weights_only,
        r"model\.h5 holds weights only.* model\.load_weights\('model\.h5'\), model\.save",
    ),
    ("a.weights.h5", weights_of_keras_3, r"a\.weights\.h5 holds weights only.* build the model"),
    ("model", exported, r"model is a SavedModel without Keras layers.* save the model itself with model\.save"),
    ("model.keras", spoilt_config, r"model\.keras is not a Keras model that can be read \(.*\); save it again"),
    ("model", folder_of_text, r"model is a folder but not a SavedModel"),
]


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
@pytest.mark.parametrize(
    ("name", "make", "sentence"),
    NO_MODEL,
    ids=[f"{name}-{make.__name__ if make else 'missing'}" for name, make, _ in NO_MODEL],
)
def test_no_model(name, make, sentence, tiny, tmp_path):
    if make is not None:
        make(tmp_path / name)
    arguments = [tmp_path / name, "--data", tiny / "data.npz", "-o", tmp_path / "a" / "b.bundle"]
    refused(convert_model, arguments, sentence, folder=tmp_path)
    refused(convert_model, [tmp_path / name, "--check"], sentence, folder=tmp_path)
