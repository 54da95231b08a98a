"""A recipe through all commands, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from click.testing import CliRunner

from convert.errors import UserError
from examples.zoo.__main__ import main
from examples.zoo.all import RECIPES
from examples.zoo.recipe import Given
from examples.zoo.row import Row
from examples.zoo.runner import perform

SMALL = RECIPES["unet_small"]
QUICK = replace(
    SMALL,
    options={"convert-model": "--timesteps 32 --calibration-images 4", "deploy-model": "--images 2 --threads 1"},
)


@pytest.mark.slow
def test_the_smallest_recipe_goes_through_all_commands(tmp_path):
    told = []
    row = perform(QUICK, Given(tmp_path), told.append)
    assert [line.split()[1] for line in told] == [
        "python",
        "convert-model",
        "partition-model",
        "deploy-model",
        "energy-report",
    ]
    assert str(tmp_path) not in "".join(told), "what is typed names no folder of this machine"
    assert (row.metric, row.tested, row.all_steps.steps, row.chips) == ("pixel_accuracy", 2, 32, 1)
    assert row.ann is not None
    assert row.all_steps.value > 0.9
    assert 0 < row.knee.spikes <= row.all_steps.spikes
    assert row.knee.joules.low < row.knee.joules.nominal < row.knee.joules.high
    assert all(command.cpu_s > 0 for command in row.commands.values())

    told.clear()
    assert perform(QUICK, Given(tmp_path), told.append) == row
    assert told == [], "what was done is not done again"
    assert msgspec.json.decode(msgspec.json.encode(row), type=Row) == row


@pytest.mark.slow
def test_a_command_that_fails_says_its_own_sentence_and_is_given_again(tmp_path):
    wrong = replace(SMALL, options={"convert-model": "--timesteps 32 --calibration-images 4 --metric auc"})
    with pytest.raises(UserError, match=r"^convert-model: "):
        perform(wrong, Given(tmp_path), lambda line: None)
    told = []
    with pytest.raises(UserError):
        perform(wrong, Given(tmp_path), told.append)
    assert [line.split()[1] for line in told] == ["convert-model"], "the data are made, the conversion is not"


def test_the_command_lists_what_there_is_and_says_what_is_missing(tmp_path):
    listed = CliRunner().invoke(main, [])
    assert listed.exit_code == 0
    assert all(f"{name}: {recipe.title}" in listed.output for name, recipe in RECIPES.items())
    refused = CliRunner().invoke(main, ["mobilenet", "-o", str(tmp_path)])
    assert refused.exit_code == 2
    assert refused.stderr.count("error: mobilenet: --") == 2
    assert not (tmp_path / "mobilenet").exists()
