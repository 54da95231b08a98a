"""A search: real candidates in one table, each scored once, here and on a cluster; the winner is deployed."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from convert import Options
from convert.errors import UserError
from deploy.runs.report import read_run
from deploy.search import api
from deploy.search.cli import main as search_model
from deploy.search.plan import Plan
from deploy.search.rows import TABLE, SearchRow, fitness
from deploy.search.space import Space
from deploy.sweep.rows import read_table

pytest.importorskip("pyarrow", reason="needs ann2loihi[cluster]")
SPACE = Space(places=2, blocks=("conv3", "skip3", "none"), widths=(2, 3), reductions=(1,))
PLAN = Plan(candidates=4, population=2, shared_batches=16, tune_batches=2, winner_batches=4)
OPTIONS = Options(timesteps=32, calibration_images=8, metric_images=8)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Bright, dark and middling images."""
    rng, y = np.random.default_rng(0), np.arange(48) % 3
    x = (rng.integers(0, 90, (48, 8, 8, 3)) + 80 * y[:, None, None, None]).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "data.npz"
    np.savez(path, x=x, y=y)
    return path


def search(data, folder, plan=PLAN, **given):
    return api.search(data, folder, SPACE, plan, OPTIONS, images=12, **given)


def rows_as_bytes(rows):
    return {msgspec.json.encode(row) for row in rows}


@pytest.mark.slow
def test_candidates_are_scored_once_and_the_winner_is_deployed(data, tmp_path, monkeypatch):
    folder = tmp_path / "search"
    first = search(data, folder)
    candidates = {row.key for row in first.rows if row.generation is not None}
    assert len(candidates) == first.new == 4
    assert {row.generation for row in first.rows} == {0, 1, None}
    assert all(row.value is not None and row.joules and row.chips == 1 for row in first.rows)
    best = max(candidates, key=lambda key: fitness([row for row in first.rows if row.key == key], PLAN.energy_weight))
    assert next(row.trial for row in first.rows if row.key == best) == first.winner.text == first.rows[-1].trial
    assert read_run(folder / "winner.bundle" / "runs" / "trial").images == 48
    assert sorted(path.name for path in folder.iterdir()) == [
        api.PAGE,
        TABLE,
        api.SHARED,
        "winner.bundle",
        "winner.keras",
    ]
    assert first.winner.text in (folder / api.PAGE).read_text()
    assert read_table(folder / TABLE, SearchRow) == list(first.rows)
    again = search(data, folder)
    assert (again.new, again.rows) == (0, first.rows)
    with pytest.raises(UserError, match="has a search of another model, of other data"):
        api.search(data, folder, SPACE, PLAN, OPTIONS, images=11)


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_to_the_same_table(data, tmp_path, monkeypatch):
    undisturbed = search(data, tmp_path / "undisturbed")
    write, written = api.write_table, []

    def killed(*arguments):
        write(*arguments)
        written.append(arguments)
        if len(written) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(api, "write_table", killed)
        with pytest.raises(KeyboardInterrupt):
            search(data, tmp_path / "killed")
    gone_on = search(data, tmp_path / "killed")
    assert gone_on.new == 1
    assert rows_as_bytes(gone_on.rows) == rows_as_bytes(undisturbed.rows)


@pytest.mark.slow
def test_a_cluster_finds_the_same_rows(data, tmp_path):
    pytest.importorskip("distributed", reason="needs ann2loihi[cluster]")
    """Workers see no file of the client, not even that of the board."""
    (tmp_path / "board.json").write_text('{"name": "mine", "chips": 4}')
    board = str(tmp_path / "board.json")
    alone = search(data, tmp_path / "alone", board=board)
    spread = search(data, tmp_path / "spread", board=board, workers=1)
    assert {row.board for row in alone.rows} == {"mine"}
    assert rows_as_bytes(alone.rows) == rows_as_bytes(spread.rows)


@pytest.mark.slow
def test_a_candidate_that_needs_too_many_chips_is_a_row(tmp_path):
    """One chip has 128 cores of 1,024 neurons."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "large.npz", x=rng.integers(0, 256, (6, 64, 64, 1), np.uint8), y=np.arange(6) % 2)
    space = Space(places=1, blocks=("conv3",), widths=(2, 128), reductions=(1,), pooling=("strided",))
    plan = Plan(candidates=9, population=2, shared_batches=0, tune_batches=1, winner_batches=1)
    found = api.search(tmp_path / "large.npz", tmp_path / "search", space, plan, OPTIONS, images=6)
    assert found.new == 2, "there are no more"
    problems = {row.trial: row.problem for row in found.rows}
    assert problems["2 conv3/2 strided"] is None
    assert problems["128 conv3/2 strided"] == "262,144 neurons need 2 chips, the most to use are 1"
    assert found.winner.width == 2
    assert "262,144 neurons" in (tmp_path / "search" / api.PAGE).read_text()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--widths", "8,x"], "write it as 8,16"),
        (["--blocks", "conv9"], "block 'conv9' is not known"),
        (["--candidates", "0", "--pooling", "max"], "candidates is 0"),
        (["--places", "1", "--reductions", "3"], "3 reductions do not fit 1 places"),
    ],
)
def test_values_that_cannot_be_are_refused(data, tmp_path, given, said):
    arguments = ["--data", data, "-o", tmp_path / "search", *given]
    result = CliRunner().invoke(search_model, [str(argument) for argument in arguments])
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "search").exists()


def test_images_of_one_class_are_refused(tmp_path):
    np.savez(tmp_path / "one.npz", x=np.zeros((4, 8, 8, 1), np.uint8), y=np.zeros(4, int))
    with pytest.raises(UserError, match=r"one\.npz has images of one class"):
        search(tmp_path / "one.npz", tmp_path / "search")
