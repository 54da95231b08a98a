"""A pytest plugin: what the suites of NengoLoihi and NengoDL expect of their own conftest, on this project's stack.

``--emulator`` says what computes the chip in NengoLoihi's tests; ``--outcomes`` names the JSON file to write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from convert.upstream.nengo_dl import load_nengo_dl
from convert.upstream.nengo_loihi import load_nengo_loihi

OUTCOMES: dict[str, tuple[str, str]] = {}
"""Of each test: how it ended, and the last line of why."""


def pytest_addoption(parser: Any) -> None:
    parser.addoption("--emulator", choices=["stock", "fast", "compared"], default="stock")
    parser.addoption("--outcomes", type=Path, required=True)
    parser.addoption("--data", type=Path, help="the folder of mnist10.pkl, which NengoLoihi's wheel has not")
    parser.addoption("--suite", choices=["nengo_loihi", "nengo_dl"], default="nengo_loihi")
    parser.addoption("--target", default="sim")
    parser.addoption("--dtype", default="float32")
    parser.addoption("--unroll-simulation", type=int, default=1)
    parser.addoption("--device", default=None)
    parser.addoption("--inference-only", action="store_true")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: Any) -> None:
    for marker in ("target_loihi", "requires_multichip_snips", "slow", "gpu"):
        config.addinivalue_line("markers", f"{marker}: of the suites")
    if config.getoption("--suite") == "nengo_dl":
        load_nengo_dl()
        return
    loihi = load_nengo_loihi()
    _bring_back_moved_modules()
    import_module("nengo_loihi.emulator.interface").EmulatorInterface.strict = True
    if config.getoption("--emulator") != "stock":
        from deploy.emulator import install

        install()
    if config.getoption("--emulator") == "compared":
        from .compared import ComparedEmulator

        loihi.simulator.EmulatorInterface = loihi.emulator.EmulatorInterface = ComparedEmulator


def _bring_back_moved_modules() -> None:
    """Nengo 4.1 has its convolutions elsewhere than the suite, which was written for 3.2, imports them from."""
    here = import_module("nengo.builder.transforms")
    package, module = ModuleType("nengo._vendor.npconv2d"), ModuleType("nengo._vendor.npconv2d.conv2d")
    module.conv2d, module.conv2d_gradx = here.conv2d, here.conv2d_gradx  # type: ignore[attr-defined]
    import_module("nengo._vendor").npconv2d = package  # type: ignore[attr-defined]
    package.conv2d = module  # type: ignore[attr-defined]
    sys.modules[package.__name__], sys.modules[module.__name__] = package, module


def pytest_collection_modifyitems(config: Any, items: Sequence[Any]) -> None:
    for item in items:
        if config.getoption("--data") and hasattr(item.module, "test_dir"):
            item.module.test_dir = str(config.getoption("--data"))
        if item.get_closest_marker("target_loihi"):
            item.add_marker(pytest.mark.skip(reason="needs a chip"))


def pytest_runtest_logreport(report: Any) -> None:
    if report.when == "call" or report.outcome != "passed":
        crash = getattr(report.longrepr, "reprcrash", None)
        outcome = report.outcome if not hasattr(report, "wasxfail") else f"{report.outcome}, expected to fail"
        OUTCOMES[report.nodeid] = (outcome, crash.message.splitlines()[0] if crash else "")


def pytest_sessionfinish(session: Any) -> None:
    seen = []
    if session.config.getoption("--emulator") == "compared":
        from .compared import SEEN

        seen = [one.as_dict() for one in SEEN]
    content = {"tests": OUTCOMES, "emulators": seen}
    session.config.getoption("--outcomes").write_text(json.dumps(content, indent=1) + "\n")
