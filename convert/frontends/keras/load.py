"""Any Keras file -> a flat tf-keras model, or every problem at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np

from convert.errors import UserError
from convert.upstream.tensorflow import load_tensorflow, load_tf_keras
from convert.upstream.types import Config, Layer, Model, Tensor

from .cut import misplaced_heads
from .files import UnreadableError, layer_configs, read_model
from .layers import ACTIVATION_LAYERS, IDENTITY_LAYERS, refusal, unknown
from .operations import WRITTEN, as_layer, is_operation
from .passes import KERAS_PASSES
from .rewrite import Call


def load_model(path: Path, *, max_pooling: bool = True) -> Model:
    """The model in ``path`` (Keras 3 or 2 .keras, .h5, SavedModel folder) as a flat tf-keras functional model.

    Nested models are inlined, activations given as arguments become layers of their own (named LAYER_relu), operations
    such as ``x + y`` layers, capped and leaky ReLUs plain ones, so each layer is one of ``layers.REGISTRY``.
    Several inputs become the channels of one, in the order of ``model.inputs``. Raises ``UserError`` with all problems
    of the model; max pooling is one if ``max_pooling`` is false.
    """
    rebuild = _Rebuild(max_pooling)
    try:
        model = read_model(path)
    except UnreadableError as error:
        for kind, name, config in layer_configs(path):
            rebuild.new_layers(kind, name, config)
        raise UserError(rebuild.problems or error.problems) from error
    shapes = [tuple(tensor.shape)[1:] for tensor in model.inputs]
    if any(len(shape) != 3 or None in shape for shape in shapes):
        raise UserError(
            f"{path} takes inputs of shape {_all(shapes)}; an image of fixed size (rows, columns, channels) is needed: "
            "rebuild the model with keras.Input(shape=(rows, columns, channels))"
        )
    if len({shape[:2] for shape in shapes}) > 1:
        raise UserError(
            f"{path} takes inputs of shape {_all(shapes)}; several inputs become channels of one image, so all need "
            "equal rows and columns: resize the images, and the model's inputs, to one size"
        )
    rebuilt = rebuild.run(model, shapes)
    problems = rebuild.problems + misplaced_heads(rebuilt) + _bad_weights(path, rebuilt)
    if problems:
        raise UserError(problems)
    for rewrite in KERAS_PASSES:
        rebuilt = rewrite(rebuilt)
    return rebuilt


class _Rebuild:
    """Runs a model of either Keras on a tf-keras input tensor, making each layer anew, and collects all refusals."""

    def __init__(self, max_pooling: bool) -> None:
        self.keras = load_tf_keras()
        self.max_pooling = max_pooling
        self.problems: list[str] = []
        self.made: dict[int, Call] = {}
        self.names: set[str] = set()

    def run(self, model: Model, shapes: list[tuple[int, ...]]) -> Model:
        """The model anew, its inputs of ``shapes`` in one; refused layers are zeros of the right shape in it."""
        rows, columns = shapes[0][:2]
        image = self.keras.Input((rows, columns, sum(shape[2] for shape in shapes)), name="image")
        inputs = [image] if len(shapes) == 1 else self._channels(image, [shape[2] for shape in shapes])
        return self.keras.Model(image, self._flatten(model, inputs), name=model.name)

    def new_layers(self, kind: str, name: str, config: Config) -> list[Layer]:
        """The tf-keras layers that do what the one of class ``kind`` does, or none and one more problem."""
        found = [self._new_layer(*step) for step in _apart(kind, name, config)]
        return [] if None in found else found

    def _new_layer(self, kind: str, name: str, config: Config) -> Layer:
        arguments = _arguments(config, getattr(self.keras.layers, kind, None))
        reason = unknown(kind, arguments.get("activation"))
        if reason is None:
            layer = getattr(self.keras.layers, kind)(name=self._fresh(name), **arguments)
            reason = refusal(layer, max_pooling=self.max_pooling)
            if reason is None:
                return layer
        self.problems.append(f"layer '{name}' ({kind}): {reason}")
        return None

    def _channels(self, image: Tensor, counts: list[int]) -> list[Tensor]:
        """The channels of ``image`` in groups, the first ``counts[0]`` and so on, each by a fixed convolution."""
        groups = np.split(np.eye(sum(counts)), np.cumsum(counts)[:-1], axis=1)
        found = []
        for i, group in enumerate(groups):
            pick = self.keras.layers.Conv2D(
                group.shape[1], 1, use_bias=False, trainable=False, name=self._fresh(f"image_{i + 1}")
            )
            found.append(pick(image))
            pick.set_weights([group[None, None]])
        return found

    def _flatten(self, model: Model, inputs: list[Tensor]) -> Tensor:
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

    def _layer(self, old: Layer) -> Callable[..., Tensor]:
        """The new layer (or layers) for one old layer or operation; the same one each time the old one is called."""
        if getattr(old, "_functional", None) or hasattr(old, "_run_through_graph") or hasattr(old, "_nodes_by_depth"):
            return lambda inputs, **_: self._flatten(old, _as_list(inputs))
        if is_operation(old):
            return lambda *args, **kwargs: self._operation(old, args, kwargs)
        if id(old) not in self.made:
            self.made[id(old)] = self._make(old)
        make = self.made[id(old)]
        return lambda *inputs, **_: make(list(inputs) if len(inputs) > 1 else inputs[0])

    def _make(self, old: Layer) -> Call:
        kind = type(old).__name__
        if kind in IDENTITY_LAYERS:
            return lambda inputs: inputs
        layers = self.new_layers(kind, old.name, old.get_config())
        if not layers:
            return self._stand_in(old)
        weights = old.get_weights()
        state = {"loaded": not weights}

        def call(inputs: Tensor) -> Tensor:
            outputs = inputs
            for layer in layers:
                outputs = layer(outputs)
            if not state["loaded"]:
                layers[0].set_weights(weights)
                state["loaded"] = True
            return outputs

        return call

    def _operation(self, old: Layer, args: tuple[Tensor, ...], kwargs: Config) -> Tensor:
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

    def _stand_in(self, old: Layer) -> Call:
        """Zeros of the shape that ``old`` gives, so that the walk goes on and finds the refusals after this one."""
        tf = load_tensorflow()
        shape = tuple(_as_list(old._inbound_nodes[0].outputs)[0].shape)[1:]

        def zeros(inputs: Tensor) -> Tensor:
            return tf.zeros((tf.shape(_as_list(inputs)[0])[0], *shape))

        return self.keras.layers.Lambda(zeros)  # type: ignore[no-any-return]

    def _fresh(self, name: str) -> str:
        """``name``, or ``name_2`` and so on where two nested models use it."""
        free = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 10_000))) if n not in self.names)
        self.names.add(free)
        return free


class _Tensors(dict[str, Tensor]):
    """New tensors by the id of the old ones, in the form that tf-keras' ``Node.map_arguments`` pops them from."""

    def __getitem__(self, key: str) -> list[Tensor]:
        return [super().__getitem__(key)]


