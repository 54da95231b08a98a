"""Any Keras file -> a flat tf-keras model, or every problem at once."""

from __future__ import annotations

import inspect
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .compat import load_keras3, load_tf_keras
from .errors import UserError
from .layers import ACTIVATIONS, LINEAR, refusal

WAY_OUT = "save it again with model.save('NAME.keras') and try that file"


def load_model(path: Path) -> Any:
    """The model in ``path`` (Keras 3 or 2 .keras, .h5, SavedModel folder) as a flat tf-keras functional model.

    Nested models are inlined, and activations given as arguments become layers of their own (named LAYER_relu), so each
    layer is one of ``convert.layers.REGISTRY``. Raises ``UserError`` with all problems of the model.
    """
    model = _read(path)
    if len(model.inputs) != 1:
        raise UserError(f"{path} has {len(model.inputs)} inputs; one image input converts, merge the others into it")
    shape = tuple(model.inputs[0].shape)[1:]
    if len(shape) != 3 or None in shape:
        raise UserError(
            f"{path} takes inputs of shape {shape}; an image of fixed size (rows, columns, channels) is needed: "
            "rebuild the model with keras.Input(shape=(rows, columns, channels))"
        )
    rebuilt = _Rebuild(shape).run(model)
    _refuse_bad_weights(path, rebuilt)
    return rebuilt


def _read(path: Path) -> Any:
    if not path.exists():
        raise UserError(f"{path} does not exist; give the path of a .keras, .h5 or SavedModel")
    readers = [_read_keras3, _read_tf_keras] if _saved_by_keras3(path) else [_read_tf_keras, _read_keras3]
    failures = []
    for read in readers:
        try:
            return read(path)
        except UserError:
            raise
        except Exception as error:
            failures.append(f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}")
    raise UserError(f"{path} is not a Keras model that can be read ({failures[0][:160]}); {WAY_OUT}")


def _saved_by_keras3(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        if "metadata.json" not in archive.namelist():
            raise UserError(f"{path} is a zip file but not a Keras model (no metadata.json in it); {WAY_OUT}")
        return '"keras_version": "3' in archive.read("metadata.json").decode()


def _read_keras3(path: Path) -> Any:
    model = load_keras3().saving.load_model(path, compile=False)
    if not hasattr(model, "_run_through_graph") and not hasattr(model, "_functional"):
        raise UserError(f"{path} is a subclassed model without a layer graph; rebuild it with the functional API")
    return getattr(model, "_functional", None) or model


def _read_tf_keras(path: Path) -> Any:
    keras = load_tf_keras()
    model = keras.models.load_model(path, compile=False)
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs)
    if not hasattr(model, "_nodes_by_depth"):
        raise UserError(f"{path} is a subclassed model without a layer graph; rebuild it with the functional API")
    return model


