"""What is done of a piece of work that was killed."""

from __future__ import annotations

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


def test_what_another_command_is_at_is_refused(tmp_path):
    with unfinished(tmp_path / "work", "one", what="work"):
        second = unfinished(tmp_path / "work", "one", what="work")
        with pytest.raises(UserError, match="is in use by another command"):
            second.__enter__()
