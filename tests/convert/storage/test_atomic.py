"""Files and folders that appear whole or not at all, whatever happens on the way."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from convert.errors import UserError
from convert.storage.atomic import whole_files, whole_folder
from convert.storage.recovery import recover, recover_in

WRITE = """
import os, signal, sys
from pathlib import Path
from convert.storage import atomic
folder, at = Path(sys.argv[1]), int(sys.argv[2])
rename, calls = os.rename, 0
def killing(source, target):
    global calls
    if calls == at:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)
    calls += 1
    if calls == at and len(sys.argv) > 3:
        os.kill(os.getpid(), signal.SIGKILL)
os.rename = killing
with atomic.whole_folder(folder, force=True) as new:
    (new / "content").write_text("new")
"""

WRITE_BOTH = """
import os, signal, sys
from pathlib import Path
from convert.storage import atomic
folder, at, seen = Path(sys.argv[1]), int(sys.argv[2]), 0
def killing(event, arguments):
    global seen
    if event in ("os.rename", "os.remove"):
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
with atomic.whole_files([folder / "one.svg", folder / "two.json"]) as files:
    for file in files:
        file.write_text("new")
    sys.addaudithook(killing)
"""
"""Dies before one of the renames and removals by which two files are replaced."""


def write(folder, text="new", *, force=True, ours=None, before_the_end=lambda: None):
    with whole_folder(folder, force=force, ours=ours) as new:
        (new / "content").write_text(text)
        before_the_end()


def write_both(one, two, before_the_end=lambda first, second: None):
    with whole_files([one, two]) as (first, second):
        for path in (first, second):
            path.write_text("new")
        before_the_end(first, second)


def fail(*given):
    raise ZeroDivisionError


def content(folder):
    return (folder / "content").read_text()


def old_folder(tmp_path):
    folder = tmp_path / "a.bundle"
    folder.mkdir()
    (folder / "content").write_text("old")
    return folder


@pytest.mark.parametrize("place", ["0", "1", "2", "1 after", "2 after"])
def test_killed_while_the_old_gives_way_to_the_new(place, tmp_path):
    folder = old_folder(tmp_path)
    done = subprocess.run([sys.executable, "-c", WRITE, folder, *place.split()], check=False)
    killed = place not in ("2", "2 after") or done.returncode < 0
    assert killed or content(folder) == "new"
    recover(folder)
    assert content(folder) in ("old", "new")
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("old", [("one.svg", "two.json"), (), ("one.svg",), ("two.json",)], ids=" ".join)
@pytest.mark.parametrize("at", range(1, 8))
def test_killed_while_two_files_give_way_together(at, old, tmp_path):
    """Whatever was there before: then both are new, or all is as it was."""
    for name in old:
        (tmp_path / name).write_text("old")
    done = subprocess.run([sys.executable, "-c", WRITE_BOTH, tmp_path, str(at)], check=False)
    recover(tmp_path / "one.svg", tmp_path / "two.json")
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found in (dict.fromkeys(old, "old"), dict.fromkeys(("one.svg", "two.json"), "new"))
    assert done.returncode < 0 or found == dict.fromkeys(("one.svg", "two.json"), "new")
    write_both(tmp_path / "one.svg", tmp_path / "two.json")
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["new", "new"]


def test_what_another_command_still_writes_is_left_alone(tmp_path):
    one, two = tmp_path / "one.svg", tmp_path / "two.json"
    one.write_text("old")
    two.write_text("old")

    def meanwhile(*besides):
        recover(one, two)
        assert all(path.exists() for path in besides)

    write_both(one, two, meanwhile)
    assert (one.read_text(), two.read_text()) == ("new", "new")


def test_every_run_that_a_killed_command_set_aside_comes_back(tmp_path):
    for name in ("fast", "a.b", ".old.fast"):
        (tmp_path / f".{Path(name).stem}.old{Path(name).suffix}").mkdir()
    recover_in(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["fast", "a.b", ".old.fast"])


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(5, "Input/output error")])
def test_interrupted_while_the_old_gives_way_to_the_new(at, error, tmp_path, monkeypatch):
    folder, calls, rename = old_folder(tmp_path), [], os.rename

    def interrupted(source, target):
        calls.append(source)
        if len(calls) == at + 1:
            raise error
        rename(source, target)

    with pytest.raises((KeyboardInterrupt, UserError)):
        write(folder, before_the_end=lambda: monkeypatch.setattr(os, "rename", interrupted))
    assert content(folder) == "old"
    assert list(tmp_path.iterdir()) == [folder]


def test_an_error_in_the_block_leaves_the_old(tmp_path):
    folder = old_folder(tmp_path)
    with pytest.raises(ZeroDivisionError):
        write(folder, before_the_end=fail)
    with pytest.raises(ZeroDivisionError):
        write_both(folder / "content", folder / "more", fail)
    assert content(folder) == "old"
    assert list(tmp_path.iterdir()) == [folder]


def test_what_a_user_keeps_in_the_folder_is_kept(tmp_path):
    folder = old_folder(tmp_path)
    (folder / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match=r"holds files of yours \(thesis.tex\) and is kept; move them or choose"):
        write(folder, ours=lambda path: path.name == "content")
    assert (folder / "thesis.tex").read_text() == "mine"


def test_two_writers_of_one_name(tmp_path):
    def second():
        with pytest.raises(UserError, match=r"another command is writing .*/a; let it end, or choose another name$"):
            write(tmp_path / "a", "second")

    write(tmp_path / "a", "first", before_the_end=second)
    assert content(tmp_path / "a") == "first"


def test_what_appeared_meanwhile_is_kept(tmp_path):
    with pytest.raises(UserError, match="exists already and is kept"):
        write(tmp_path / "a", force=False, before_the_end=lambda: old_folder(tmp_path).rename(tmp_path / "a"))
    assert content(tmp_path / "a") == "old"


def test_two_files_are_replaced_together(tmp_path):
    one, two = tmp_path / "one.svg", tmp_path / "two.json"
    one.write_text("old")
    with pytest.raises(UserError, match=r"cannot write .*two.json"):
        write_both(one, two, lambda first, second: second.unlink())
    assert one.read_text() == "old"
    assert list(tmp_path.iterdir()) == [one]
    write_both(one, two, lambda first, second: [path.suffix for path in (first, second)] == [".svg", ".json"] or fail())
    assert (one.read_text(), two.read_text()) == ("new", "new")


def test_a_file_that_may_not_grow_so_large(tmp_path):
    """As on a full disk: the old file stays, and the sentence says why."""
    path = tmp_path / "a.npz"
    path.write_bytes(b"old")
    program = "import sys; from pathlib import Path; from convert.storage.atomic import whole_file\n"
    program += "with whole_file(Path(sys.argv[1])) as new: new.write_bytes(bytes(10_000_000))"

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run(
        [sys.executable, "-c", program, path], preexec_fn=small_files, capture_output=True, text=True, check=False
    )
    assert "UserError: cannot write" in done.stderr
    assert "File too large; choose a folder with room" in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_that_no_file_system_takes(tmp_path):
    with pytest.raises(UserError, match="a name of 300 bytes, more than 240"):
        write(tmp_path / ("x" * 300))
