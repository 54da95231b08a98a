"""What is done of a piece of work that was killed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from convert.errors import UserError
from convert.storage.unfinished import unfinished


def killed(target, signature, text=None):
    """Work that is killed after it has written ``text``."""
    with unfinished(target, signature, what="work") as folder:
        if text is not None:
            (folder / "part").write_text(text)
        raise KeyboardInterrupt


def test_what_is_done_is_there_again_for_the_same_signature_only(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        killed(tmp_path / "work", "one", "done")
    with unfinished(tmp_path / "work", "another", what="work") as folder:
        assert not list(folder.iterdir())
        with unfinished(tmp_path / "work", "one", what="work") as same:
            assert (same / "part").read_text() == "done"
    assert not list(tmp_path.iterdir())


def test_what_is_left_of_the_same_name_goes_when_one_is_finished(tmp_path):
    for name in ("work", "other"):
        with pytest.raises(KeyboardInterrupt):
            killed(tmp_path / name, "one", "done")
    with unfinished(tmp_path / "work", "another", what="work"):
        assert len(list(tmp_path.iterdir())) == 3
    assert [path.name for path in tmp_path.iterdir()] == [".other.one.unfinished"]


def test_folders_made_for_nothing_go_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        killed(tmp_path / "a" / "b" / "work", "one")
    assert not list(tmp_path.iterdir())


def test_what_another_command_is_at_is_refused_and_left_to_it(tmp_path):
    with unfinished(tmp_path / "work", "one", what="work") as folder:
        second = unfinished(tmp_path / "work", "one", what="work")
        with pytest.raises(UserError, match="is in use by another command"):
            second.__enter__()
        assert folder.is_dir()


def test_who_waits_for_the_first_has_a_folder_when_that_one_has_removed_it(tmp_path):
    entered = Event()

    def second():
        with unfinished(tmp_path / "work", "one", what="work", wait=True) as folder:
            entered.set()
            return folder.is_dir() and not list(folder.iterdir())

    with ThreadPoolExecutor(1) as pool:
        with unfinished(tmp_path / "work", "one", what="work") as folder:
            (folder / "part").write_text("of the first")
            waiting = pool.submit(second)
            assert not entered.wait(0.5)
        assert waiting.result()
    assert not list(tmp_path.iterdir())
