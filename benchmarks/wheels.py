"""Which wheels there are of the packages that this one needs, for Python 3.10 to 3.13 on other systems and processors.

    python -m benchmarks.wheels INDEX

INDEX is the address of a simple index of packages, as pip's --index-url. It is asked once about each package of
``COMPILED`` at the version of constraints.txt; prints a table. Pure Python packages run anywhere and are left out.
"""

from __future__ import annotations

import re
import sys
import urllib.request
from pathlib import Path

from packaging.markers import Marker

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
PYTHONS = ("310", "311", "312", "313")
SYSTEMS = {
    "Linux x86-64": r"manylinux.*x86_64",
    "Linux ARM64": r"manylinux.*aarch64",
    "macOS ARM64": r"macosx.*(arm64|universal2)",
    "macOS x86-64": r"macosx.*(x86_64|universal2)",
    "Windows x86-64": r"win_amd64",
    "Windows ARM64": r"win_arm64",
}
COMPILED = (
    *("tensorflow", "numpy", "scipy", "numba", "llvmlite", "matplotlib", "pillow", "scikit-image", "pymetis"),
    *("mtkahypar", "scs", "h5py", "onnx", "msgspec", "ai-edge-litert", "ml_dtypes", "grpcio", "libclang", "wrapt"),
    *("optree", "contourpy", "kiwisolver", "MarkupSafe", "protobuf"),
)
"""What setup.cfg asks for, and what that asks for, with compiled code."""


def pinned(python: str) -> dict[str, str]:
    """The version of each package of ``COMPILED`` for a Python, as 312."""
    found = {}
    for line in CONSTRAINTS.read_text().splitlines():
        requirement, _, marker = line.partition(";")
        name, _, version = requirement.strip().partition("==")
        if name in COMPILED and (not marker or Marker(marker).evaluate({"python_version": f"3.{python[1:]}"})):
            found[name] = version
    return found


def _fits(wheel: str, python: str) -> bool:
    tag = wheel.split("-")[-3]
    stable = re.search(r"cp(3\d+)-abi3", wheel)
    return bool({f"cp{python}", "py3"} & set(tag.split("."))) or bool(stable and int(stable[1]) <= int(python))


def cell(pythons: list[str]) -> str:
    """Which Pythons, in words."""
    if set(pythons) >= set(PYTHONS):
        return "yes"
    return ", ".join(f"3.{python[1:]}" for python in pythons) if pythons else "**no**"


def wheels_of(name: str, index: str) -> list[str]:
    """The names of a package's wheels, of all versions."""
    with urllib.request.urlopen(f"{index.rstrip('/')}/{name.lower().replace('_', '-')}/", timeout=60) as answer:
        return re.findall(r">([^<>]+\.whl)<", answer.read().decode())


def cells_of(name: str, index: str) -> list[str]:
    """For each system the Pythons that have a wheel of the version that is pinned for them."""
    versions = {python: pinned(python)[name] for python in PYTHONS}
    wheels = [wheel for wheel in wheels_of(name, index) if wheel.split("-")[1] in versions.values()]
    cells = []
    for system in SYSTEMS.values():
        fitting = [wheel for wheel in wheels if wheel.endswith("-any.whl") or re.search(system, wheel)]
        cells.append(cell([p for p in PYTHONS if any(w.split("-")[1] == versions[p] and _fits(w, p) for w in fitting)]))
    return cells


def main(index: str) -> None:
    """Prints a row for each package that lacks something, and the names of the others."""
    whole = []
    print("| package | " + " | ".join(SYSTEMS) + " |\n|---|" + "---|" * len(SYSTEMS))
    for name in COMPILED:
        cells = cells_of(name, index)
        if set(cells) == {"yes"}:
            whole.append(name)
        else:
            print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nWheels for all: {', '.join(whole)}")


if __name__ == "__main__":
    main(sys.argv[1])
