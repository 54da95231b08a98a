"""Training through the wave's own steps."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from convert.errors import UserError
from convert.network import Convolution, Sparse
from convert.network.tensorflow_form import apply
from convert.training.losses import cross_entropy
from convert.training.recipes.stbp import stbp
from convert.training.wave.aim import Goals
from convert.training.wave.batch import fan_out
from convert.training.wave.event_engine import passes
from convert.training.wave.layers import wave_layers
from convert.training.wave.readout_gradient import backward
from convert.training.wave.schedule import Wave
from convert.training.wave.start_from import require_populations, started_from
from convert.training.wave.training import STATE, train_wave
from tests.builders.image_networks import chain, images
from tests.builders.map_of_classes import outputs
from tests.builders.taught_waves import STEPS, Teacher, batches, error, loud_network, same_wave


@pytest.fixture(scope="module")
def network():
    return loud_network()


def spikes(wave, shown):
    """Spikes of the layers on the chip, a image."""
    layers = wave_layers(wave, {})
    return np.mean([sum(p.counts(layer).sum() for layer in layers) for p in passes(wave, layers, shown)])


def test_training_brings_the_outputs_nearer_to_the_teachers(network):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    steps: list[int] = []
    trained = train_wave(wave, batches, teacher, stbp(16, Goals(), learning_rate=0.03), advance=steps.append)
    assert steps == [1] * 16
    held_out = images(12, 999)
    assert error(trained, teacher, held_out) < 0.6 * error(wave, teacher, held_out)


def test_layers_alone_come_nearer_to_their_own_activations(network):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    recipe = stbp(12, Goals(), alone=1.0, learning_rate=0.03)
    trained = train_wave(wave, batches, teacher, recipe)

    def distance(of):
        layers, shown = wave_layers(of, {}), images(12, 999)
        goals = teacher.activities(shown)
        total = 0.0
        for layer in layers:
            counts = np.stack([p.counts(layer) for p in passes(of, layers, shown)]).reshape(-1, *layer.shape)
            goal = np.clip(goals[layer.name] * network.population(layer.name).scale_hz * network.dt_s, 0, 1)
            total += float(np.mean((counts / of.steps - goal) ** 2) / np.mean(goal**2))
        return total

    assert distance(trained) < 0.7 * distance(wave)


def test_a_penalty_makes_spikes_fewer(network):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    free, dear = (
        train_wave(wave, batches, teacher, stbp(8, Goals(penalty=penalty), learning_rate=0.03))
        for penalty in (0.0, 500.0)
    )
    assert spikes(dear, images(8, 999)) < 0.8 * spikes(free, images(8, 999))


def test_the_same_batches_give_the_same_wave(network):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    a, b = (train_wave(wave, batches, teacher, stbp(3, Goals())) for _ in range(2))
    for p, q in zip(a.network.projections, b.network.projections, strict=True):
        np.testing.assert_array_equal(p.transform.weights, q.transform.weights)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_a_training_that_was_killed_goes_on_to_the_same_wave(network, batch, tmp_path):
    """In the layers' own stage of two batches, at its end and after it; the second time from what was written."""
    teacher, wave, recipe = Teacher(network), Wave(network, STEPS, {}), stbp(7, Goals(), alone=0.3)
    whole = train_wave(wave, batches, teacher, recipe)
    done, asked_for = [], []

    def killed(steps):
        done.append(steps)
        if len(done) == batch:
            raise KeyboardInterrupt

    def watched(first):
        asked_for.append(first)
        return batches(first)

    with pytest.raises(KeyboardInterrupt):
        train_wave(wave, batches, teacher, recipe, kept=tmp_path, advance=killed)
    for _ in range(2):  # the second time all is done
        same_wave(whole, train_wave(wave, watched, teacher, recipe, kept=tmp_path))
    assert asked_for == [batch, 7]


