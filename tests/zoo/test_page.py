"""docs/zoo.md says what the results say."""

from __future__ import annotations

import re

import msgspec
import pytest
from click.testing import CliRunner

from convert.data.metric_registry import METRICS
from convert.errors import UserError
from deploy.report.words.si import si
from examples.zoo import table
from examples.zoo.all import RECIPES
from examples.zoo.page import page
from examples.zoo.row import read_rows

ROWS = read_rows(table.RESULTS)


def test_the_page_is_what_the_results_say():
    assert table.PAGE.read_text(encoding="utf-8") == table.written(), "python -m examples.zoo.table writes it"


def test_there_are_rows_and_all_are_of_recipes():
    assert len(ROWS) >= 13
    assert set(ROWS) <= set(RECIPES)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_of_its_recipe_as_it_stands(name):
    row, recipe = ROWS[name], RECIPES[name]
    assert (row.title, row.source, row.trained, row.data) == (recipe.title, recipe.source, recipe.trained, recipe.data)
    for command, options in recipe.options.items():
        assert row.commands[command].line.endswith(options)


@pytest.mark.parametrize("name", ROWS)
def test_the_page_has_each_number(name):
    row = ROWS[name]
    metric = METRICS[row.metric]
    (measured,) = re.findall(rf"^\| \[{re.escape(row.title)}\]\(.*$", table.written(), re.MULTILINE)
    cells = [cell.strip() for cell in measured.strip("|").split(" | ")]
    assert cells[1:6] == [
        f"{row.tested:,}",
        metric.title,
        metric.text(row.ann),
        f"{row.all_steps.steps}: {metric.text(row.all_steps.value)}",
        f"{row.knee.steps}: **{metric.text(row.knee.value)}**",
    ]
    assert cells[8].startswith(f"{si(row.knee.joules.nominal, 'J')} (")


def test_another_number_is_another_page():
    name, row = next(iter(ROWS.items()))
    knee = msgspec.structs.replace(row.knee, value=row.knee.value / 2)
    assert page({**ROWS, name: msgspec.structs.replace(row, knee=knee)}, RECIPES) != page(ROWS, RECIPES)


def test_a_row_that_is_not_there_is_named():
    without = {name: row for name, row in ROWS.items() if name != "unet_small"}
    assert "has not been measured: " in page(without, RECIPES)
    assert re.search(r"has not been measured: .*unet_small", page(without, RECIPES))


def test_what_recipes_are_given_is_read_beside_its_file(tmp_path):
    file = tmp_path / "given.json"
    file.write_text('{"resnet8": {"data": "cifar10"}}')
    given = table.given_in(file, tmp_path)
    assert given["resnet8"].data == tmp_path / "cifar10"
    assert given["mobilenet"].model is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"resnet9": {}}', r"has resnet9; the recipes are resnet8, "),
        ('{"resnet8": {"weights": "a"}}', r"gives weights; a recipe takes model and data$"),
        ('{"resnet8": ', r"does not say what recipes are given"),
    ],
)
def test_a_file_that_says_something_else_is_a_sentence(text, sentence, tmp_path):
    file = tmp_path / "given.json"
    file.write_text(text)
    with pytest.raises(UserError, match=sentence):
        table.given_in(file, tmp_path)


def test_a_file_that_is_no_row_is_a_sentence(tmp_path):
    (tmp_path / "resnet8.json").write_text("{}")
    with pytest.raises(UserError, match=r"resnet8\.json holds no row of the zoo .* delete it"):
        read_rows(tmp_path)


def test_rows_that_lack_something_are_named_and_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(table, "PAGE", tmp_path / "zoo.md")
    (tmp_path / "given.json").write_text("{}")
    result = CliRunner().invoke(table.main, [str(tmp_path / "out"), str(tmp_path / "given.json"), "ds_cnn"])
    assert result.exit_code == 0, result.output
    assert "ds_cnn: --model is missing; give the folder kws_ref_model" in result.output
    assert "ds_cnn" in (tmp_path / "zoo.md").read_text()
