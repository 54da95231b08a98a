"""A file or folder on disk -> the model in it, read by the Keras that saved it."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

from convert.errors import UserError
from convert.frontends.keras.layers import ALIASES
from convert.frontends.keras.reading.bombs import bomb_in
from convert.frontends.keras.reading.configs import absurd_numbers
from convert.frontends.keras.reading.packaged import classes_of, is_packaged
from convert.frontends.keras.reading.saved_model import GRAPH, has_layers, model_config, read_saved_model
from convert.storage.damage import DAMAGED, too_little_memory
from convert.upstream.tensorflow import load_keras3, load_tf_keras
from convert.upstream.types import Config, Model

WAY_OUT = "save it again with model.save('NAME.keras') and try that file"


LARGEST_TEXT = 2**25
"""Bytes of a configuration: ResNet-152's has 0.4 MB. What unpacks to more is none."""

NO_LAYERS = ("InputLayer", "TFOpLambda", "SlicingOpLambda")
"""Classes in a configuration that stand for the input or an operation."""


class UnreadableError(UserError):
    """Keras refuses the file; its layers may say why (see ``layer_configs``)."""


def read_model(path: Path) -> Model:
    """The Keras 3 or tf-keras model in ``path``, with a layer graph. Raises ``UserError`` for what is none.

    No code that a file brings along is run: Lambda layers are not read, nor the graph of a SavedModel.
    """
    version = _version(path)
    if bomb := bomb_in(path):
        raise UserError(f"{path} is no model file: {bomb}; {WAY_OUT}")
    if problems := absurd_numbers(layer_configs(path)):
        raise UserError([f"{path}: {problem}; {WAY_OUT}" for problem in problems])
    try:
        model = _read_keras3(path) if version.startswith("3") else _read_tf_keras(path)
    except UserError:
        raise
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "")
        raise UnreadableError(
            f"{path} is not a Keras model that can be read ({type(error).__name__}: {reason[:160]}); {WAY_OUT}"
        ) from error
    if not getattr(model, "_nodes_by_depth", None):
        raise UserError(
            f"{path} is a subclassed model, or one that was never built: it has no graph of layers; "
            "rebuild it with the functional API, keras.Input first"
        )
    return model


def layer_configs(path: Path) -> Iterator[tuple[str, str, Config]]:
    """(class, name, configuration) of each layer that ``path`` describes, layers of nested models included, but for
    those of keras.applications."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield from _layers(json.loads(_member(archive, "config.json")))
        elif path.is_file():
            yield from _layers(json.loads(_h5_attribute(path, "model_config")))
        elif has_layers(path):
            yield from _layers(model_config(path))
    except DAMAGED:
        return


def _layers(entry: Config) -> Iterator[tuple[str, str, Config]]:
    config = entry.get("config", {})
    if "layers" in config:
        for inner in config["layers"]:
            yield from _layers(inner)
    elif entry["class_name"] not in NO_LAYERS and ".ops." not in (entry.get("module") or "") and not is_packaged(entry):
        yield entry["class_name"], config.get("name", entry.get("name", "")), config


def _packaged_for(path: Path, package: str) -> dict[str, type]:
    """The layers of ``package``'s own applications, without those whose name is that of another class in ``path``."""
    others = {kind for kind, _, _ in layer_configs(path)}
    return {name: cls for name, cls in classes_of(package).items() if name not in others}


def require_there(path: Path) -> None:
    """Raises ``UserError`` if there is nothing at ``path``."""
    if not path.exists():
        raise UserError(f"{path} does not exist; give the path of a .keras, .h5, .onnx or SavedModel")


def _version(path: Path) -> str:
    """The version of the Keras that saved ``path``, '2' for a SavedModel; ``UserError`` if none did."""
    require_there(path)
    if path.is_dir():
        if (path / GRAPH).is_file():
            if not has_layers(path):
                raise UserError(
                    f"{path} is a SavedModel without Keras layers, as model.export() and tf.saved_model.save() write "
                    "it; save the model itself with model.save('NAME.keras') and give that file"
                )
            return "2"
        raise UserError(f"{path} is a folder but not a SavedModel (no {GRAPH} in it); {WAY_OUT}")
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty; {WAY_OUT}")
    if zipfile.is_zipfile(path):
        return _named(path, ".keras", _zip_version(path))
    if _begins_with(path, b"\x89HDF\r\n\x1a\n"):
        return _named(path, ".h5", _h5_version(path))
    if _begins_with(path, b"PK"):
        raise UserError(f"{path} is a damaged or truncated .keras file; {WAY_OUT}")
    raise UserError(f"{path} is no Keras model: neither a zip (.keras) nor HDF5 (.h5); {WAY_OUT}")


def _named(path: Path, suffix: str, version: str) -> str:
    """``version``; Keras goes by the name of a file, so a name that contradicts its content is refused."""
    if path.suffix.lower().replace(".hdf5", ".h5") != suffix:
        raise UserError(f"{path} is a {suffix} file by what is in it; rename it to {path.stem}{suffix}")
    return version


def _zip_version(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            return str(json.loads(_member(archive, "metadata.json"))["keras_version"])
    except DAMAGED as error:
        if too_little_memory(error, path):
            raise
        raise UserError(f"{path} is a zip file but no Keras model (no metadata.json in it); {WAY_OUT}") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The file ``name`` in ``archive``. Raises ``ValueError`` if it is too large to be a text of Keras'."""
    size = archive.getinfo(name).file_size
    if size > LARGEST_TEXT:
        raise ValueError(f"{name} has {size:,} bytes")
    return archive.read(name)


def _begins_with(path: Path, signature: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(signature)) == signature


def _h5_version(path: Path) -> str:
    try:
        if _only_weights(path):
            raise UserError(
                f"{path} holds weights only, without the model; build the model, model.load_weights('{path.name}'), "
                "model.save('NAME.keras') and give that file"
            )
        return _h5_attribute(path, "keras_version")
    except OSError as error:
        raise UserError(f"{path} is a damaged or truncated .h5 file; {WAY_OUT}") from error
    except KeyError as error:
        raise UserError(f"{path} is an HDF5 file without a Keras model in it; {WAY_OUT}") from error


def _only_weights(path: Path) -> bool:
    """Whether an HDF5 file was written by ``save_weights`` of either Keras."""
    import h5py

    with h5py.File(path, "r") as file:
        keras_2 = "layer_names" in file.attrs
        keras_3 = "layers" in file or "_layer_checkpoint_dependencies" in file
        return "model_config" not in file.attrs and (keras_2 or keras_3)


def _h5_attribute(path: Path, name: str) -> str:
    import h5py

    with h5py.File(path, "r") as file:
        value = file.attrs[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def _read_keras3(path: Path) -> Model:
    keras = load_keras3()
    renamed = {alias: keras.activations.get(name) for alias, name in ALIASES.items()}
    model = keras.saving.load_model(path, custom_objects={**renamed, **_packaged_for(path, "keras")}, compile=False)
    return getattr(model, "_functional", None) or model


def _read_tf_keras(path: Path) -> Model:
    keras = load_tf_keras()
    from tf_keras.src.saving.serialization_lib import SafeModeScope

    with keras.utils.custom_object_scope(_packaged_for(path, "tf_keras")):
        if path.is_dir():
            model = read_saved_model(path)
        else:
            with SafeModeScope(True), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what a Lambda layer would need; it is refused by name
                model = keras.models.load_model(path, compile=False)
    if isinstance(model, keras.Sequential) and model.built:
        model = keras.Model(model.inputs, model.outputs)
    return model
