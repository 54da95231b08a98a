"""What is behind a fence, from events: a spiking encoder on the chip and a Keras decoder on the host, or no spikes.

    python -m benchmarks.spiking.behind_a_fence TRAIN TEST WORK

TRAIN and TEST are folders of images (EM slices); what is done already lies in WORK. Simulated events of a fence that
passes in front of parts of the images; the same decoder on summed events, behind a ReLU encoder and behind spikes. The
sizes of the encoder are those of E-SAI (1x1, 3x3, 7x7) with fewer channels. About a minute of a core.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

import deploy
from convert.bundle import load_network, load_rates
from convert.data.events.binning import Binning
from convert.data.events.opening import open_events
from convert.simulated_events.api import make_events
from convert.simulated_events.options import EventOptions
from convert.spiking.api import convert_nir
from convert.spiking.options import NirOptions
from convert.upstream.tensorflow import load_keras3
from convert.upstream.types import Model, Tensor
from deploy.runs.options import RunOptions
from partition import partition
from partition.files import write_partition
from partition.result import Partition, read_partition

SIZE, STEPS, STEP_S = 24, 60, 0.005
TRAINED, TESTED = 200, 40
LAYERS = ((8, 1), (12, 3), (12, 7))
"""Channels and size of the kernels of the encoder."""
WIDTH, EPOCHS, BATCH = 16, 24, 10
RATE = 0.2
"""Spikes a step at the percentile of a layer's activations."""
PERCENTILE = 99.9
EVENTS = EventOptions(
    "fence", duration_s=STEPS * STEP_S, threshold=0.8, noise_hz=1.0, crop=(SIZE, SIZE), recordings=TRAINED
)

Images = NDArray[np.float32]


@dataclass(frozen=True)
class Recordings:
    """Events in steps, shape (recordings, steps, rows, columns, 2), and the images that were hidden."""

    steps: Images
    images: Images

    @property
    def mean(self) -> Images:
        """Events a step, which a network without spikes is given."""
        return self.steps.mean(axis=1, dtype=np.float32)


def recordings(folder: Path, file: Path, options: EventOptions) -> Recordings:
    if not file.exists():
        print(make_events(folder, file, options).how, flush=True)
    data = open_events(file, (SIZE, SIZE, 2), Binning(STEP_S, STEPS), None, (SIZE, SIZE, 1))
    print(data, flush=True)
    every = range(len(data.dataset))
    return Recordings(
        np.stack([data.dataset.image(i).astype(np.uint8) for i in every]),
        np.stack([np.asarray(data.dataset.label(i)) for i in every]),
    )


def decoder(given: Tensor) -> Tensor:
    """The host's part: a small residual network."""
    layers = load_keras3().layers
    x = layers.Conv2D(WIDTH, 3, padding="same", activation="relu")(given)
    for _ in range(2):
        y = layers.Conv2D(WIDTH, 3, padding="same", activation="relu")(x)
        x = layers.Add()([x, layers.Conv2D(WIDTH, 3, padding="same")(y)])
    return layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x)


def decoder_alone(channels: int) -> Model:
    keras = load_keras3()
    given = keras.Input((SIZE, SIZE, channels))
    return keras.Model(given, decoder(given))


def with_encoder() -> Model:
    keras = load_keras3()
    given = x = keras.Input((SIZE, SIZE, 2))
    for i, (channels, size) in enumerate(LAYERS):
        x = keras.layers.Conv2D(channels, size, padding="same", activation="relu", name=f"encoder{i}")(x)
    return keras.Model(given, decoder(x))


