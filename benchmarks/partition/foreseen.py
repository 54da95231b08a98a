"""What ``convert-model --check`` foresees of a model, beside the bundle that it became.

``python -m benchmarks.partition.foreseen MODEL BUNDLE [average or strided]`` prints neurons, projections, cores and
steps of both; BUNDLE has been partitioned.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import convert
from convert.network import SharedKernel
from convert.upstream.tensorflow import load_keras3, load_tf_keras
from partition import foreseen_cores, read_partition


def main(model: Path, bundle: Path, max_pooling: str | None = None) -> None:
    load_tf_keras()
    load_keras3()
    begin_s = time.process_time()
    foreseen = convert.check_model(model, convert.Options(max_pooling=max_pooling), fit=foreseen_cores)
    print(f"{model.name}: {time.process_time() - begin_s:.1f} CPU seconds after TensorFlow is loaded")
    network, planned = convert.load_network(bundle), read_partition(bundle / "partition.json").report
    names = {layer.name for layer in foreseen.layers} | {"input"}
    made = [p for p in network.projections if p.source in names]
    layers = convert.load_report(bundle).layers
    rows = {
        "neurons on the chip": (foreseen.neurons.estimated, sum(p.neurons for p in network.chip_populations)),
        "projections": (len(foreseen.projections), len(made)),
        "of shared kernels": (
            sum(p.kernel is not None for p in foreseen.projections),
            sum(isinstance(p.transform, SharedKernel) for p in made),
        ),
        "synapses of all": (sum(p.synapses for p in foreseen.projections), sum(map(synapses(network), made))),
        "cores, fewest": (foreseen.cores.estimated, foreseen_cores(network).cores),
        "cores, planned": (foreseen.cores.estimated, planned.cores),
        "chips, planned": (foreseen.chips.estimated, planned.chips),
        "steps, at least": (foreseen.least_timesteps.estimated, 1 + max(network.depth().values())),
        "image through after": (foreseen.arrival_step.estimated, max(layer.arrival_step for layer in layers)),
    }
    for name, (ours, theirs) in rows.items():
        print(f"{name:22}{ours:>15,}{theirs:>15,}")


def synapses(network: convert.Network):
    return lambda p: int(p.transform.fan_out(network.shape_of(p.source), network.shape_of(p.target)).sum())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
