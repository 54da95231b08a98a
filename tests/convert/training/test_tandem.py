"""Fine-tuning through spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from convert.calibration.fit_layers import calibrate_spiking
from convert.calibration.simulate import drive_hz
from convert.network import INPUT, Convolution, Projection
from convert.training.losses import TEMPERATURE, distillation_loss
from convert.training.tandem import spiking_rates, train_spiking
from tests.builders.image_networks import images
from tests.builders.map_of_classes import map_of_classes, outputs


@pytest.fixture(scope="module")
def network():
    """Three chip populations and a 1x1 convolution to a map of four classes."""
    return map_of_classes()


class Teacher:
    """What the network gives without spikes."""

    def __init__(self, network):
        self.network = network

    def logits(self, images):
        rates = {INPUT: images}
        for p in self.network.populations:
            rates[p.name] = np.maximum(drive_hz(self.network, p, rates), 0)
        return [np.float32(outputs(self.network, rates))]


def test_training_brings_the_spiking_outputs_nearer_to_the_teacher_on_other_images(network):
    arrival = calibrate_spiking(network, images(8)).arrival
    exact, batches = Teacher(network), [images(16, seed) for seed in range(60)]
    steps = []
    trained = train_spiking(network, arrival, batches, exact, count=60, advance=steps.append)
    held_out = images(32, seed=99)
    (wanted,) = exact.logits(held_out)
    least = float(distillation_loss(wanted, wanted))
    before, after = (
        float(distillation_loss(wanted, outputs(n, spiking_rates(n, arrival, held_out)))) - least
        for n in (network, trained)
    )
    assert len(steps) == 60
    assert after < 0.7 * before


def test_what_has_a_structure_of_zeros_and_what_meets_the_image_stays(network):
    start = calibrate_spiking(network, images(8))
    eye = Projection("p0", "p1", Convolution(np.eye(4).reshape(1, 1, 4, 4)))
    given = replace(start.network, projections=(*start.network.projections, eye))
    trained = train_spiking(given, start.arrival, [images(4)], Teacher(network), count=1)
    for before, after in zip(given.projections, trained.projections, strict=True):
        changed = not np.array_equal(before.transform.kernel, after.transform.kernel)
        assert changed == (before.source != INPUT and before is not eye)


def test_distillation_is_the_cross_entropy_of_softened_outputs():
    rng = np.random.default_rng(0)
    wanted, given = rng.normal(0, 3, (2, 5, 4)).astype(np.float32)
    expected = -(softmax(wanted / TEMPERATURE, -1) * log_softmax(given / TEMPERATURE, -1)).sum(-1).mean()
    assert np.isclose(float(distillation_loss(wanted, given)), expected * TEMPERATURE**2, rtol=1e-5)
    one = 1 / (1 + np.exp(-wanted[:, :1] / TEMPERATURE))
    z = given[:, :1] / TEMPERATURE
    binary = (np.log1p(np.exp(z)) - one * z).mean()
    assert np.isclose(float(distillation_loss(wanted[:, :1], given[:, :1])), binary * TEMPERATURE**2, rtol=1e-5)
