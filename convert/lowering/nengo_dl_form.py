"""Through NengoDL: the network as a tf-keras model of ``PopulationLayer``s, converted by ``nengo_dl.Converter``.

One Keras layer stands for one population with all its projections, so that the converted ``nengo.Network`` has one
connection per projection and no passthrough nodes: what NengoLoihi can place on cores.
"""

from __future__ import annotations

import functools
import warnings

import nengo
import numpy as np
from numpy.typing import NDArray

from convert.network import INPUT, Network, Population, Projection, Readout
from convert.network.nengo_form import add_population, nengo_transform, seen
from convert.network.tensorflow_form import apply
from convert.upstream.nengo_dl import load_nengo_dl
from convert.upstream.tensorflow import load_tf_keras
from convert.upstream.types import Layer, Model, NengoObject, Tensor


def keras_form(network: Network) -> Model:
    """``network`` as a tf-keras functional model; its outputs are the readouts before their activation."""
    keras = load_tf_keras()
    layer = population_layer_class()
    tensors: dict[str, Tensor] = {INPUT: keras.Input(network.input.shape, name=INPUT)}
    targets: list[Population | Readout] = [*network.populations, *network.readouts]
    for target in targets:
        into = network.into(target.name)
        sources = [tensors[p.source] for p in into]
        tensors[target.name] = layer(target, into, network)(sources)
    return keras.Model(tensors[INPUT], [tensors[readout.name] for readout in network.readouts])


@functools.cache
def population_layer_class() -> type[Layer]:
    """The Keras layer class, known to NengoDL's converter; made on first use, for it needs TensorFlow."""
    keras, nengo_dl = load_tf_keras(), load_nengo_dl()

    class PopulationLayer(keras.layers.Layer):  # type: ignore[misc,name-defined]
        """relu(sum of projections + bias) in Hz for a population; the plain sum for a readout."""

        def __init__(self, target: Population | Readout, into: tuple[Projection, ...], network: Network) -> None:
            super().__init__(name=target.name.replace(":", "_"))
            self.target, self.into, self.network = target, into, network

        def call(self, sources: list[Tensor]) -> Tensor:
            total: Tensor = self.target.bias_hz if isinstance(self.target, Population) else self.target.bias
            total = total.astype(np.float32)
            for source, projection in zip(sources, self.into, strict=True):
                total = total + apply(projection.transform, source, self.target.shape)
            return keras.activations.relu(total) if isinstance(self.target, Population) else total

    class ConvertPopulation(nengo_dl.converter.LayerConverter):  # type: ignore[misc,name-defined]
        """One ensemble (or Node, for a readout) and one connection per projection."""

        def convert(self, node_id: int) -> NengoObject:
            layer = self.layer
            rates = nengo.RectifiedLinear()
            obj = _readout(layer.target) if isinstance(layer.target, Readout) else _rate_neurons(layer.target, rates)
            for i, projection in enumerate(layer.into):
                source = layer.network.shape_of(projection.source)
                transform = nengo_transform(projection.transform, source, layer.target.shape)
                given = seen(projection.transform, self.get_input_obj(node_id, tensor_idx=i), source)
                self.set_trainable(nengo.Connection(given, obj, synapse=None, transform=transform), False)
            return obj

    nengo_dl.Converter.register(PopulationLayer)(ConvertPopulation)
    return PopulationLayer


def _rate_neurons(population: Population, neuron_type: NengoObject) -> NengoObject:
    neurons = add_population(population, neuron_type)
    neurons.ensemble.bias = np.ravel(population.bias_hz)
    return neurons


def _readout(readout: Readout) -> NengoObject:
    node = nengo.Node(size_in=readout.bias.size, label=readout.name)
    nengo.Connection(nengo.Node(np.ravel(readout.bias), label=f"{readout.name} bias"), node, synapse=None)
    return node


def rate_outputs(network: Network, images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Readouts (before their activation) of the rate network in NengoDL's simulator, one array per readout."""
    nengo_dl = load_nengo_dl()
    converter = nengo_dl.Converter(keras_form(network), allow_fallback=False, inference_only=True)
    with converter.net:
        nengo_dl.configure_settings(stateful=False, keep_history=False)
    batch = len(images)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No GPU support detected")
        sim = nengo_dl.Simulator(converter.net, minibatch_size=batch, progress_bar=False, seed=0)
    with sim:
        data = {converter.inputs[converter.model.inputs[0]]: images.reshape(batch, 1, -1)}
        outputs = sim.predict(data, verbose=0)
    return [
        np.asarray(outputs[converter.outputs[tensor]]).reshape(batch, *readout.shape)
        for tensor, readout in zip(converter.model.outputs, network.readouts, strict=True)
    ]
