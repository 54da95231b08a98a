"""A Keras model as the architecture of a spiking network: each of its ReLUs is a layer of neurons that take events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from convert.data.validation import listed
from convert.errors import UserError
from convert.network import (
    INPUT,
    Convolution,
    Input,
    Network,
    Neuron,
    Population,
    Projection,
    Sparse,
    TimeCourse,
    event_source,
)
from convert.network.transforms import DENSE


def spiking_architecture(path: Path, neuron: Neuron, steps: int) -> Network:
    """The network in the model file ``path`` whose ReLUs are neurons of the equation ``neuron`` on the chip.

    It takes the input's shape of events in each of ``steps`` and runs until they have passed all layers; its weights
    are the model's, in thresholds. Raises ``UserError`` with all problems of the model.
    """
    from convert.frontends.keras.cut import cut_at_relus
    from convert.frontends.keras.layers import POOLED, role
    from convert.frontends.load import load
    from convert.lowering.lower import lower

    model = load(path).model
    if pooled := [f"'{layer.name}'" for layer in model.layers if role(layer) == POOLED]:
        raise UserError(
            f"{listed(pooled)}: the largest of several drives is no sum of spikes; use AveragePooling2D, or strides in "
            "the layer before it"
        )
    cut = cut_at_relus(model, on_host=False)
    if any(segment.activation is not None and INPUT in segment.sources for segment in cut.segments):
        raise UserError("the input reaches the output past all ReLUs; put a layer with a ReLU between")
    network = lower(cut.segments, cut.shapes)
    if biased := [f"'{p.name}'" for p in network.populations if p.bias_hz.any()]:
        raise UserError(
            f"{listed(biased)}: layers before it have biases or offsets that are not 0, and neurons that take events "
            "have none; use use_bias=False, no normalization with offsets, or a model that is not trained"
        )
    return on_events(network, neuron, steps)


def on_events(network: Network, neuron: Neuron, steps: int) -> Network:
    """``network``, lowered for images, with events for its input and all of its populations on the chip."""
    network = network.with_(projections=tuple(_connected(network, p) for p in network.projections))
    source, as_they_are = event_source(network.input.shape)
    populations = (replace(source, end_step=steps), *(_on_chip(p, neuron) for p in network.populations))
    projections = tuple(replace(p, source=source.name) if p.source == INPUT else p for p in network.projections)
    changed = network.with_(
        input=Input(network.input.shape, TimeCourse.EVENTS),
        populations=populations,
        projections=(as_they_are, *projections),
    )
    return changed.with_(timesteps=steps + max(changed.depth().values()))


def _connected(network: Network, projection: Projection) -> Projection:
    """With single synapses for what connects only some of two vectors, as branches of several inputs do: weights of 0
    would be operations, too."""
    shapes = network.shape_of(projection.source), network.shape_of(projection.target)
    transform = projection.transform
    if not isinstance(transform, Convolution) or any(shape[:2] != (1, 1) for shape in shapes):
        return projection
    if (transform.kernel != 0).mean() > DENSE:
        return projection
    return replace(projection, transform=Sparse(transform.as_matrix(*shapes)))


def _on_chip(population: Population, neuron: Neuron) -> Population:
    return replace(population, on_chip=True, neuron=neuron)
