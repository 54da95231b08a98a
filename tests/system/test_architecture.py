"""How the packages may depend on each other, and what a quick command may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import entry_points, packages_distributions

import pytest

from tests.builders.paths import ROOT

ORDER = ("convert", "partition", "deploy")
"""Each package may import itself and those before it."""
SLOW = (
    "scipy",
    "tensorflow",
    "tf_keras",
    "keras",
    "nengo",
    "nengo_dl",
    "nengo_loihi",
    "numba",
    "matplotlib",
    "skimage",
)
COMMANDS = {
    "make-events": "convert.simulated_events.cli",
    "freeze-attention": "convert.attention.cli",
    "convert-model": "deploy.convert_model",
    "train-model": "convert.train_model",
    "partition-model": "partition.cli",
    "deploy-model": "deploy.cli",
    "export-model": "convert.export.cli",
    "energy-report": "deploy.report.cli",
    "verify-model": "deploy.verify.cli",
    "sweep-model": "deploy.sweep.cli",
    "search-model": "deploy.search.cli",
}


def imported(path):
    """The absolute names of the modules that the file ``path`` imports anywhere, inside functions too."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join((*above, *filter(None, [node.module])))
        elif isinstance(node, ast.Call) and "import_module" in (
            getattr(node.func, "id", ""),
            getattr(node.func, "attr", ""),
        ):
            yield from (part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant))


@pytest.mark.parametrize("package", ORDER)
def test_imports_point_one_way(package):
    later = ORDER[ORDER.index(package) + 1 :]
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    wrong = [
        (str(path), name)
        for path in files
        for name in imported(path)
        if name.split(".")[0] in (*later, "tests", "benchmarks", "examples")
    ]
    assert wrong == []


def test_the_check_sees_every_kind_of_import(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "convert" / "inner" / "a.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import deploy.api\nfrom partition import x\ndef f():\n    from ..b import c\n    from . import d\n"
        "    import_module(f'deploy.{c}')\n    importlib.import_module('deploy.x')\n"
    )
    assert sorted(imported(path)) == ["convert.b", "convert.inner", "deploy.", "deploy.api", "deploy.x", "partition"]


@pytest.mark.parametrize("package", ORDER)
def test_the_distribution_alone_owns_its_names(package):
    assert set(packages_distributions()[package]) == {"ann2loihi"}


def test_the_commands_are_installed():
    found = {
        entry.name: entry.value for entry in entry_points(group="console_scripts") if entry.dist.name == "ann2loihi"
    }
    assert found == {name: f"{module}:main" for name, module in COMMANDS.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_quick_and_shows_an_example(command):
    code = (
        f"import sys\nfrom {COMMANDS[command]} import main\n"
        f"try:\n    main(['--help'], prog_name='{command}')\nfinally:\n    print('LOADED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    shown, loaded = done.stdout.split("LOADED")
    assert f"Usage: {command}" in shown
    assert "Example: " in shown
    assert "--debug" in shown
    assert {name.split(".")[0] for name in loaded.split()} & set(SLOW) == set()
    assert done.stderr == ""


def test_importing_the_packages_is_quick():
    code = "import sys, convert, partition, deploy; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert {name.split(".")[0] for name in loaded.split()} & set(SLOW) == set()


@pytest.mark.parametrize("package", ["convert", "partition"])
def test_public_names_are_there(package):
    module = __import__(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = module.nothing


@pytest.mark.slow
def test_compiling_and_running_on_the_fast_emulator_starts_no_tensorflow():
    code = (
        "import sys\nfrom random import Random\n"
        "from tests.builders.random_networks import random_case\nfrom deploy.emulator import compile_network, run\n"
        "case = random_case(Random(3))\nrun(compile_network(case.network, case.partition), case.drives_hz)\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert {name.split(".")[0] for name in loaded.split()} & {"tensorflow", "tf_keras", "keras", "nengo_dl"} == set()


def test_compiled_code_is_renewed_when_any_of_its_files_changes():
    from deploy.emulator.numba_jit import COMPILED_IN

    emulator = ROOT / "deploy" / "emulator"
    sources = [path for path in emulator.glob("*.py") if "@compiled" in path.read_text() or path.name in COMPILED_IN]
    used = {name.split(".")[-1] + ".py" for path in sources for name in imported(path) if "deploy.emulator" in name}
    assert used == set(COMPILED_IN)
