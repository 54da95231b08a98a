"""A Keras model by the recipe of NengoLoihi's example "keras-to-loihi": NengoDL's converter, then NengoLoihi as it is.

``StockChip.present`` is the recipe, one image after another in ``nengo_loihi.Simulator``. That takes many seconds for
an image, so accuracy is measured by ``next_image``: the integers that NengoLoihi built, run by the exact emulator.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np

from convert.upstream.nengo_dl import load_nengo_dl
from convert.upstream.nengo_loihi import load_nengo_loihi
from convert.upstream.tensorflow import load_tf_keras
from deploy.emulator import flatten_model, run_model
from deploy.emulator.host_side import host_spikes

from .stock_models import BLOCKS, DT_S, SPIKING

READOUTS = ("last step", "last 30 %")
"""How a class is read from the filtered output: as in keras-to-loihi, and as in NengoLoihi's CIFAR-10 example."""


@dataclass(frozen=True)
class Recipe:
    """The converter's two settings; ``scale`` is one number, or the mean rate in Hz that each layer is scaled to."""

    name: str
    scale: float | None
    synapse_s: float | None
    mean_hz: float | None = None


def scales(model: Any, recipe: Recipe, images: np.ndarray) -> Any:
    """``scale_firing_rates``: the number, or for each layer the wanted mean over its mean activity where not zero."""
    if recipe.mean_hz is None:
        return recipe.scale
    layers = [model.get_layer(name) for name in SPIKING]
    activities = load_tf_keras().Model(model.inputs, [layer.output for layer in layers]).predict(images, verbose=0)
    return {layer: recipe.mean_hz / float(a[a > 0].mean()) for layer, a in zip(layers, activities, strict=True)}


@dataclass(frozen=True)
class Shown:
    """One image: outputs (steps, classes), and the spikes of every step on the chip and of the host."""

    outputs: np.ndarray
    chip: np.ndarray
    host: np.ndarray


class StockChip:
    """The converted network in a ``nengo_loihi.Simulator`` that shows ``images`` for ``steps`` time steps each."""

    def __init__(self, model: Any, scale: Any, synapse_s: float | None, images: np.ndarray, steps: int) -> None:
        nengo_loihi, keras = load_nengo_loihi(), load_tf_keras()
        nengo_dl = load_nengo_dl()
        neurons = nengo_loihi.neurons.LoihiSpikingRectifiedLinear()
        made = nengo_dl.Converter(
            model,
            allow_fallback=False,
            scale_firing_rates=scale,
            synapse=synapse_s,
            swap_activations={keras.activations.relu: neurons},
        )
        layers = {name: made.layers[model.get_layer(name)] for name in SPIKING}
        flat_images = images.reshape(len(images), -1)
        made.inputs[model.inputs[0]].output = nengo.processes.PresentInput(flat_images, steps * DT_S)
        nengo_loihi.add_params(made.net)
        made.net.config[layers[SPIKING[0]].ensemble].on_chip = False
        for name, block in BLOCKS.items():
            shape = nengo_loihi.BlockShape(block, model.get_layer(name).output_shape[1:])
            made.net.config[layers[name].ensemble].block_shape = shape
        self.steps, self.synapse_s = steps, synapse_s
        self.output = made.outputs[model.outputs[0]]
        self.amplitude = float(layers[SPIKING[-1]].ensemble.neuron_type.amplitude)
        self.weights, self.bias = model.get_layer("dense1").get_weights()
        self.host = layers[SPIKING[0]]
        self.state: Any = None
        self.filtered = np.zeros((1, len(self.weights)))
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nengo_loihi fills integers with NaN and tells of lost bits
            self.sim = nengo_loihi.Simulator(made.net, target="sim", precompute=True, progress_bar=False)
        self.build_s = time.perf_counter() - start
        self.flat = flatten_model(self.sim.model)
        self.cores = len(self.sim.model.blocks)

    def present(self, images: int) -> tuple[np.ndarray, np.ndarray, float]:
        """The recipe: outputs (images, steps, classes), spikes on the chip in each image, and the seconds it took."""
        start, spikes = time.perf_counter(), []
        compartment = self.sim.sims["emulator"].compartment
        for _ in range(images):
            compartment.spike_count[:] = 0
            self.sim.run_steps(self.steps)
            spikes.append(int(compartment.spike_count.sum()))
        took = time.perf_counter() - start
        outputs = np.asarray(self.sim.data[self.output]).reshape(images, self.steps, -1)
        return outputs, np.array(spikes), took

    def next_image(self, *, fresh: bool) -> Shown:
        """The next image in NengoLoihi's integers: from a fresh state, or (the recipe) from the last image's."""
        if fresh:
            self._reset_host()
            self.state, self.filtered = None, np.zeros((1, len(self.weights)))
        given = host_spikes(self.sim, self.steps)
        result = run_model(self.flat, given, self.steps, state=self.state)
        self.state = result.state
        host = np.sum([raster.sum(axis=1) for raster in given], axis=0)
        return Shown(self._decoded(result.spikes), result.spikes.sum(axis=1), host)

    def _decoded(self, spikes: np.ndarray) -> np.ndarray:
        """The host's output node from the spikes on the chip, (steps, compartments): those of the last layer filtered.

        NengoLoihi delivers it ``delay`` steps later; those steps are given to it.
        """
        last = spikes[:, -len(self.weights) :] * (self.amplitude / DT_S)
        if self.synapse_s is not None:
            kept = np.exp(-DT_S / self.synapse_s)
            for rates in last:
                self.filtered = kept * self.filtered + (1 - kept) * rates
                rates[...] = self.filtered
        return np.asarray(last @ self.weights + self.bias)

    @property
    def delay(self) -> int:
        """Steps from a spike to the output: one from the chip to the host, and one in a filter."""
        return 1 if self.synapse_s is None else 2

    def _reset_host(self) -> None:
        host = self.sim.sims["host_pre"]
        signal = host.model.sig[self.host]["voltage"]
        host.signals[signal].setflags(write=True)
        host.signals[signal][...] = 0


def classes(outputs: np.ndarray, steps: int) -> dict[str, int]:
    """The class after ``steps`` of the ``outputs`` (steps, classes), by each of READOUTS."""
    window = outputs[steps - max(1, int(0.3 * steps)) : steps]
    return dict(zip(READOUTS, (int(outputs[steps - 1].argmax()), int(window.mean(axis=0).argmax())), strict=True))
