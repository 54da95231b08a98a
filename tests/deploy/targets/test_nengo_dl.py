"""Without the chip's integers, spikes at long times are the rates that Keras asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.load import load_model
from convert.frontends.keras.passes import average_pooling
from convert.lowering.lower import lower
from convert.lowering.nengo_dl_form import keras_form
from convert.network import Neuron
from convert.network.forward import activated
from convert.network.rescale import with_gains, with_scales
from deploy.targets.readout import outputs_of
from deploy.targets.registry import Job, prepare
from partition.result import Block, Partition
from tests.builders.boards import row_of_chips
from tests.builders.keras_models import images_for
from tests.builders.random_keras_models import random_model

STEPS = 800
LOSS = 0.25
"""What hard resets may cost, of the size of an output, where each layer fires a third as much as the one before."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 4])
def test_long_spiking_runs_approach_the_rates(seed, tmp_path):
    model = random_model(seed, blocks=1)
    model.save(tmp_path / "model.keras")
    cut = cut_at_relus(average_pooling(load_model(tmp_path / "model.keras")))
    images = images_for(model, count=1)
    network = slow(lower(cut.segments, cut.shapes), cut.original.activities(images))
    blocks = tuple(Block(p.name, tuple((0, n) for n in p.shape), 0, i) for i, p in enumerate(network.chip_populations))
    partition = Partition(row_of_chips(1), {p.name: p.shape for p in network.chip_populations}, blocks)
    job = Job(network, partition, [(STEPS // 2, STEPS)])
    counts = next(iter(prepare("nengo-dl", job)(images))).counts
    spiking = [outputs_of(network, readout, counts, job.windows).ravel() for readout in network.readouts]
    doubled = with_gains(network, {p.name: np.full(p.shape[2], 2.0) for p in network.chip_populations})
    assert apart(spiking, rates(network, images)) <= LOSS < apart(spiking, rates(doubled, images))


def slow(network, activities):
    """``network`` at rates that lose little at resets, without a floor for voltages."""
    depth = network.depth()
    scales = {name: 900 / 3 ** depth[name] / (float(np.max(a)) or 1.0) for name, a in activities.items()}
    network = with_scales(network, scales)
    populations = tuple(replace(p, neuron=Neuron(floor=-1e4)) if p.on_chip else p for p in network.populations)
    return replace(network, populations=populations, timesteps=STEPS)


def rates(network, images):
    values = keras_form(network)(images)
    return [activated(np.asarray(v), r.activation).ravel() for v, r in zip(values, network.readouts, strict=True)]


def apart(found, wanted):
    """The largest distance between outputs, relative to their size."""
    return max(np.linalg.norm(f - w) / np.linalg.norm(w) for f, w in zip(found, wanted, strict=True))