def _arguments(config: Config, cls: type[Layer] | None) -> Config:
    """The arguments in ``config`` that matter at inference and that ``cls`` of tf-keras knows."""
    known = set(inspect.signature(cls.__init__).parameters) if cls is not None else set()
    skipped = ("_initializer", "_regularizer", "_constraint")
    kept = {k: v for k, v in config.items() if k in known - {"name", "dtype"} and not k.endswith(skipped)}
    if isinstance(kept.get("axis"), list) and cls is not None and cls.__name__ == "BatchNormalization":
        kept["axis"] = kept["axis"][0]
    if isinstance(kept.get("activation"), dict):
        kept["activation"] = _activation_name(kept["activation"])
    if cls is not None and cls.__name__ == "LeakyReLU":  # Keras 3 has another name for it
        kept["alpha"] = config.get("negative_slope", config.get("alpha"))
    return kept


def _apart(kind: str, name: str, config: Config) -> list[tuple[str, str, Config]]:
    """(class, name, configuration) of a layer without its activation, and of the layer that this becomes."""
    saved = config.get("activation")
    label = _activation_name(saved)
    if isinstance(saved, dict) and saved["class_name"] in ("ReLU", "LeakyReLU"):
        label, after = "relu", (saved["class_name"], saved["config"])
    elif label in ACTIVATION_LAYERS:
        after = ACTIVATION_LAYERS[label]
    else:
        return [(kind, name, config)]
    if kind == "Activation":
        return [(after[0], name, after[1])]
    return [(kind, name, {**config, "activation": "linear"}), (after[0], f"{name}_{label}", after[1])]


def _activation_name(saved: Config | str | None) -> str:
    """The name of an activation that is saved as a name, a function or a layer."""
    if not isinstance(saved, dict):
        return str(saved or "linear")
    return str(saved["config"] if isinstance(saved["config"], str) else saved["class_name"])


def _as_list(value: Tensor) -> list[Tensor]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _all(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(str(shape) for shape in shapes)


def _bad_weights(path: Path, model: Model) -> list[str]:
    return [
        f"layer '{layer.name}' of {path} has {int((~np.isfinite(w)).sum())} weights that are NaN or infinite; "
        "load a checkpoint from before the training diverged"
        for layer in model.layers
        for w in layer.get_weights()
        if not np.isfinite(w).all()
    ]