class _Rebuild:
    """Runs a model of either Keras on a tf-keras input tensor, making each layer anew, and collects all refusals."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.keras = load_tf_keras()
        self.shape = shape
        self.problems: list[str] = []
        self.made: dict[int, Callable[[Any], Any]] = {}
        self.names: set[str] = set()

    def run(self, model: Any) -> Any:
        image = self.keras.Input(self.shape, name="image")
        try:
            outputs = self._flatten(model, [image])
        except ValueError:
            if not self.problems:  # a stand-in has another shape than the layer it stands for
                raise
        if self.problems:
            raise UserError(self.problems)
        return self.keras.Model(image, outputs, name=model.name)

    def _flatten(self, model: Any, inputs: list[Any]) -> Any:
        functional = getattr(model, "_functional", None) or model
        if hasattr(functional, "_run_through_graph"):
            return functional._run_through_graph(inputs, operation_fn=self._layer)
        if isinstance(model, self.keras.Sequential):
            functional = self.keras.Model(model.inputs, model.outputs)
        tensors = _Tensors((str(id(old)), new) for old, new in zip(functional.inputs, inputs, strict=True))
        for depth in sorted(functional._nodes_by_depth, reverse=True):
            for node in functional._nodes_by_depth[depth]:
                if not node.is_input:
                    args, kwargs = node.map_arguments(tensors)
                    outputs = self._layer(node.layer)(*args, **kwargs)
                    for old, new in zip(_as_list(node.outputs), _as_list(outputs), strict=True):
                        tensors[str(id(old))] = new
        outputs = [tensors.get(str(id(tensor))) for tensor in functional.outputs]
        return outputs[0] if len(outputs) == 1 else outputs

    def _layer(self, old: Any) -> Callable[..., Any]:
        """The new layer (or layers) for one old layer or operation; the same one each time the old one is called."""
        if hasattr(old, "_run_through_graph") or hasattr(old, "_nodes_by_depth"):
            return lambda inputs, **_: self._flatten(old, _as_list(inputs))
        if id(old) not in self.made:
            self.made[id(old)] = self._make(old)
        make = self.made[id(old)]
        return lambda *inputs, **_: make(list(inputs) if len(inputs) > 1 else inputs[0])

    def _make(self, old: Any) -> Callable[[Any], Any]:
        name = self._fresh(old.name)
        kind = type(old).__name__
        cls = getattr(self.keras.layers, kind, None)
        if kind == "Identity":
            return lambda inputs: inputs
        if cls is None or kind == "TFOpLambda":
            self.problems.append(f"layer '{old.name}' ({kind}): no conversion is known for this class; use Keras layers")
            return _stand_in
        layer = cls(name=name, **_arguments(old, cls))
        reason = refusal(layer)
        if reason is not None:
            self.problems.append(f"layer '{old.name}' ({kind}): {reason}")
            return _stand_in
        after = self._split_activation(layer)
        weights = old.get_weights() if hasattr(old, "get_weights") else []
        state = {"loaded": not weights}

        def call(inputs: Any) -> Any:
            outputs = layer(inputs)
            if not state["loaded"]:
                layer.set_weights(weights)
                state["loaded"] = True
            return outputs if after is None else after(outputs)

        return call

    def _split_activation(self, layer: Any) -> Any:
        """Takes an activation given as an argument out of ``layer`` and returns it as a layer, or None for linear."""
        activation = getattr(layer, "activation", None)
        if activation is None or type(layer).__name__ == "Activation" or ACTIVATIONS[activation.__name__] == LINEAR:
            return None
        layer.activation = self.keras.activations.linear
        name = self._fresh(f"{layer.name}_{activation.__name__}")
        if activation.__name__ == "relu":
            return self.keras.layers.ReLU(name=name)
        return self.keras.layers.Activation(activation.__name__, name=name)

    def _fresh(self, name: str) -> str:
        """``name``, or ``name_2`` and so on where two nested models use it."""
        free = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 10_000))) if n not in self.names)
        self.names.add(free)
        return free


class _Tensors(dict[str, Any]):
    """New tensors by the id of the old ones, in the form that tf-keras' ``Node.map_arguments`` pops them from."""

    def __getitem__(self, key: str) -> list[Any]:
        return [super().__getitem__(key)]


def _arguments(old: Any, cls: Any) -> dict[str, Any]:
    """The arguments of ``old`` that matter at inference and that ``cls`` of tf-keras knows."""
    known = set(inspect.signature(cls.__init__).parameters)
    skipped = ("_initializer", "_regularizer", "_constraint")
    config = old.get_config() if hasattr(old, "get_config") else {}
    kept = {k: v for k, v in config.items() if k in known and k != "name" and not k.endswith(skipped)}
    if isinstance(kept.get("axis"), list) and cls.__name__ == "BatchNormalization":
        kept["axis"] = kept["axis"][0]
    kept.pop("dtype", None)
    if isinstance(kept.get("activation"), dict):
        kept["activation"] = kept["activation"].get("config", {}).get("name") or kept["activation"]["config"]
    return kept


def _stand_in(inputs: Any) -> Any:
    """Lets the walk go on after a refusal, so that the refusals after it are found too."""
    return inputs[0] if isinstance(inputs, list) else inputs


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _refuse_bad_weights(path: Path, model: Any) -> None:
    bad = [
        f"layer '{layer.name}' of {path} has {int((~np.isfinite(w)).sum())} weights that are NaN or infinite; "
        "load a checkpoint from before the training diverged"
        for layer in model.layers
        for w in layer.get_weights()
        if not np.isfinite(w).all()
    ]
    if bad:
        raise UserError(bad)
