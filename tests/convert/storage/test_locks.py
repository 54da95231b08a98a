"""Locks on files and folders: who may be at one at the same time, and what is left when a process is killed."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from convert.errors import UserError
from convert.storage.locks import in_use, locked

HOLD = "import sys, time; from pathlib import Path; from convert.storage.locks import locked\n"
HOLD += "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def test_one_alone_or_many_readers(tmp_path):
    with locked(tmp_path, shared=True), locked(tmp_path, shared=True):
        assert in_use(tmp_path)
        with pytest.raises(UserError, match=r"is in use by another command; let it end first, or add --wait$"):
            locked(tmp_path).__enter__()
    assert not in_use(tmp_path)
    with locked(tmp_path):
        assert in_use(tmp_path)


def test_a_lock_ends_with_its_process(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        assert in_use(tmp_path)
        holder.kill()
        holder.wait()
        assert not in_use(tmp_path)
    finally:
        holder.kill()


def test_who_waits_gets_it_when_it_is_free(tmp_path):
    got = threading.Event()

    def second():
        with locked(tmp_path, wait=True):
            got.set()

    with locked(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        assert not got.wait(0.5)
    thread.join(10)
    assert got.is_set()


def test_who_waits_for_a_folder_that_is_replaced_gets_the_new_one(tmp_path):
    folder, found = tmp_path / "a", []
    folder.mkdir()

    def second():
        with locked(folder, wait=True):
            found.append(in_use(folder))

    with locked(folder):
        thread = threading.Thread(target=second)
        thread.start()
        folder.rename(tmp_path / "b")
        folder.mkdir()
    thread.join(10)
    assert found == [True]


def test_what_is_not_there_is_not_locked(tmp_path):
    with locked(tmp_path / "none"):
        assert not in_use(tmp_path / "none")
