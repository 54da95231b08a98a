"""What every recipe does: one suite over all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convert.calibration.simulate import drive_hz
from convert.network import INPUT
from convert.options import BY_SURROGATE
from convert.training.recipes import RECIPES
from convert.training.recipes.stbp import stbp
from convert.training.recipes.surrogates import SURROGATES
from convert.training.wave.aim import Goals, RateBounds
from convert.training.wave.event_engine import passes
from convert.training.wave.layers import wave_layers
from convert.training.wave.parameters import WaveParameters
from convert.training.wave.pruning import prunable
from convert.training.wave.schedule import Wave
from convert.training.wave.training import STATE, train_wave
from deploy.emulator import compile_network, run
from tests.builders.image_networks import images
from tests.builders.taught_waves import STEPS, Teacher, batches, error, loud_network, same_wave
from tests.builders.waves import whole

TRIANGLE = SURROGATES["triangle"]


@pytest.fixture(scope="module")
def network():
    return loud_network()


def weights(wave):
    return np.concatenate([p.transform.weights.ravel() for p in wave.network.projections])


@pytest.fixture(params=RECIPES.values(), ids=RECIPES)
def recipe(request):
    """A recipe, from the number of batches; its learning rate suits small networks."""
    return lambda count, goals=Goals(): request.param(count, goals, TRIANGLE)  # noqa: B008


def test_it_brings_the_outputs_nearer_to_the_teachers(network, recipe):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    trained, held_out = train_wave(wave, batches, teacher, recipe(60)), images(12, 999)
    assert error(trained, teacher, held_out) < 0.75 * error(wave, teacher, held_out)


def test_it_goes_on_to_the_same_wave_after_it_was_killed(network, recipe, tmp_path):
    """In the first stage of ten, at the end of the next where there are three, and before the end."""
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    undisturbed = train_wave(wave, batches, teacher, recipe(10), seed=3)
    for stop in (1, 6, 9):
        with pytest.raises(KeyboardInterrupt):
            train_wave(wave, batches, teacher, recipe(10), seed=3, kept=tmp_path, advance=done(stop, killed))
    assert (tmp_path / STATE).exists()
    same_wave(undisturbed, train_wave(wave, batches, teacher, recipe(10), seed=3, kept=tmp_path))


def test_every_spike_of_what_it_gives_is_the_emulators(network, recipe):
    shown = images(3, 5)
    wave = train_wave(Wave(network, STEPS, {}), batches, Teacher(network), recipe(10))
    delivered = wave.delivered()
    program, layers = compile_network(delivered, whole(delivered)), wave_layers(wave, {})
    given = {p.name: np.broadcast_to(p.bias_hz.ravel(), (3, p.neurons)) for p in delivered.populations if not p.on_chip}
    given["p0"] = drive_hz(delivered, delivered.population("p0"), {INPUT: shown}).reshape(3, -1)
    names = [layer.name for layer in layers]
    for passed, result in zip(passes(wave, layers, shown), run(program, given, record=["p0", *names]), strict=True):
        for name in ["p0", *names]:
            raster = result.spikes[name].raster(program.layer(name))
            fired, busy = passed.fired[name], wave.busy[name]
            ours = np.zeros_like(raster)
            ours[busy.first + np.repeat(np.arange(len(fired.pointer) - 1), np.diff(fired.pointer)), fired.neurons] = (
                True
            )
            np.testing.assert_array_equal(ours, raster, name)
        assert result.counts[names[-1]].spikes > 0


@pytest.mark.parametrize(
    "goals", [Goals(penalty=300.0), Goals(rates=RateBounds(100.0, 90.0, 0.3))], ids=["ops", "rates"]
)
def test_spikes_that_cost_become_fewer(network, recipe, goals):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})

    def spikes(of):
        layers = wave_layers(of, {})
        return np.mean([sum(p.counts(layer).sum() for layer in layers) for p in passes(of, layers, images(8, 999))])

    free, dear = (train_wave(wave, batches, teacher, recipe(30, g)) for g in (Goals(), goals))
    assert spikes(dear) < 0.95 * spikes(free)


def test_it_goes_on_from_another_training_in_one_stage_at_all_steps(recipe):
    given = recipe(50)
    (stage,), count = given.continued().stages, given.continued().count
    assert (count, stage.noise) == (50, None)
    assert given.continued().learning_rate < given.learning_rate


def test_each_tap_loses_the_share_that_is_asked_for(network, recipe):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    kernels = [place for _, place in prunable(network)]
    for share in (0.25, 0.6):
        trained = train_wave(wave, batches, teacher, replace(recipe(12), pruned=share))
        for place in kernels:
            kernel = trained.network.projections[place].transform.weights
            stored = np.count_nonzero(kernel, axis=-1)
            assert np.unique(stored).tolist() == [max(1, round(kernel.shape[-1] * (1 - share)))]
    assert kernels


def test_a_choice_that_stays_is_found_again_after_a_kill(network, tmp_path):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    recipe = replace(stbp(12, Goals()), pruned=0.5)
    undisturbed = train_wave(wave, batches, teacher, recipe)
    for stop in (4, 10):  # while the share rises, and when it has
        with pytest.raises(KeyboardInterrupt):
            train_wave(wave, batches, teacher, recipe, kept=tmp_path, advance=done(stop, killed))
    same_wave(undisturbed, train_wave(wave, batches, teacher, recipe, kept=tmp_path))


def test_what_is_lost_stays_lost(network):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    less = train_wave(wave, batches, teacher, replace(stbp(4, Goals()), pruned=0.5))
    again = train_wave(less, batches, teacher, stbp(4, Goals()))
    more = train_wave(less, batches, teacher, replace(stbp(4, Goals()), pruned=0.75))
    for _, place in prunable(network):
        before, after, fewer = (w.network.projections[place].transform.weights != 0 for w in (less, again, more))
        np.testing.assert_array_equal(before, after)
        assert fewer.sum() < before.sum()
    assert not np.array_equal(weights(less), weights(again))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_what_is_left_out_rises_and_stays(share):
    recipe = replace(stbp(100, Goals()), pruned=share)
    shares = [recipe.left_out(batch) for batch in range(100)]
    assert shares[:11] == [(0.0, False)] * 11
    assert [s for s, _ in shares] == sorted(s for s, _ in shares)
    assert {s for s, for_good in shares if for_good} == {share}


@pytest.mark.parametrize("name", BY_SURROGATE)
def test_surrogates_lead_to_different_networks(network, name):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    found = [train_wave(wave, batches, teacher, RECIPES[name](4, Goals(), s)) for s in SURROGATES.values()]
    assert not np.array_equal(weights(found[0]), weights(found[1]))
    assert not np.array_equal(weights(found[0]), weights(found[2]))


def test_a_mean_over_the_end_is_what_is_given(network, tmp_path):
    """Of two batches: the mean of the values after each."""
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    recipe, values, parameters = replace(stbp(2, Goals(), alone=0.0), averaged=1.0), [], WaveParameters(wave)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train_wave(wave, batches, teacher, recipe, kept=tmp_path, advance=done(1 + len(values), killed))
        with np.load(tmp_path / STATE) as state:
            values.append({key: state[f"values {key[0]} {key[1]}"] for key in parameters.values})
    given = train_wave(wave, batches, teacher, recipe, kept=tmp_path)
    same_wave(given, parameters.wave({key: v + np.float32(0.5) * (values[1][key] - v) for key, v in values[0].items()}))
    assert not np.array_equal(weights(given), weights(parameters.wave(values[1])))


def killed(steps):
    raise KeyboardInterrupt


def done(batches, then):
    """Calls ``then`` once so many batches are done."""
    seen: list[int] = []

    def advance(steps):
        seen.append(steps)
        if sum(seen) == batches:
            then(steps)

    return advance


def test_noise_has_a_seed(network):
    teacher, wave = Teacher(network), Wave(network, STEPS, {})
    one, again, other = (
        train_wave(wave, batches, teacher, RECIPES["single-step"](4, Goals(), TRIANGLE), seed=s) for s in (1, 1, 2)
    )
    same_wave(one, again)
    assert not np.array_equal(weights(one), weights(other))
