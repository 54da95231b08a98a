"""Two commands at once on one bundle, started together: is the bundle whole, does each succeed or say why not?

    python -m benchmarks.reliability.races [--rounds 2]

Every pair of commands, each with itself too, so many times without and with --wait. One of them at least ends with 0,
the other too, or with 2 and the sentence that the bundle or a file is in use, or that what it needs has been replaced;
verify-model then finds nothing but what was made from what the other command has replaced; no hidden file is left. Exit
code 1 if that ever is not so.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections import Counter
from itertools import combinations_with_replacement
from pathlib import Path

from .forks import forked, started
from .kills import SUBJECTS, Subject
from .old_state import made_in
from .subjects import BUNDLE, results, write

REFUSED = re.compile("in use by another command|another command is writing|has no partition.json|has no runs")
LEFT_BEHIND = re.compile("was made from another|was made from .* too")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    rounds, seen, faults = parser.parse_args().rounds, Counter[str](), []
    with tempfile.TemporaryDirectory() as folder:
        old = made_in(Path(folder))
        for pair in combinations_with_replacement(SUBJECTS, 2):
            for wait in [False, True] * rounds:
                outcome, wrong = race(pair, wait, old, Path(folder) / "at")
                seen[outcome] += 1
                faults += wrong
                print(*(subject.command for subject in pair), wait, outcome, wrong, file=sys.stderr, flush=True)
    write(results("races"), {"races": seen.total(), "then": dict(sorted(seen.items())), "faults": faults})
    sys.exit(bool(faults))


def race(pair: tuple[Subject, Subject], wait: bool, old: Path, here: Path) -> tuple[str, list[str]]:
    """How the two ended, and what was wrong."""
    shutil.rmtree(here, ignore_errors=True)
    shutil.copytree(old, here)
    extra = ("--wait",) if wait else ()
    both = [started(subject.command, (*subject.arguments, *extra), here) for subject in pair]
    ends = [process.ended() for process in both]
    names = " and ".join(subject.command for subject in pair) + (" --wait" if wait else "")
    codes, faults = sorted(end.code for end in ends), []
    if codes not in ([0, 0], [0, 2]) or any(end.code == 2 and not REFUSED.search(end.said) for end in ends):
        faults.append(f"{names}: {[(end.code, end.said.strip()[-200:]) for end in ends]}")
    verified = forked("verify-model", (BUNDLE, "page.json"), here)
    problems = [line for line in verified.said.splitlines() if line.startswith("error:")]
    if verified.code not in (0, 2) or not all(LEFT_BEHIND.search(problem) for problem in problems):
        faults.append(f"{names}: {verified.said.strip()[-300:]}")
    if hidden := [str(path.relative_to(here)) for path in here.rglob(".*")]:
        faults.append(f"{names}: left {hidden}")
    return ("both succeed" if codes == [0, 0] else "one is refused in a sentence"), faults


if __name__ == "__main__":
    main()
