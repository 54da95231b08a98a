"""Any Keras file -> a flat tf-keras model, or every problem at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .compat import load_tensorflow, load_tf_keras
from .errors import UserError
from .graph import misplaced_heads
from .keras_file import Config, UnreadableError, layer_configs, read_model
from .layers import ACTIVATIONS, LINEAR, NOTHING, refusal, unknown
from .operations import WRITTEN, as_layer, is_operation


def load_model(path: Path, *, max_pooling: bool = True) -> Any:
    """The model in ``path`` (Keras 3 or 2 .keras, .h5, SavedModel folder) as a flat tf-keras functional model.

    Nested models are inlined, activations given as arguments become layers of their own (named LAYER_relu), operations
    such as ``x + y`` layers, so each layer is one of ``convert.layers.REGISTRY``. Raises ``UserError`` with all
    problems of the model; max pooling is one if ``max_pooling`` is false.
    """
    rebuild = _Rebuild(max_pooling)
    try:
        model = read_model(path)
    except UnreadableError as error:
        for kind, name, config in layer_configs(path):
            rebuild.new_layer(kind, name, config)
        raise UserError(rebuild.problems or error.problems) from error
    if len(model.inputs) != 1:
        raise UserError(f"{path} has {len(model.inputs)} inputs; one image input converts, merge the others into it")
    shape = tuple(model.inputs[0].shape)[1:]
    if len(shape) != 3 or None in shape:
        raise UserError(
            f"{path} takes inputs of shape {shape}; an image of fixed size (rows, columns, channels) is needed: "
            "rebuild the model with keras.Input(shape=(rows, columns, channels))"
        )
    rebuilt = rebuild.run(model, shape)
    problems = rebuild.problems + misplaced_heads(rebuilt) + _bad_weights(path, rebuilt)
    if problems:
        raise UserError(problems)
    return rebuilt


class _Rebuild:
    """Runs a model of either Keras on a tf-keras input tensor, making each layer anew, and collects all refusals."""

    def __init__(self, max_pooling: bool) -> None:
        self.keras = load_tf_keras()
        self.max_pooling = max_pooling
        self.problems: list[str] = []
        self.made: dict[int, Callable[[Any], Any]] = {}
        self.names: set[str] = set()

    def run(self, model: Any, shape: tuple[int, ...]) -> Any:
        """The model anew; refused layers are zeros of the right shape in it."""
        image = self.keras.Input(shape, name="image")
        return self.keras.Model(image, self._flatten(model, [image]), name=model.name)

    def new_layer(self, kind: str, name: str, config: Config) -> Any:
        """The tf-keras layer of class ``kind``, or None and one more problem."""
        arguments = _arguments(config, getattr(self.keras.layers, kind, None))
        reason = unknown(kind, arguments.get("activation"))
        if reason is None:
            layer = getattr(self.keras.layers, kind)(name=self._fresh(name), **arguments)
            reason = refusal(layer, max_pooling=self.max_pooling)
            if reason is None:
                return layer
        self.problems.append(f"layer '{name}' ({kind}): {reason}")
        return None

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
        if getattr(old, "_functional", None) or hasattr(old, "_run_through_graph") or hasattr(old, "_nodes_by_depth"):
            return lambda inputs, **_: self._flatten(old, _as_list(inputs))
        if is_operation(old):
            return lambda *args, **kwargs: self._operation(old, args, kwargs)
        if id(old) not in self.made:
            self.made[id(old)] = self._make(old)
        make = self.made[id(old)]
        return lambda *inputs, **_: make(list(inputs) if len(inputs) > 1 else inputs[0])

    def _make(self, old: Any) -> Callable[[Any], Any]:
        kind = type(old).__name__
        if kind in NOTHING:
            return lambda inputs: inputs
        layer = self.new_layer(kind, old.name, old.get_config())
        if layer is None:
            return self._stand_in(old)
        after = self._split_activation(layer)
        weights = old.get_weights()
        state = {"loaded": not weights}

        def call(inputs: Any) -> Any:
            outputs = layer(inputs)
            if not state["loaded"]:
                layer.set_weights(weights)
                state["loaded"] = True
            return outputs if after is None else after(outputs)

        return call

    def _operation(self, old: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """What an operation such as ``x + y`` gives, by a layer."""
        found = as_layer(self.keras, old, args, kwargs, self._fresh(old.name))
        kind = type(old).__name__
        reason = f"this operation does not convert ({WRITTEN} do); use Keras layers"
        if found is not None:
            layer, inputs = found
            refused = refusal(layer)
            if refused is None:
                return layer(inputs)
            reason = refused
        self.problems.append(f"layer '{old.name}' ({kind}): {reason}")
        return self._stand_in(old)([a for a in (*args, *kwargs.values()) if hasattr(a, "_keras_history")])

    def _stand_in(self, old: Any) -> Callable[[Any], Any]:
        """Zeros of the shape that ``old`` gives, so that the walk goes on and finds the refusals after this one."""
        tf = load_tensorflow()
        shape = tuple(_as_list(old._inbound_nodes[0].outputs)[0].shape)[1:]

        def zeros(inputs: Any) -> Any:
            return tf.zeros((tf.shape(_as_list(inputs)[0])[0], *shape))

        return self.keras.layers.Lambda(zeros)  # type: ignore[no-any-return]

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


def _arguments(config: Config, cls: Any) -> dict[str, Any]:
    """The arguments in ``config`` that matter at inference and that ``cls`` of tf-keras knows."""
    known = set(inspect.signature(cls.__init__).parameters) if cls is not None else set()
    skipped = ("_initializer", "_regularizer", "_constraint")
    kept = {k: v for k, v in config.items() if k in known - {"name", "dtype"} and not k.endswith(skipped)}
    if isinstance(kept.get("axis"), list) and cls.__name__ == "BatchNormalization":
        kept["axis"] = kept["axis"][0]
    if isinstance(kept.get("activation"), dict):
        kept["activation"] = _activation_name(kept["activation"])
    return kept


def _activation_name(saved: Config) -> str:
    """The name of an activation that is saved as a function, or as a layer (a plain ReLU is 'relu')."""
    config = saved.get("config")
    if not isinstance(config, dict):
        return str(config)
    plain = not any(config.get(key) for key in ("max_value", "negative_slope", "threshold"))
    return "relu" if saved["class_name"] == "ReLU" and plain else str(config.get("name", saved["class_name"]))


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _bad_weights(path: Path, model: Any) -> list[str]:
    return [
        f"layer '{layer.name}' of {path} has {int((~np.isfinite(w)).sum())} weights that are NaN or infinite; "
        "load a checkpoint from before the training diverged"
        for layer in model.layers
        for w in layer.get_weights()
        if not np.isfinite(w).all()
    ]
