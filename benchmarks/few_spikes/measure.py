"""Trained waves on exact integers: accuracy, spikes and synaptic operations on test images.

    convert-model resnet20_cifar10.keras --data CIFAR10/train -o resnet.bundle
    partition-model resnet.bundle
    python -m benchmarks.few_spikes.measure resnet.bundle CIFAR10/test [IMAGES]

The bundle gives populations, tiles and chips; the first layer is cut so that a core holds all its channels.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from convert import load_network
from convert.data.dataset import open_data
from convert.network import BIAS_SOURCE_LAYER
from deploy import run_images
from deploy.runs.images import chosen_images
from partition import read_partition

from .networks import TrainedWave, with_first_tile

WEIGHTS = Path(__file__).with_name("weights")
WAVES = {"steps_8": 8, "steps_8_penalty": 8, "steps_8_pruned": 8, "steps_16": 16, "steps_16_penalty": 16}
AT_A_TIME = 250


def main(bundle: Path, data: Path, images: int | None) -> None:
    base = load_network(bundle)
    layers = [p.name for p in base.populations if p.source_layer != BIAS_SOURCE_LAYER]
    partition = with_first_tile(read_partition(bundle / "partition.json"), layers[1], layers[2])
    dataset = chosen_images(
        open_data(data, input_shape=base.input.shape, target_shape=base.readouts[0].output_shape), skip=0, images=images
    )
    for name, steps in WAVES.items():
        network = TrainedWave.read(WEIGHTS / f"{name}.npz", steps).network(base)
        right, spikes, host, synops = 0, 0, 0, 0
        for pixels, labels in dataset.batches(AT_A_TIME):
            found = run_images(network, partition, pixels)
            right += int(np.sum(found.outputs[-1].argmax(axis=-1) == labels))
            for counts in found.layers:
                synops += sum(c.synops or 0 for c in counts.values())
                spikes += sum(c.spikes for layer, c in counts.items() if layer in layers[1:])
                host += counts[layers[0]].spikes
        n = len(dataset)
        print(
            f"{name}: {network.timesteps} steps, accuracy {right / n:.4f} of {n} images; for each "
            f"{spikes / n / 1e3:.0f} k spikes on the chip and {host / n / 1e3:.0f} k of the host, "
            f"{synops / n / 1e6:.1f} M synaptic operations",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
