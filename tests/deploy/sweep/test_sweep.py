"""A sweep: real conversions in one table, each done once, here and on a cluster."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from click.testing import CliRunner

from convert import Options
from convert.errors import UserError
from deploy.choice.trials import Trial
from deploy.sweep.api import PAGE, sweep
from deploy.sweep.cli import main as sweep_model
from deploy.sweep.front import unbeaten
from deploy.sweep.group import groups_of, key_of
from deploy.sweep.rows import TABLE, SweepRow, read_table, write_table
from deploy.sweep.space import Space, grid, sample

pytest.importorskip("pyarrow", reason="needs ann2loihi[cluster]")
BASE = Options(timesteps=32, calibration_images=6)


def row(value, joules, chips, key="a", **other):
    given = {
        "key": key,
        "source": "s",
        "trial": key,
        "rates_low_hz": 1.0,
        "rates_high_hz": 2.0,
        "percentile": 99.0,
        "converted_timesteps": 32,
        "steps": None,
        "recipe": "calibration",
        "fine_tune_epochs": 0,
        "spiking_batches": 0,
        "seed": 0,
        "board": None,
        "window": None,
        "metric": "accuracy",
        "value": value,
        "joules": joules,
        "chips": chips,
    }
    return SweepRow(**{**given, **other})


def test_a_grid_has_every_combination_once():
    space = Space(rates_hz=((100.0, 200.0), (300.0, 400.0)), seed=(0, 1), window=(0.5, 1.0))
    trials = grid(space, BASE)
    assert len({trial.what for trial in trials}) == len(space) == 8
    assert {(t.options.rates_hz, t.options.seed, t.window) for t in trials} == {
        (rates, seed, window) for rates in space.rates_hz for seed in space.seed for window in space.window
    }
    assert [len(group.trials) for group in groups_of((str(i), t) for i, t in enumerate(trials))] == [2] * 4


def test_a_sample_is_a_part_of_the_grid_and_the_same_for_a_seed():
    space = Space(percentile=tuple(float(p) for p in range(50, 100)), seed=tuple(range(20)))
    some = sample(space, BASE, 12, seed=3)
    every = {trial.what for trial in grid(space, BASE)}
    assert len({trial.what for trial in some}) == 12
    assert {trial.what for trial in some} <= every
    assert some == sample(space, BASE, 12, seed=3)
    assert some != sample(space, BASE, 12, seed=4)
    assert len(sample(space, BASE, 10**6, seed=0)) == len(space)


def test_all_that_is_wrong_with_any_combination_is_said_at_once():
    space = Space(steps=(1,), window=(0.5, 2.0), board=("nowhere",), spiking_batches=(5,))
    with pytest.raises(UserError) as caught:
        grid(space, BASE)
    said = "\n".join(caught.value.problems)
    for problem in ("steps is 1", "window is 2", "board 'nowhere'"):
        assert said.count(problem) == 1
    with pytest.raises(UserError, match="or try some of them with --random N"):
        grid(Space(seed=tuple(range(1000)), percentile=tuple(float(p) for p in range(1000))), BASE)


def test_boards_of_files_are_read_here(tmp_path):
    """A worker does not see the file."""
    path = tmp_path / "mine.json"
    path.write_text('{"name": "mine", "chips": 4}')
    boards = [trial.board for trial in grid(Space(board=(str(path), "nahuku-8", "auto")), BASE)]
    assert [getattr(board, "name", board) for board in boards] == ["mine", "nahuku-8", "auto"]
    assert boards[0].chips == 4


def test_what_a_trial_depends_on_is_in_its_key():
    trial = Trial("a", BASE)
    others = [
        replace(trial, board="nahuku-8"),
        replace(trial, window=0.5),
        replace(trial, options=replace(BASE, seed=1)),
    ]
    assert len({key_of("s", t) for t in [trial, *others]} | {key_of("t", trial)}) == 5
    assert key_of("s", replace(trial, options=replace(BASE, memory=10**9), what="b")) == key_of("s", trial)


def test_the_table_gives_back_what_it_was_given(tmp_path):
    rows = [row(0.5, 1e-3, 1), row(None, None, None, key="b", metric=None, problem="does not fit", board="nahuku-8")]
    write_table(tmp_path / TABLE, rows, SweepRow)
    assert read_table(tmp_path / TABLE, SweepRow) == rows
    (tmp_path / TABLE).write_bytes(b"no table")
    with pytest.raises(UserError, match="cannot be read as the table"):
        read_table(tmp_path / TABLE, SweepRow)


def test_a_trial_is_beaten_by_one_that_is_no_worse_in_anything():
    best, cheap, small = row(0.9, 2.0, 2), row(0.5, 1.0, 2), row(0.5, 2.0, 1)
    beaten = [row(0.5, 1.5, 2), row(0.9, 2.0, 3), row(0.4, 2.0, 1)]
    assert unbeaten([best, *beaten, small, cheap, row(None, None, None)]) == [cheap, best, small]
    errors = [row(0.1, 1.0, 1, metric="mse"), row(0.2, 1.0, 1, metric="mse")]
    assert unbeaten(errors) == errors[:1]


@pytest.mark.slow
def test_trials_are_done_once_and_the_table_grows(tiny, tmp_path):
    given = (tiny / "model.keras", tiny / "data.npz", tmp_path / "sweep")
    two = grid(Space(window=(0.5, 1.0)), BASE)
    first = sweep(*given, two, images=6)
    assert first.new == 2
    assert {r.trial for r in first.rows} == {"window 0.5", "window 1"}
    assert all(r.original is not None and r.joules and r.chips == 1 for r in first.rows)
    page = (tmp_path / "sweep" / PAGE).read_text()
    assert "<svg" in page
    assert "window 0.5" in page
    assert sorted(path.name for path in (tmp_path / "sweep").iterdir()) == [PAGE, TABLE]
    again = sweep(*given, two, images=6)
    assert (again.new, again.rows) == (0, first.rows)
    with pytest.raises(UserError, match="of another model, of other data or another number of images"):
        sweep(*given, two, images=5)


@pytest.mark.slow
def test_a_cluster_finds_the_same_rows_without_the_clients_files(tiny, tmp_path):
    pytest.importorskip("distributed", reason="needs ann2loihi[cluster]")
    trials = grid(Space(window=(0.5, 1.0)), BASE)
    model, data = tiny / "model.keras", tiny / "data.npz"
    alone = sweep(model, data, tmp_path / "alone", trials, images=6)
    spread = sweep(model, data, tmp_path / "spread", trials, images=6, workers=1)
    assert set(map(msgspec.json.encode, alone.rows)) == set(map(msgspec.json.encode, spread.rows))


@pytest.mark.slow
def test_what_is_not_possible_is_a_row_and_the_others_go_on(tiny, tmp_path):
    """Too few steps to come through all layers."""
    folder = tmp_path / "sweep"
    trials = [Trial("none", replace(BASE, percentile=float("nan"))), Trial("given", BASE)]
    found = sweep(tiny / "model.keras", tiny / "data.npz", folder, trials, images=6)
    problems = {r.trial: r.problem for r in found.rows}
    assert problems["given"] is None
    assert "percentile is nan" in problems["none"]
    assert "percentile is nan" in (folder / PAGE).read_text()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--rates", "400:100"], "write it as 250:400,400:600"),
        (["--seed", "1,x"], "write it as 0,1,2"),
        (["--recipe", "magic", "--spiking-fine-tune", "5"], "recipe 'magic'"),
    ],
)
def test_values_that_cannot_be_are_refused(tiny, tmp_path, given, said):
    arguments = [tiny / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "sweep", *given]
    result = CliRunner().invoke(sweep_model, [str(argument) for argument in arguments])
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "sweep").exists()
