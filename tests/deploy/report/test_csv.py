"""report.csv: a line for each run, device and operating point; written with the other files or not at all."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from convert.errors import UserError
from deploy.report.api import compare_energy
from deploy.report.rows_csv import COLUMNS


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_rows_are_those_of_the_json(bundle: Path, tmp_path: Path) -> None:
    report = compare_energy([bundle], tmp_path / "report.html")
    found = lines(tmp_path / "report.csv")
    assert tuple(found[0]) == COLUMNS
    chips = [line for line in found if line["device"].startswith("Loihi (") and line["at"]]
    costs = [(point, cost) for point in report.runs[0].points for cost in point.costs]
    assert len(chips) == len(costs) == 6
    for line, (point, cost) in zip(chips, costs, strict=True):
        assert (line["at"], float(line["timesteps"])) == (point.name, point.timesteps)
        assert [float(line[f"joules{end}"]) for end in ("_low", "", "_high")] == [
            cost.joules.low,
            cost.joules.nominal,
            cost.joules.high,
        ]
        assert line["energy"] == line["time"] == "estimated"
    (here,) = [line for line in found if line["device"] == "this CPU, LiteRT int8, batch 8, 2 threads"]
    assert float(here["joules_low"]) == pytest.approx(0.0875 * 0.019 / 0.02)
    assert (here["value"], here["energy"], here["time"], here["loaded"]) == ("0.9231", "estimated", "measured", "True")
    others = [line for line in found if line["network"]]
    assert len(others) == len(report.published)
    assert not any(line["run"] for line in others)


def test_it_belongs_to_the_report_and_is_kept_without_force(bundle: Path, tmp_path: Path) -> None:
    report = compare_energy([bundle], tmp_path / "report.html")
    assert set(report.timings.parts) == {"report.html", "report.csv"}
    before = (tmp_path / "report.csv").read_bytes()
    for name in ("report.html", "report.json"):
        (tmp_path / name).unlink()
    with pytest.raises(UserError, match=r"report\.csv exists already and is kept"):
        compare_energy([bundle], tmp_path / "report.html")
    assert (tmp_path / "report.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.csv", "unet"]
