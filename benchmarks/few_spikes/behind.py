"""Image behind image against one by one, on exact integers: equal outputs; images a second of chip time, joules.

    python -m benchmarks.few_spikes.behind networks [100]
    python -m benchmarks.few_spikes.behind BUNDLE CIFAR10/test [IMAGES]

The first compares random networks: outputs, and the spikes of every layer for every image. The second takes a bundle
that was converted with ``--follow`` and partitioned.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from convert import load_network
from convert.data.dataset import open_data
from convert.network import Network
from deploy import run_images
from deploy.emulator import compile_network, follow, run
from deploy.energy.counts import Counts
from deploy.energy.devices import DAVIES_2018
from deploy.energy.estimate import loihi_estimate
from deploy.events.counts import EVENTS, LayerCounts
from deploy.runs.images import chosen_images
from deploy.targets.registry import Job, prepare
from partition import read_partition
from partition.result import Partition
from tests.builders.following import following_case

AT_A_TIME = 250
SHOWN = 48
"""Images whose steps are looked at one by one."""


def networks(number: int, images: int = 8) -> None:
    """Prints how many random networks give the same image behind image as one by one."""
    equal, spikes = 0, 0
    for seed in range(number):
        case = following_case(Random(seed), images)
        program = compile_network(case.network, case.partition)
        windows = [(max(case.network.depth().values()), case.network.timesteps)]
        each = [{name: drives[i] for name, drives in case.drives_hz.items()} for i in range(images)]
        apart = run(program, case.drives_hz, windows=windows)
        behind = list(follow(program, each, windows=windows, together=images))
        layers = [layer.name for layer in program.chip_layers]
        equal += all(
            all(np.array_equal(a.readouts[name], b.readouts[name]) for name in a.readouts)
            and all(a.counts[name].spikes == b.counts[name].spikes for name in layers)
            for a, b in zip(apart, behind, strict=True)
        )
        spikes += sum(a.counts[name].spikes for a in apart for name in layers)
    print(f"{equal} of {number} random networks give the same, {images} images each, {spikes:,} spikes")


def bundle(path: Path, data: Path, images: int | None) -> None:
    """Prints what both ways of running ``path`` give and cost, and whether the outputs are the same."""
    network, partition = load_network(path), read_partition(path / "partition.json")
    dataset = chosen_images(
        open_data(data, input_shape=network.input.shape, target_shape=network.readouts[0].output_shape),
        skip=0,
        images=images,
    )
    outputs, layers = {}, {}
    for continuous in (False, True):
        parts = [
            run_images(network, partition, pixels, continuous=continuous) for pixels, _ in dataset.batches(AT_A_TIME)
        ]
        outputs[continuous] = np.concatenate([part.outputs[-1] for part in parts])
        layers[continuous] = [counts for part in parts for counts in part.layers]
    print(f"{path.name}: {len(dataset)} images, outputs equal: {np.array_equal(outputs[False], outputs[True])}")
    assert network.period is not None
    _cost("one by one", network, partition, layers[False], network.timesteps)
    _cost("image behind image", network, partition, layers[True], network.period)
    pixels, _ = next(iter(dataset.batches(SHOWN)))
    _busiest_cores(network, partition, pixels)


def _busiest_cores(network: Network, partition: Partition, pixels: NDArray[np.float32]) -> None:
    """Prints the time of one image if each step lasts as long as the mean core of its busiest layer works."""
    assert network.period is not None
    chip = network.chip_populations
    longer = network.with_(timesteps=network.timesteps + 8)  # until the last layer is cleared
    steps = range(1, longer.timesteps + 1)
    job = Job(longer, partition, [(step - 1, step) for step in steps])
    until = [run.until or {} for run in prepare("fast", job)(pixels)]
    work_s, each = {}, DAVIES_2018.values()
    for p in chip:
        synops = np.diff(
            np.mean([of_image[p.name][:, EVENTS.index("synops")] for of_image in until], axis=0), prepend=0
        )
        work_s[p.name] = synops / len(partition.blocks_of(p.name)) * each["seconds_per_synop"]
    updates_s = {
        p.name: partition.compartments(p.name) / len(partition.blocks_of(p.name)) * each["seconds_per_update"]
        for p in chip
    }

    def seconds(work: Mapping[str, NDArray[np.float64]], steps: int) -> float:
        longest = [max(work[p.name][step] + updates_s[p.name] for p in chip) for step in range(steps)]
        return sum(longest) + steps * each["seconds_per_step"]

    folded = {
        name: np.array([w[s :: network.period].sum() for s in range(network.period)]) for name, w in work_s.items()
    }
    alone, behind = seconds(work_s, network.timesteps), seconds(folded, network.period)
    print(f"  busiest layer of each step: {1 / alone:,.0f} images a second one by one, {1 / behind:,.0f} behind")


def _cost(
    how: str, network: Network, partition: Partition, counts: Sequence[dict[str, LayerCounts]], steps: int
) -> None:
    """One line for one way of running."""
    on_chip = [p.name for p in network.chip_populations]
    clearing = [p.name for p in network.populations if p.clearing]
    cores = {name: len(partition.blocks_of(name)) for name in on_chip}

    def mean(kind: str, names: Sequence[str]) -> float:
        return float(np.mean([sum(getattr(c[name], kind) for name in names) for c in counts]))

    brought = sum(
        mean("spikes", [p.source]) * p.transform.weights.size / network.population(p.source).neurons
        for p in network.projections
        if p.source in clearing
    )
    estimate = loihi_estimate(
        DAVIES_2018,
        Counts(
            timesteps=steps,
            synops=mean("synops", on_chip),
            neuron_updates=mean("neuron_updates", on_chip),
            spikes=mean("spikes", on_chip),
            messages=mean("messages", on_chip),
            chips=partition.chips,
            core_loads=tuple(
                (mean("synops", [name]) / cores[name], mean("neuron_updates", [name]) / cores[name]) for name in on_chip
            ),
        ),
    )
    seconds, joules = estimate.seconds_per_inference, estimate.joules_per_inference
    assert seconds is not None
    assert joules.total is not None
    assert joules.static is not None
    print(
        f"  {how}: every {steps} steps, {1 / seconds:,.0f} images a second of chip time, "
        f"{joules.total * 1e3:.3f} mJ ({joules.static * 1e3:.3f} static); {mean('spikes', on_chip):,.0f} spikes, "
        f"{mean('synops', on_chip):,.0f} synops, {mean('neuron_updates', on_chip):,.0f} updates; clearing: "
        f"{mean('spikes', clearing):,.0f} host spikes, {brought:,.0f} synops"
    )


if __name__ == "__main__":
    if sys.argv[1] == "networks":
        networks(int(sys.argv[2]) if len(sys.argv) > 2 else 100)
    else:
        bundle(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
