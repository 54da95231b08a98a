"""What others measured: every row has a source, and a user's own file is read or refused with all that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from convert.errors import UserError
from deploy.energy.published import EXAMPLE, published_rows, read_rows, rows_with
from deploy.report.cli import main as energy_report
from tests.builders.reported_bundle import make_bundle

MINE = {"name": "my board", "network": "ResNet-8", "joules_per_inference": 1.2e-3, "source": "my log"}


def written(folder: Path, *rows: object) -> Path:
    (folder / "mine.json").write_text(json.dumps(list(rows)))
    return folder / "mine.json"


def problems(path: Path) -> list[str]:
    with pytest.raises(UserError) as refused:
        read_rows(path)
    return [problem.removeprefix(f"device file {path}: ") for problem in refused.value.problems]


def test_the_programs_own_rows_keep_the_rules_of_a_users(tmp_path: Path) -> None:
    rows = published_rows()
    assert len({(row.name, row.network) for row in rows}) == len(rows)
    by_name = {row.name: row for row in rows}
    assert by_name["Syntiant NDP9120"].total_joules == (102e-6, 139e-6)
    assert by_name["Loihi (Blouw 2018)"].total_joules is None
    renamed = [
        {**row, "name": f"other {row['name']}"}
        for row in json.loads((Path(__file__).parents[3] / "deploy/energy/published.json").read_text())
    ]
    assert len(read_rows(written(tmp_path, *renamed))) == len(rows)


def test_a_users_rows_come_after_the_programs(tmp_path: Path) -> None:
    *ours, last = rows_with(written(tmp_path, MINE))
    assert tuple(ours) == published_rows()
    assert (last.name, last.total_joules) == ("my board", (1.2e-3, 1.2e-3))
    assert read_rows(written(tmp_path, *json.loads(EXAMPLE)))


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    nothing = {key: MINE[key] for key in ("name", "network", "source")}
    path = written(
        tmp_path,
        {**MINE, "joules": 1},
        {**MINE, "joules_per_inference": -1},
        nothing,
        {**MINE, "name": "b", "joules_up_to": 1e-3},
        {**MINE, "name": "c", "dynamic_joules": 2e-3},
        {**nothing, "name": "d", "joules_up_to": 1},
        {key: MINE[key] for key in ("name", "joules_per_inference")},
        17,
    )
    found = problems(path)
    assert found == [
        "row 1: Object contains unknown field `joules`",
        "row 2: Expected `float` > 0.0 - at `$.joules_per_inference`",
        "row 3 (my board): says neither energy nor time; add joules_per_inference, dynamic_joules or "
        "seconds_per_inference",
        "row 4 (b): joules_up_to is 0.001, less than joules_per_inference, 0.0012; swap them",
        "row 5 (c): dynamic_joules is 0.002, more than the total, 0.0012",
        "row 6 (d): says neither energy nor time; add joules_per_inference, dynamic_joules or seconds_per_inference",
        "row 6 (d): joules_up_to is the end of a range; add joules_per_inference, its beginning",
        "row 7: Object missing required field `network`",
        "row 8: Expected `object`, got `int`",
    ]


def test_a_device_stands_once_for_a_network(tmp_path: Path) -> None:
    ours = published_rows()[0]
    taken = {**MINE, "name": ours.name, "network": ours.network}
    found = problems(written(tmp_path, MINE, MINE, taken))
    assert found == [
        "my board with ResNet-8 stands 2 times; rename it or leave it out",
        f"{ours.name} with {ours.network} is one of the program's rows; rename it or leave it out",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file; give a JSON file such as"),
        (b"[", "not readable as JSON"),
        (b"\xff", "not readable as JSON"),
        (b"[" * 100_000, "not readable as JSON"),
        (b"{}", "needs a list of rows, such as"),
        (b"[]", "the list is empty"),
        (b" " * (2**20 + 1), "more than 1,048,576"),
    ],
)
def test_files_that_are_no_list_of_rows(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_bytes(content)
    (problem,) = problems(path)
    assert said in problem


def test_the_command_shows_them_and_says_where_they_come_from(tmp_path: Path) -> None:
    bundle, devices = make_bundle(tmp_path / "unet"), written(tmp_path, MINE)
    output = tmp_path / "report.html"
    shown = CliRunner().invoke(energy_report, [str(bundle), "-o", str(output), "--devices", str(devices)])
    assert shown.exit_code == 0, shown.output
    assert "my board" in shown.stdout
    assert "another network" in shown.stdout
    report = json.loads(output.with_suffix(".json").read_text())
    assert report["published"][-1] == MINE
    assert report["provenance"]["given"]["devices"]["name"] == "mine.json"
    assert report["provenance"]["command"] == "energy-report unet --devices mine.json"
    assert not any("my board" in name for name in report["ratios"])
    page = output.read_text()
    assert page.count("<span>my board</span>") == 1
    assert "Measured by others, each with another network" in page


def test_a_bad_file_leaves_nothing_behind(tmp_path: Path) -> None:
    bundle, devices = make_bundle(tmp_path / "unet"), written(tmp_path, 1)
    shown = CliRunner().invoke(
        energy_report, [str(bundle), "-o", str(tmp_path / "report.html"), "--devices", str(devices)]
    )
    assert shown.exit_code == 2
    assert f"device file {devices}: row 1: Expected `object`, got `int`" in shown.output.replace("\n", " ")
    assert not list(tmp_path.glob("report*"))