def test_a_loss_that_is_no_number_is_said_and_not_kept(network, tmp_path):
    recipe = stbp(3, Goals(of_labels=lambda labels, outputs: (float("nan"), float("nan") * outputs)), alone=0.0)
    labelled = lambda first: ((shown, np.zeros((16, 6, 6))) for shown, _ in batches(first))  # noqa: E731
    with pytest.raises(UserError, match=r"diverged at batch 1 \(loss nan\)"):
        train_wave(Wave(network, STEPS, {}), labelled, Teacher(network), recipe, kept=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_state_that_cannot_be_read_is_none(network, tmp_path):
    (tmp_path / STATE).write_bytes(b"no archive")
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    trained = train_wave(wave, batches, teacher, stbp(2, Goals()), kept=tmp_path)
    same_wave(trained, train_wave(wave, batches, teacher, stbp(2, Goals())))


def test_a_line_says_how_training_goes(network, tmp_path, caplog):
    with caplog.at_level("INFO", logger="ann2loihi"):
        train_wave(Wave(network, STEPS, {}), batches, Teacher(network), stbp(3, Goals()), kept=tmp_path, every_s=0)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert re.fullmatch(
        r"batch 2 of 3: loss \d+\.\d{3}, the class of Keras in \d+\.\d %, \d+\.\d images a second, 0\.0 h left",
        lines[1],
    )


def test_labels_that_count_bring_outputs_nearer_to_them(network):
    """To one class everywhere, which the teacher does not give."""

    def labelled(first):
        return ((shown, np.full((len(shown), 6, 6), 1)) for shown, _ in batches(first))

    def share(of):
        layers = wave_layers(of, {})
        counts = np.stack([p.counts(layers[-1], in_window=True) for p in passes(of, layers, images(12, 999))])
        rates_hz = np.float32(counts.reshape(-1, 6, 6, 4) / (of.steps * of.network.dt_s))
        return np.mean(outputs(of.network, {"p3": rates_hz}).argmax(axis=-1) == 1)

    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    taught, alone = (
        train_wave(wave, labelled, teacher, stbp(12, Goals(labels=weight), learning_rate=0.03))
        for weight in (10.0, 0.0)
    )
    assert share(taught) > share(alone) + 0.3


def test_a_training_starts_where_another_ended(network):
    """For other steps, too: what is delivered then has the same weights, biases and pulses."""
    trained = train_wave(Wave(network, STEPS, {}), batches, Teacher(network), stbp(3, Goals()))
    start = Wave(network, STEPS, {p.name: np.zeros(p.shape) for p in network.chip_populations})
    same_wave(started_from(start, trained.delivered()), trained)
    longer = started_from(replace(start, steps=9), trained.delivered())
    for p, q in zip(longer.network.projections, trained.network.projections, strict=True):
        np.testing.assert_array_equal(p.transform.weights, q.transform.weights)
    (host, other) = (wave.network.population("p0").bias_hz for wave in (longer, trained))
    np.testing.assert_allclose((host - other) * network.dt_s, 0.5 / 9 - 0.5 / STEPS)


def test_another_network_to_start_from_is_refused(network):
    wave = Wave(network, STEPS, {})
    with pytest.raises(UserError, match=r"'p3' is not in both; give one of the same model$"):
        started_from(wave, Wave(chain(layers=2, timesteps=48), STEPS, {}).delivered())
    with pytest.raises(UserError, match="the bundle to start from was not trained for a few steps"):
        started_from(wave, network)
    shorter = Wave(chain(layers=2, timesteps=48), STEPS, {}).delivered()
    require_populations(network, shorter, left_out=["p3"])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_cross_entropy_is_that_of_its_definition(channels):
    rng = np.random.default_rng(0)
    outputs, labels = rng.normal(size=(2, 4, channels)), rng.integers(0, max(2, channels), (2, 4))
    if channels == 1:
        expected = np.mean(np.log1p(np.exp(np.where(labels == 1, -outputs[..., 0], outputs[..., 0]))))
    else:
        chosen = np.take_along_axis(outputs, labels[..., None], axis=-1)[..., 0]
        expected = np.mean(np.log(np.exp(outputs).sum(axis=-1)) - chosen)
    assert float(cross_entropy(labels, np.float32(outputs))) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["shared", "single"])
def test_the_gradient_of_a_readout_is_that_of_small_differences(kind):
    rng = np.random.default_rng(0)
    if kind == "shared":
        transform, target = Convolution(rng.normal(size=(3, 3, 2, 3))), (4, 5, 3)
    else:
        matrix = sparse.random_array((6, 40), density=0.4, rng=rng, format="csr")
        transform, target = Sparse(matrix), (1, 2, 3)
    rates_hz = rng.uniform(0, 1, (2, 4, 5, 2)).astype(np.float32)
    of_outputs = rng.normal(size=(2, *target)).astype(np.float32)
    of_rates, of_weights = backward(transform, rates_hz, of_outputs)

    def value(changed, rates):
        return float(np.sum(of_outputs * np.asarray(apply(changed, np.float32(rates), target))))

    way = rng.normal(size=rates_hz.shape)
    difference = value(transform, rates_hz + way) - value(transform, rates_hz)
    assert difference == pytest.approx(np.sum(of_rates * way), rel=1e-3)
    way = rng.normal(size=transform.weights.shape)
    difference = value(transform.with_weights(transform.weights + way), rates_hz) - value(transform, rates_hz)
    assert difference == pytest.approx(np.sum(of_weights * way), rel=1e-3)


def test_a_spike_reaches_so_many_synapses(network):
    assert fan_out(network, "p1").reshape(6, 6, 4)[0, 0, 0] == 2 * 2 * 4
    assert fan_out(network, "p1").reshape(6, 6, 4)[2, 2, 0] == 3 * 3 * 4
    assert not fan_out(network, "p3").any()
