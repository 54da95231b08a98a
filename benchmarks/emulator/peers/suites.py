"""The suites of NengoLoihi (with its own emulator, and with ours beside it) and of NengoDL's converter, on this stack.

Run with ``make peers``, which makes the folder of pytest 8 and the plugins that the suites need; exits with 1 if any
state differs or a test ends otherwise with our emulator, each time that it runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..record import RESULTS, machine, table

ROOT = Path(__file__).parents[3]

RUNS = {
    "NengoLoihi, its own emulator": ("nengo_loihi", "--emulator", "stock"),
    "NengoLoihi, ours beside its own": ("nengo_loihi", "--emulator", "compared"),
    "NengoDL's converter": ("nengo_dl.tests.test_converter", "--suite", "nengo_dl"),
}

AGAIN = 4
"""How often a test that ended otherwise with the two emulators runs again: some builds of one network fail it."""

KINDS = ("identical", "refused", "never run", "both raise", "different")
"""What ``compared`` finds about a simulator."""


def run(package: str, *options: str, plugins: Path, data: Path | None) -> dict[str, Any]:
    """What the plugin writes about one run of pytest: ``tests`` {name: [outcome, reason]} and ``emulators``."""
    suite = package.split(".")[0]
    found = find_spec(suite)
    assert found is not None, f"{suite} is not installed"
    assert found.submodule_search_locations
    packages = Path(found.submodule_search_locations[0]).parent
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{plugins}{os.pathsep}{ROOT}"}
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder) / "outcomes.json"
        command = [sys.executable, "-m", "pytest", "-c", str(Path(__file__).with_name("suites.ini"))]
        command += ["--rootdir", str(packages), "-o", f"nengo_simloader={suite}.tests.make_test_sim"]
        command += [*options, *(["--data", str(data)] if data else []), "--outcomes", str(outcomes)]
        subprocess.run([*command, "--pyargs", package], env=environment, cwd=ROOT, check=False)
        content: dict[str, Any] = json.loads(outcomes.read_text())
    return content


def unlike(runs: Mapping[str, dict[str, Any]]) -> list[str]:
    """The tests that end otherwise with our emulator than with NengoLoihi's own."""
    stock, ours = (runs[name]["tests"] for name in list(RUNS)[:2])
    return [test for test, (outcome, _) in ours.items() if outcome != stock[test][0]]


def seen_again(tests: Sequence[str], plugins: Path, data: Path | None) -> dict[str, list[set[str]]]:
    """Of each test: the outcomes in ``AGAIN`` more runs with NengoLoihi's own emulator, and with ours."""
    functions = " or ".join(sorted({test.split("::")[-1].split("[")[0] for test in tests}))
    emulators = list(RUNS.values())[:2]
    again = [
        [run(*how, "-k", functions, plugins=plugins, data=data)["tests"] for _ in range(AGAIN)] for how in emulators
    ]
    return {test: [{content[test][0] for content in contents} for contents in again] for test in tests}


def failures(runs: Mapping[str, dict[str, Any]]) -> list[list[str]]:
    """Of each test function and reason: in how many cases it fails, with which emulator."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for name, content in runs.items():
        for test, (outcome, reason) in content["tests"].items():
            if outcome == "failed":
                function = test.split("::")[-1].split("[")[0]
                rows.setdefault((function, _short(reason)), Counter())[name] += 1
    return [
        [function, reason, *(str(counts[name] or "") for name in runs)]
        for (function, reason), counts in sorted(rows.items())
    ]


def _outcomes(outcomes: set[str]) -> str:
    return " or ".join(sorted(outcomes))


def _short(reason: str) -> str:
    """Without folders, which differ from machine to machine."""
    words = [Path(word.strip("'\"")).name if "/" in word else word for word in reason.split()]
    return " ".join(words)[:110].replace("|", "/")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", type=Path, required=True, help="the folder that pip installed pytest < 9 into")
    parser.add_argument("--data", type=Path, help="the folder of mnist10.pkl, which NengoLoihi's wheel has not")
    parser.add_argument("--out", type=Path, default=RESULTS / "suites.json")
    options = parser.parse_args(arguments)
    plugins, data = options.plugins.resolve(), options.data and options.data.resolve()
    runs = {name: run(*how, plugins=plugins, data=data) for name, how in RUNS.items()}
    again = seen_again(unlike(runs), plugins, data) if unlike(runs) else {}
    return report(runs, again, options.out)


def report(runs: Mapping[str, dict[str, Any]], again: Mapping[str, list[set[str]]], out: Path) -> int:
    """Prints the tables, writes what they are made of; 1 if anything is not as with NengoLoihi's own emulator."""
    outcomes = {name: Counter(outcome for outcome, _ in content["tests"].values()) for name, content in runs.items()}
    kinds = list(dict.fromkeys(kind for counts in outcomes.values() for kind in counts))
    print(table(["suite", *kinds], [[name, *(counts[kind] for kind in kinds)] for name, counts in outcomes.items()]))
    ours = runs[list(RUNS)[1]]
    emulators = ours["emulators"]
    seen = Counter(emulator["kind"] for emulator in emulators)
    spikes, voltages = (sum(emulator[key] for emulator in emulators) for key in ("spikes", "voltages"))
    print()
    print(table(["simulators", *KINDS], [[len(emulators), *(seen[kind] for kind in KINDS)]]))
    print(f"\n{spikes:,} spikes and {voltages:,} voltages compared\n")
    print(table(["fails", "why", *runs], failures(runs)))
    only_ours = []
    for test, (stock_again, ours_again) in again.items():
        ends = f"with NengoLoihi's own emulator {_outcomes(stock_again)}, with ours {_outcomes(ours_again)}"
        print(f"{test} ended otherwise; run {AGAIN} more times with each: {ends}")
        if not stock_again & ours_again:
            only_ours.append(test)
    found: dict[str, Any] = {"machine": machine(), "outcomes": outcomes, "emulators": seen}
    found |= {"spikes": spikes, "voltages": voltages, "failures": failures(runs)}
    found |= {"unsteady": [*again], "only_ours": only_ours}
    out.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if seen["different"] or only_ours else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
