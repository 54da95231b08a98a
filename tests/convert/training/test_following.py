"""Where image follows image: what clears each layer, when, and how soon the next image comes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convert.errors import UserError
from convert.network import Clearing, Neuron
from convert.training.wave.following import let_images_follow
from tests.convert.training.test_wave_pass import STEPS, random_wave


def with_floor(floor: float):
    network = random_wave(0).delivered()
    return network.with_(
        populations=tuple(replace(p, neuron=Neuron(floor=floor)) if p.on_chip else p for p in network.populations)
    )


@pytest.mark.parametrize(("floor", "downs"), [(-2.0, 2), (-1.0, 3)])
def test_each_layer_is_cleared_right_after_its_window(floor, downs):
    plain = with_floor(floor)
    network = let_images_follow(plain)
    depth = plain.depth()
    for p in plain.chip_populations:
        stop = depth[p.name] + STEPS
        found = {
            source.clearing: (source.onset_step + 1, source.end_step + 1)
            for source in (network.population(q.source) for q in network.into(p.name))
            if source.clearing
        }
        assert found == {
            Clearing.DOWN: (stop, stop + downs),
            Clearing.FLOOR: (stop + downs - 1, stop + downs),
            Clearing.LIFT: (stop + downs, stop + downs + 1),
        }


def test_the_next_image_waits_for_the_layer_that_it_reaches_first():
    plain = with_floor(-2.0)
    first, depth = plain.first_steps(), plain.depth()
    skew = max(depth[p.name] - first[p.name] for p in plain.chip_populations)
    assert skew > 0, "no shortcut"
    assert let_images_follow(plain).period == STEPS + skew + 4


def test_all_else_of_the_network_stays():
    plain = with_floor(-2.0)
    network = let_images_follow(plain)
    assert tuple(p for p in network.populations if p.clearing is None) == plain.populations
    assert network.projections[: len(plain.projections)] == plain.projections
    assert (network.timesteps, network.input_end_step) == (plain.timesteps, plain.input_end_step)


def test_a_high_floor_is_refused():
    with pytest.raises(UserError, match=r"floor of -0.2 thresholds.*--vmin -0.5 or less"):
        let_images_follow(with_floor(-0.2))
