"""Architectures: what a space draws and breeds, and the Keras models that they are."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from convert.errors import UserError
from deploy.search.evolution import Scored, crossed, fittest, generation, mutated
from deploy.search.model import Setting, build
from deploy.search.plan import Plan
from deploy.search.shared_weights import SuperNetwork, handed_back, inherit, load, save
from deploy.search.space import Architecture, Space

SETTING = Setting((8, 8, 3), 255.0, 3)


def require_in(space, found):
    """``found`` has only what ``space`` offers, and a block wherever it halves."""
    assert found.width in space.widths
    assert len(found.blocks) == space.places
    assert set(found.blocks) <= set(space.blocks)
    assert len(found.reductions) in space.reductions
    assert found.pooling in space.pooling
    assert all(found.blocks[place] != "none" for place in found.reductions)


def test_all_that_is_drawn_and_bred_is_of_the_space():
    space, random = Space(places=4, widths=(2, 3), reductions=(1, 2)), Random(1)
    some = [space.drawn(random) for _ in range(50)]
    some += [mutated(space, each, random) for each in some]
    some += [crossed(space, one, other, random) for one, other in pairwise(some)]
    for found in some:
        require_in(space, found)
    assert len({found.text for found in some}) == len(set(some)) > 50


def test_a_generation_has_what_is_new_bred_from_the_fittest():
    space = Space(places=3, widths=(2, 4, 8))
    first = generation(space, [], 8, 4, Random(0))
    assert len(set(first)) == 8
    scored = [Scored(each, None if i == 0 else float(i)) for i, each in enumerate(first)]
    assert fittest(scored, 3) == first[:4:-1]
    second = generation(space, scored, 8, 2, Random(1))
    assert len({*first, *second}) == 16
    assert generation(space, scored, 5, 2, Random(1)) == second[:5], "more of a generation changes nothing before"


def test_a_small_space_is_exhausted():
    space = Space(places=1, blocks=("conv3", "none"), widths=(2, 4), reductions=(1,), pooling=("average",))
    every = generation(space, [], 10, 4, Random(0))
    assert {a.text for a in every} == {"2 conv3/2 average", "4 conv3/2 average"}
    assert generation(space, [Scored(a, 1.0) for a in every], 10, 4, Random(1)) == []


@pytest.mark.parametrize("pooling", ["average", "strided"])
def test_the_model_of_an_architecture(pooling):
    found = Architecture(2, ("conv5", "none", "skip3", "skip5"), (0, 2), pooling)
    model = build(found, SETTING)
    assert model.output_shape == (None, 3)
    assert model.get_layer("0_conv5_relu").output.shape[1:] == (4, 4, 4)
    assert model.get_layer("2_skip3_relu").output.shape[1:] == (2, 2, 8)
    assert model.get_layer("3_skip5_relu").output.shape[1:] == (2, 2, 8)
    assert [found.channels(place) for place in range(4)] == [4, 4, 8, 8]
    names = {layer.name for layer in model.layers}
    assert "2_skip3_shortcut" in names
    assert "3_skip5_shortcut" not in names


def test_weights_are_shared_by_what_two_architectures_have_in_common(tmp_path):
    narrow = build(Architecture(2, ("conv3", "skip3"), (1,), "strided"), SETTING)
    wide = build(Architecture(4, ("conv3", "conv5"), (0,), "strided"), SETTING)
    weights = handed_back(narrow, {})
    save(tmp_path / "weights.npz", SuperNetwork("a", 1, weights))
    weights = load(tmp_path / "weights.npz").weights
    before = np.array(wide.get_layer("0_conv3_first").kernel)
    inherit(wide, weights)
    after = np.array(wide.get_layer("0_conv3_first").kernel)
    np.testing.assert_array_equal(after[:, :, :2, :2], np.array(narrow.get_layer("0_conv3_first").kernel))
    np.testing.assert_array_equal(after[:, :, 2:], before[:, :, 2:])
    np.testing.assert_array_equal(after[:, :, :, 2:], before[:, :, :, 2:])
    grown = handed_back(wide, weights)
    assert grown["0_conv3_first/kernel"].shape == (3, 3, 4, 8)
    assert "1_skip3_first/kernel" in grown
    again = build(Architecture(2, ("conv3", "skip3"), (1,), "strided"), SETTING)
    inherit(again, grown)
    for name in ("0_conv3_first", "1_skip3_first", "1_skip3_shortcut"):
        np.testing.assert_array_equal(np.array(again.get_layer(name).kernel), np.array(narrow.get_layer(name).kernel))


def test_what_has_never_been_trained_keeps_its_beginning():
    """A tall and a wide kernel leave a corner that neither has."""
    tall = build(Architecture(4, ("conv3", "conv3"), (1,), "average"), SETTING)
    grown = handed_back(build(Architecture(2, ("conv3", "conv3"), (0,), "average"), SETTING), handed_back(tall, {}))
    wide = build(Architecture(8, ("conv3", "conv3"), (0,), "average"), SETTING)
    inherit(wide, grown)
    assert all(np.isfinite(np.array(variable)).all() for variable in wide.trainable_variables)


def test_all_that_is_wrong_with_a_space_is_said_at_once():
    space = Space(places=1, blocks=("none", "conv7"), widths=(0,), reductions=(2,), pooling=())  # type: ignore[arg-type]
    said = "\n".join(space.problems())
    for problem in ("widths has 0", "block 'conv7'", "pooling has no value", "2 reductions do not fit 1 places"):
        assert problem in said
    with pytest.raises(UserError, match="no block can halve"):
        replace(Space(), blocks=("none",)).require()
    assert len(Plan(candidates=0, population=1, energy_weight=-1.0).problems()) == 3
    assert Space().problems() == Plan().problems() == []
