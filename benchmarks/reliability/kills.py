"""Commands that are killed while they replace what a bundle holds: is there the old or the new, never a mix?

    python -m benchmarks.reliability.kills [--random 25] [--convert 20] [--seed 0]

Every command that writes, with --force, dies by SIGKILL before each of its operations on files in the bundle (some of
them for convert-model), and at random times. After each kill: what lies there is the old or the new, or what puts it
right lies beside it; another command that reads the bundle succeeds; the same command succeeds, leaves the new whole,
and nothing else. Exit code 1 if that ever is not so.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .subjects import BUNDLE, DATA, MODEL, OTHER_MODEL, contents, environment, make, program, ran, results, write

COUNT = """
import atexit, os, signal, sys
OPERATIONS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "shutil.copyfile", "os.truncate"}
AT, FOLDER, SEEN = int(sys.argv.pop(1)), os.getcwd(), [0]
def changes(event, arguments):
    if event == "open":
        return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in OPERATIONS
def watch(event, arguments):
    if event != "open" and event not in OPERATIONS or not isinstance(arguments[0], (str, os.PathLike)):
        return
    if os.path.abspath(os.fspath(arguments[0])).startswith(FOLDER) and changes(event, arguments):
        SEEN[0] += 1
        if SEEN[0] == AT:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
atexit.register(lambda: os.write(2, f"OPERATIONS {SEEN[0]}\\n".encode()))
"""
"""Counts a process's operations on files below its folder, and kills it before one of them."""


@dataclass(frozen=True)
class Subject:
    """A command that replaces something, and another one that reads it."""

    command: str
    arguments: tuple[str, ...]
    reader: tuple[str, ...]


SUBJECTS = (
    Subject(
        "partition-model",
        (BUNDLE, "--board", "nahuku-8", "--objective", "hops", "--force"),
        ("deploy-model", BUNDLE, "--data", DATA, "--images", "2", "--no-measure", "--name", "reader"),
    ),
    Subject(
        "deploy-model",
        (BUNDLE, "--data", DATA, "--images", "6", "--no-measure", "--force"),
        ("energy-report", BUNDLE, "-o", "reader.html"),
    ),
    Subject(
        "energy-report",
        (BUNDLE, "-o", "page.html", "--static-watts", "0.5", "--force"),
        ("partition-model", BUNDLE, "--force", "--board", "nahuku-8"),
    ),
    Subject(
        "convert-model",
        (OTHER_MODEL, "--data", DATA, "-o", BUNDLE, "--timesteps", "32", "--max-pooling", "average", "--force"),
        ("verify-model", BUNDLE),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=25, help="kills at random times, but for convert-model")
    parser.add_argument("--convert", type=int, default=20, help="kills of convert-model, half of them at random times")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one command")
    given = parser.parse_args()
    rng, found = Random(given.seed), {}
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "old"
        make(old)
        for command in before():
            require(ran(program(*command), old))
        for subject in SUBJECTS:
            if given.only in (None, subject.command):
                found[subject.command] = killed(subject, old, rng, given)
                print(subject.command, found[subject.command], file=sys.stderr, flush=True)
    write(results("kills"), found)
    sys.exit(any(entry["faults"] for entry in found.values()))


def before() -> Iterator[list[str]]:
    """What makes the old state."""
    yield ["convert-model", MODEL, "--data", DATA, "-o", BUNDLE, "--timesteps", "32", "--max-pooling", "average"]
    yield ["partition-model", BUNDLE, "--board", "kapoho-bay"]
    yield ["deploy-model", BUNDLE, "--data", DATA, "--images", "4", "--no-measure"]
    yield ["energy-report", BUNDLE, "-o", "page.html"]


def require(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        raise SystemExit(f"{done.args[2][-80:]}: {done.stderr}")
    return done.stderr


def killed(subject: Subject, old: Path, rng: Random, given: argparse.Namespace) -> dict[str, object]:
    """What came of all kills of one command."""
    with tempfile.TemporaryDirectory() as place:
        new = shutil.copytree(old, Path(place) / "new")
        begin_s = time.monotonic()
        said = require(ran(program(subject.command, "0", *subject.arguments, before=COUNT), new))
        duration_s = time.monotonic() - begin_s
        operations = int(re.findall(r"OPERATIONS (\d+)", said)[0])
        at: list[int | float] = list(range(1, operations + 1))
        times = given.random
        if subject.command == "convert-model":
            at, times = sorted(rng.sample(at, min(len(at), given.convert // 2))), given.convert - given.convert // 2
        at += [rng.uniform(0, duration_s) for _ in range(times)]
        seen, faults = Counter[str](), []
        for moment in at:
            state, wrong = one_kill(subject, moment, old, contents(new), Path(place) / "at")
            seen[state] += 1
            faults += [f"killed at {moment}: {fault}" for fault in wrong]
    return {
        "kills": len(at),
        "operations": operations,
        "duration_s": round(duration_s, 1),
        "then": dict(sorted(seen.items())),
        "faults": faults,
    }


def one_kill(subject: Subject, moment: float, old: Path, new: dict[str, bytes], here: Path) -> tuple[str, list[str]]:
    """What lay there after a kill before the operation or at the time ``moment``; what was wrong then or later."""
    shutil.rmtree(here, ignore_errors=True)
    shutil.copytree(old, here)
    kill(subject, moment, here)
    before = contents(old)
    state, faults = state_of(contents(here), before, new), []
    left = [str(path.relative_to(here)) for path in here.rglob(".*")]
    if state == "mixed" and not left:
        faults.append("a mix of old and new, and nothing left to put it right by")
    reader = ran(program(*subject.reader), here)
    if reader.returncode:
        faults.append(f"{subject.reader[0]} then: {reader.stderr.strip()[-300:]}")
    again = ran(program(subject.command, *subject.arguments), here)
    if again.returncode:
        faults.append(f"the same again: {again.stderr.strip()[-300:]}")
    after = contents(here, hidden=True)
    if hidden := [str(path.relative_to(here)) for path in here.rglob(".*")]:
        faults.append(f"left after the next runs: {hidden}")
    if wrong := [name for name, content in new.items() if of_command(subject, name) and after.get(name) != content]:
        faults.append(f"not the new after the next run: {wrong}")
    if left and "note:" not in reader.stderr + again.stderr and not all("unfinished" in name for name in left):
        faults.append(f"nobody said that this was put right: {left}")
    return state, faults


def kill(subject: Subject, moment: float, here: Path) -> None:
    at = moment if isinstance(moment, int) else 0
    process = subprocess.Popen(
        program(subject.command, str(at), *subject.arguments, before=COUNT),
        cwd=here,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if not isinstance(moment, int):
        time.sleep(moment)
        process.kill()
    process.wait()


def state_of(found: dict[str, bytes], old: dict[str, bytes], new: dict[str, bytes]) -> str:
    if found == old:
        return "old"
    if found == new:
        return "new"
    of_old, of_new = (all(whole.get(name) == content for name, content in found.items()) for whole in (old, new))
    return "old, some set aside" if of_old else "new, some not there yet" if of_new else "mixed"


def of_command(subject: Subject, name: str) -> bool:
    """Whether the file ``name`` is one that the command writes, and nothing that the reader has written since."""
    wanted = {
        "partition-model": "partition.",
        "deploy-model": "runs/fast/",
        "energy-report": "page.",
        "convert-model": BUNDLE,
    }
    return wanted[subject.command] in name


if __name__ == "__main__":
    main()