def trained(model: Model, file: Path, given: Images, wanted: Images) -> Model:
    """``model`` trained to give ``wanted``, or as it was trained before."""
    keras = load_keras3()
    if file.exists():
        return keras.saving.load_model(file)
    steps = EPOCHS * -(-len(given) // BATCH)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)), "mse")
    model.fit(given, wanted, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    model.save(file)
    return model


def spiking_encoder(model: Model, given: Images, file: Path) -> None:
    """The ReLU encoder of ``model`` as IF neurons: the percentile of each layer's activations becomes ``RATE``."""
    keras = load_keras3()
    nodes, before = {"input": nir.Input({"input": np.array([2, SIZE, SIZE])})}, 1.0
    for i in range(len(LAYERS)):
        layer = model.get_layer(f"encoder{i}")
        found = np.asarray(keras.Model(model.inputs, layer.output).predict(given, verbose=0))
        scale = RATE / np.percentile(found, PERCENTILE)
        kernel, bias = (np.asarray(weights) for weights in layer.get_weights())
        weight = (kernel * scale / before).transpose(3, 2, 0, 1).astype(np.float32)
        half = kernel.shape[0] // 2
        nodes[f"conv{i}"] = nir.Conv2d((SIZE, SIZE), weight, 1, (half, half), 1, 1, (bias * scale).astype(np.float32))
        shape = (kernel.shape[3], SIZE, SIZE)
        nodes[f"if{i}"] = nir.IF(np.ones(shape), np.ones(shape))
        before = scale
    nodes["output"] = nir.Output({"output": np.array(shape)})
    names = list(nodes)
    nir.write(file, nir.NIRGraph(nodes, list(pairwise(names))))


def spikes_of(net: Path, work: Path, given: Recordings, name: str) -> Images:
    """What the chip gives for the recordings, spikes a step: exact integers."""
    file, bundle = work / f"{name}.npy", work / "encoder.bundle"
    if file.exists():
        return np.load(file)
    if not bundle.exists():
        convert_nir(net, bundle, None, NirOptions(timesteps=STEPS))
    run = deploy.run_images(load_network(bundle), partitioned(bundle), given.steps, threads=1)
    np.save(file, run.outputs[-1])
    return run.outputs[-1]


def partitioned(bundle: Path) -> Partition:
    if not (bundle / "partition.json").exists():
        network = load_network(bundle)
        write_partition(bundle, partition(network, load_rates(bundle), seconds=10), network)
    return read_partition(bundle / "partition.json")


def psnr(outputs: Images, wanted: Images) -> NDArray[np.float64]:
    """Of each image, in dB; white is 1."""
    errors = np.mean((outputs.astype(np.float64) - wanted).reshape(len(outputs), -1) ** 2, axis=1)
    return np.asarray(-10 * np.log10(errors))


def hybrid(net: Path, work: Path, test: Path) -> dict[str, Any]:
    """Every command on the encoder with its decoder: run.json."""
    bundle = work / "hybrid.bundle"
    if not bundle.exists():
        options = NirOptions(timesteps=STEPS, decoder=str(work / "decoder_of_spikes.keras"), calibration_images=8)
        convert_nir(net, bundle, None, options)
    partitioned(bundle)
    if not (bundle / "runs" / "fast").exists():
        deploy.run(bundle, test, RunOptions(event_dt_s=STEP_S, measure=False, threads=1))
    return json.loads((bundle / "runs" / "fast" / "run.json").read_text())


def main(train_folder: Path, test_folder: Path, work: Path) -> None:
    work.mkdir(exist_ok=True, parents=True)
    load_keras3().utils.set_random_seed(0)
    train = recordings(train_folder, work / "train.npz", EVENTS)
    test = recordings(test_folder, work / "test.npz", replace(EVENTS, recordings=TESTED, seed=1))
    rows = {
        "mean image of the training data": psnr(np.broadcast_to(train.images.mean(), test.images.shape), test.images)
    }
    alone = trained(decoder_alone(2), work / "summed.keras", train.mean, train.images)
    rows["decoder on summed events"] = psnr(np.asarray(alone.predict(test.mean, verbose=0)), test.images)
    relu = trained(with_encoder(), work / "relu.keras", train.mean, train.images)
    rows["ReLU encoder on summed events, decoder"] = psnr(np.asarray(relu.predict(test.mean, verbose=0)), test.images)
    spiking_encoder(relu, train.mean, work / "encoder.nir")
    seen = spikes_of(work / "encoder.nir", work, train, "spikes")
    trained(decoder_alone(LAYERS[-1][0]), work / "decoder_of_spikes.keras", seen, train.images)
    run = hybrid(work / "encoder.nir", work, work / "test.npz")
    with np.load(work / "hybrid.bundle" / "runs" / "fast" / "outputs.npz") as held:
        rows["spiking encoder on the chip, decoder"] = psnr(held["outputs"], held["labels"])
    print(f"\n| of {len(test.images)} parts of other slices | PSNR, dB |\n|---|---|")
    for name, values in rows.items():
        print(f"| {name} | {values.mean():.2f} +- {values.std(ddof=1) / np.sqrt(len(values)):.2f} |")
    means = [
        f"{name} {values.mean() - rows['ReLU encoder on summed events, decoder'].mean():+.2f}"
        for name, values in rows.items()
    ]
    print("against the ReLU encoder: " + "; ".join(means))
    print({key: run[key] for key in ("spikes", "synops", "decoder", "simulated", "timesteps")}, run["metrics"]["snn"])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
