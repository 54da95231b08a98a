"""Commands that are killed while they replace what a bundle holds: is there the old or the new, never a mix?

    python -m benchmarks.reliability.kills [--random 25] [--convert 20] [--last 0] [--seed 0]

Every command that writes, with --force, dies by SIGKILL before each of its operations on files in the bundle (some of
them for convert-model), and at random times. After each kill: what lies there is the old or the new, or what puts it
right lies beside it; another command that reads the bundle succeeds; the same command succeeds, leaves the new whole,
and nothing else. Exit code 1 if that ever is not so.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .forks import forked
from .old_state import made_in, require
from .subjects import BUNDLE, DATA, OTHER_MODEL, contents, results, write


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
        ("verify-model", BUNDLE),
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
    parser.add_argument("--last", type=int, default=0, help="only before the last so many operations (0: before all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one command")
    given = parser.parse_args()
    rng, found = Random(given.seed), {}
    with tempfile.TemporaryDirectory() as folder:
        old = made_in(Path(folder))
        for subject in SUBJECTS:
            if given.only in (None, subject.command):
                found[subject.command] = killed(subject, old, rng, given)
                print(subject.command, found[subject.command], file=sys.stderr, flush=True)
    write(results("kills"), found)
    sys.exit(any(entry["faults"] for entry in found.values()))


def killed(subject: Subject, old: Path, rng: Random, given: argparse.Namespace) -> dict[str, object]:
    """What came of all kills of one command."""
    with tempfile.TemporaryDirectory() as place:
        new = shutil.copytree(old, Path(place) / "new")
        begin_s = time.monotonic()
        operations = require(forked(subject.command, subject.arguments, new)).operations
        duration_s = time.monotonic() - begin_s
        last = range(1, operations + 1)[-given.last :]
        at: list[int | float] = [*last]
        times = given.random
        if subject.command == "convert-model":
            at, times = sorted(rng.sample(at, min(len(at), given.convert // 2))), given.convert - given.convert // 2
        at += [rng.uniform(0, duration_s) for _ in range(times)]
        seen, faults = Counter[str](), []
        for moment in at:
            state, wrong = one_kill(subject, moment, old, contents(new), Path(place) / "at")
            seen[state] += 1
            print(subject.command, moment, state, wrong, file=sys.stderr, flush=True)
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
    at, after_s = (moment, None) if isinstance(moment, int) else (0, moment)
    forked(subject.command, subject.arguments, here, at=at, after_s=after_s)
    before = contents(old)
    state, faults = state_of(contents(here), before, new), []
    left = [str(path.relative_to(here)) for path in here.rglob(".*")]
    if state == "mixed" and not left:
        faults.append("a mix of old and new, and nothing left to put it right by")
    reader = forked(subject.reader[0], subject.reader[1:], here)
    if reader.code:
        faults.append(f"{subject.reader[0]} then: {reader.said.strip()[-300:]}")
    again = forked(subject.command, subject.arguments, here)
    if again.code:
        faults.append(f"the same again: {again.said.strip()[-300:]}")
    after = contents(here, hidden=True)
    if hidden := [str(path.relative_to(here)) for path in here.rglob(".*")]:
        faults.append(f"left after the next runs: {hidden}")
    if wrong := [name for name, content in new.items() if of_command(subject, name) and after.get(name) != content]:
        faults.append(f"not the new after the next run: {wrong}")
    if left and "note:" not in reader.said + again.said and not all("unfinished" in name for name in left):
        faults.append(f"nobody said that this was put right: {left}")
    return state, faults


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
