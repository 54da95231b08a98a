"""Any Keras file -> a flat tf-keras model, or every problem at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.errors import UserError
from convert.frontends.keras.operations.as_layers import as_layers, is_operation, way_out
from convert.frontends.keras.reading.configs import BY_SHAPE, SIZED, apart, arguments, for_shape
from convert.frontends.keras.reading.files import UnreadableError, layer_configs, read_model
from convert.frontends.keras.reading.packaged import packaged
from convert.upstream.tensorflow import load_tensorflow, load_tf_keras
from convert.upstream.types import Config, Layer, Model, Tensor

from . import fixed
from .cut import misplaced_heads
from .decoder import Decoder, split_at
from .inputs import Shapes, as_images, input_problems, shapes_of
from .layers import IDENTITY_LAYERS, refusal, unknown
from .names import RESERVED, plain
from .outputs import as_read, chosen, output_names
from .passes import KERAS_PASSES
from .refusals import Refusal, sentences
from .rewrite import Call
from .shapes import IMAGE_RANK
from .structures import flat, tensors_in
from .weights import misfit, not_finite, quantized, weights_of


@dataclass(frozen=True)
class Loaded:
    """A flat tf-keras functional ``model``, and the names of its outputs in the file that it comes from."""

    model: Model
    outputs: tuple[str, ...]
    decoder: Decoder | None = None
    """What the host computes after the ``model``, if a part of the file was left to it."""


@dataclass(frozen=True)
class Given:
    """A ``model`` of either Keras with the names of its ``outputs``, and ``problems`` of it that are known already."""

    model: Model
    outputs: tuple[str, ...]
    problems: tuple[str, ...] = ()


def load_model(path: Path, *, max_pooling: bool = True, output: str | None = None) -> Model:
    """The ``model`` of ``load``."""
    return load(path, max_pooling=max_pooling, output=output).model


def load(path: Path, *, max_pooling: bool = True, output: str | None = None, host_from: str | None = None) -> Loaded:
    """The model in ``path`` (Keras 3 or 2 .keras, .h5, SavedModel folder) as a flat tf-keras functional model.

    Nested models are inlined, activations given as arguments become layers of their own (named LAYER_relu), operations
    such as ``x + y`` layers, capped and leaky ReLUs plain ones, so each layer is one of ``layers.REGISTRY``.
    Several inputs become the channels of one, in the order of ``model.inputs``; ``output``, by its name, comes first of
    several. What follows from the layer ``host_from`` on is left to the host: none of its layers has to convert.
    Raises ``UserError`` with all problems of the model; max pooling is one if ``max_pooling`` is false.
    """
    rebuild = _Rebuild(max_pooling)
    try:
        model = read_model(path)
    except UnreadableError as error:
        for kind, name, config in layer_configs(path):
            if kind not in BY_SHAPE:
                rebuild.new_layers(kind, name, config)
        raise UserError(sentences(rebuild.refusals) or error.problems) from error
    return _flattened(path, Given(model, tuple(output_names(model))), rebuild, output, host_from)


def flattened(
    path: Path, given: Given, *, max_pooling: bool = True, output: str | None = None, host_from: str | None = None
) -> Loaded:
    """What ``load`` gives, for a model that another front end has read from ``path``."""
    return _flattened(path, given, _Rebuild(max_pooling), output, host_from)


def _flattened(path: Path, given: Given, rebuild: _Rebuild, output: str | None, host_from: str | None) -> Loaded:
    if host_from is not None:
        names = list(given.outputs)
        order = chosen(names, output)
        encoder, decoder = split_at(given.model, host_from, order[0])
        loaded = _flattened(path, Given(encoder, ("encoder",), given.problems), rebuild, None, None)
        return Loaded(loaded.model, tuple(names[i] for i in order), decoder)
    model, names = given.model, list(given.outputs)
    shapes = shapes_of(model)
    if given.problems:
        rebuild.look_through(model, shapes)
        raise UserError([*given.problems, *sentences(rebuild.refusals), *misplaced_heads(model)])
    order = chosen(names, output)
    if problems := input_problems(path, shapes):
        raise UserError(problems + sentences(rebuild.look_through(model, shapes)))
    rebuilt = as_read(rebuild.run(model, shapes, order))
    problems = sentences(rebuild.refusals) + misplaced_heads(rebuilt) + not_finite(path, rebuilt)
    if problems:
        raise UserError(problems)
    for rewrite in KERAS_PASSES:
        rebuilt = rewrite(rebuilt)
    return Loaded(rebuilt, tuple(names[i] for i in order))


class _Rebuild:
    """Runs a model of either Keras on a tf-keras input tensor, making each layer anew, and collects all refusals."""

    def __init__(self, max_pooling: bool) -> None:
        self.keras = load_tf_keras()
        self.max_pooling = max_pooling
        self.refusals: list[Refusal] = []
        self.made: dict[int, Call] = {}
        self.names: set[str] = set(RESERVED)

    def run(self, model: Model, shapes: Shapes, order: list[int]) -> Model:
        """The model anew, its inputs of ``shapes`` in one, its outputs in ``order``; refused layers are zeros in it."""
        images = as_images(shapes)
        counts = [channels for _, _, channels in images]
        image = self.keras.Input((*images[0][:2], sum(counts)), name="image")
        parts = [image] if len(shapes) == 1 else self._channels(image, counts)
        inputs = [self._as_given(part, shape) for part, shape in zip(parts, shapes, strict=True)]
        outputs = flat(self._flatten(model, inputs))
        return self.keras.Model(image, [outputs[i] for i in order], name=plain(model.name))

    def look_through(self, model: Model, shapes: Shapes) -> list[Refusal]:
        """The refusals of a model whose inputs, of ``shapes``, do not convert, as far as it goes."""
        with suppress(ValueError, TypeError, KeyError, IndexError, AttributeError):  # some layers need to know the size
            self._flatten(model, [self.keras.Input(shape) for shape in shapes])
        return self.refusals

    def new_layers(self, kind: str, name: str, config: Config) -> list[Layer]:
        """The tf-keras layers that do what the one of class ``kind`` does, or none and one more problem."""
        found = [self._new_layer(*step) for step in apart(kind, name, config)]
        return [] if None in found else found

    def _new_layer(self, kind: str, name: str, config: Config) -> Layer:
        given = arguments(config, getattr(self.keras.layers, kind, None))
        reason = unknown(kind, given.get("activation"))
        if reason is None and kind in IDENTITY_LAYERS:
            return self.keras.layers.Activation("linear", name=self._fresh(name))
        if reason is None:
            layer = getattr(self.keras.layers, kind)(name=self._fresh(name), **given)
            reason = refusal(layer, max_pooling=self.max_pooling)
            if reason is None:
                return layer
        size = f", {config['height']} x {config['width']}" if kind in SIZED and "height" in config else ""
        self.refusals.append(Refusal(name, kind, reason + size))
        return None

    def _channels(self, image: Tensor, counts: list[int]) -> list[Tensor]:
        """The channels of ``image`` in groups, the first ``counts[0]`` and so on, each by a fixed convolution."""
        groups = np.split(np.eye(sum(counts)), np.cumsum(counts)[:-1], axis=1)
        names = [self._fresh(f"image_{i + 1}") for i in range(len(groups))]
        return [fixed.channels(self.keras, group, name)(image) for group, name in zip(groups, names, strict=True)]

    def _as_given(self, image: Tensor, shape: tuple[int | None, ...]) -> Tensor:
        """``image`` as the input of ``shape`` that it stands for, a sequence or a vector."""
        if len(shape) == IMAGE_RANK:
            return image
        return self.keras.layers.Reshape(shape, name=self._fresh("as_given"))(image)

    def _flatten(self, model: Model, inputs: list[Tensor]) -> Tensor:
        functional = getattr(model, "_functional", None) or model
        if hasattr(functional, "_run_through_graph"):
            return functional._run_through_graph(inputs, operation_fn=self._layer)
        if isinstance(model, self.keras.Sequential):
            functional = self.keras.Model(model.inputs, model.outputs)
        tensors = Tensors((str(id(old)), new) for old, new in zip(functional.inputs, inputs, strict=True))
        for depth in sorted(functional._nodes_by_depth, reverse=True):
            for node in functional._nodes_by_depth[depth]:
                if not node.is_input:
                    args, kwargs = node.map_arguments(tensors)
                    outputs = self._layer(node.layer)(*args, **kwargs)
                    for old, new in zip(flat(node.outputs), flat(outputs), strict=True):
                        tensors[str(id(old))] = new
        outputs = [tensors.get(str(id(tensor))) for tensor in functional.outputs]
        return outputs[0] if len(outputs) == 1 else outputs

    def _layer(self, old: Layer) -> Callable[..., Tensor]:
        """The new layer (or layers) for one old layer or operation; the same one each time the old one is called."""
        if getattr(old, "_functional", None) or hasattr(old, "_run_through_graph") or hasattr(old, "_nodes_by_depth"):
            return lambda *args, **kwargs: self._flatten(old, flat(args[0]) if args else tensors_in(kwargs))
        if is_operation(old):
            return lambda *args, **kwargs: self._operation(old, args, kwargs)

        def call(*args: Tensor, **kwargs: Tensor) -> Tensor:
            tensors = tensors_in(args) or tensors_in(kwargs)
            if id(old) not in self.made:
                self.made[id(old)] = self._make(old, tuple(tensors[0].shape)[1:])
            return self.made[id(old)](tensors if len(tensors) > 1 else tensors[0])

        return call

    def _make(self, old: Layer, shape: tuple[int, ...]) -> Call:
        """What to call instead of ``old``, whose first input is of ``shape``."""
        kind, config = for_shape(type(old).__name__, old.get_config(), shape)
        if kind in IDENTITY_LAYERS:
            return lambda inputs: inputs
        if (plain := packaged(old)) is not None:
            return plain(self.keras, old, self._fresh(old.name))
        merges_one = kind in ("Concatenate", "Average", "Add", "Maximum", "Minimum")
        layers = self.new_layers(kind, old.name, config)
        reason = quantized(old) if layers else None
        if reason is not None:
            self._refuse(old, reason)
        if not layers or reason is not None:
            return self._stand_in(old)
        weights = weights_of(old)
        state = {"loaded": not weights}

        def call(inputs: Tensor) -> Tensor:
            if merges_one and not isinstance(inputs, list):
                return inputs
            outputs = inputs
            for layer in layers:
                outputs = layer(outputs)
            if not state["loaded"]:
                self._load(old, layers[0], weights)
                state["loaded"] = True
            return outputs

        return call

    def _load(self, old: Layer, new: Layer, weights: list[Tensor]) -> None:
        reason = misfit(new, weights)
        if reason is None:
            new.set_weights(weights)
        else:
            self._refuse(old, reason)

    def _refuse(self, old: Layer, reason: str) -> None:
        self.refusals.append(Refusal(old.name, type(old).__name__, reason))

    def _operation(self, old: Layer, args: tuple[Tensor, ...], kwargs: Config) -> Tensor:
        """What an operation such as ``x + y`` gives, by layers."""
        found = as_layers(self.keras, old, args, kwargs, self._fresh(old.name))
        reason: str | None = f"this operation does not convert; {way_out(old)}"
        if found is not None:
            layers, outputs = found
            reason = next((refused for layer in layers if (refused := refusal(layer)) is not None), None)
            if reason is None:
                for layer in layers:
                    outputs = layer(outputs)
                return outputs
        self._refuse(old, str(reason))
        return self._stand_in(old)(tensors_in([args, kwargs]))

    def _stand_in(self, old: Layer) -> Call:
        """Zeros of the shapes that ``old`` gives, so that the walk goes on and finds the refusals after this one."""
        tf = load_tensorflow()

        def zeros(shape: tuple[int | None, ...], given: list[Tensor]) -> Tensor:
            some = tf.zeros((tf.shape(given[0])[0], *(1 if n is None else n for n in shape)))
            return some if None not in shape else tf.raw_ops.PlaceholderWithDefault(input=some, shape=(None, *shape))

        def call(inputs: Tensor) -> Tensor:
            given = flat(inputs)
            shapes = [tuple(tensor.shape) for tensor in given]
            nodes = old._inbound_nodes
            alike = [n for n in nodes if [tuple(t.shape) for t in tensors_in(n.input_tensors)] == shapes]
            made = [tuple(output.shape)[1:] for output in flat((alike or nodes)[0].outputs)]
            stand_ins = [self.keras.layers.Lambda(lambda x, shape=shape: zeros(shape, flat(x))) for shape in made]
            outputs = [stand_in(given if len(given) > 1 else given[0]) for stand_in in stand_ins]
            return outputs if len(outputs) > 1 else outputs[0]

        return call

    def _fresh(self, name: str) -> str:
        """``name`` in plain characters, or ``name_2`` and so on where it is taken."""
        name = plain(name)
        free = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 10_000))) if n not in self.names)
        self.names.add(free)
        return free


class Tensors(dict[str, Tensor]):
    """New tensors by the id of the old ones, in the form that tf-keras' ``Node.map_arguments`` pops them from."""

    def __getitem__(self, key: str) -> list[Tensor]:
        return [super().__getitem__(key)]
