"""What memory there is: on this machine, and where a control group or a shell allows less."""

from __future__ import annotations

import subprocess
import sys

import pytest

from convert.errors import UserError
from convert.memory import limits
from convert.memory.foreseen import Foreseen, exceeded, require_memory
from convert.memory.limits import Limit, limit_of
from tests.builders.paths import ROOT

FEW = Foreseen({"for libraries": 2**20, "for weights": 2**29}, 12.4, 2**30, "3 neurons")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """/proc and /sys/fs/cgroup as files of the test: 8 GiB free, 1 GiB held."""
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable:    8388608 kB\n")
    (proc / "self" / "status").write_text("VmPeak: 5000000 kB\nVmRSS:     1048576 kB\n")
    monkeypatch.setattr(limits, "PROC", proc)
    monkeypatch.setattr(limits, "CGROUPS", groups)
    return tmp_path


def group(folder, **numbers):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in numbers.items():
        (folder / name.replace("__", ".")).write_text(f"{value}\n")


def test_what_is_free_and_what_is_held_is_there_to_take(machine):
    assert limit_of() == Limit(9 * 2**30, "free on this machine")
    assert limit_of(2**20) == Limit(2**20, "given with --memory")


def test_a_group_of_version_2_allows_less_and_so_does_one_around_it(machine):
    (machine / "proc" / "self" / "cgroup").write_text("0::/outer/inner\n")
    group(machine / "cgroup" / "outer" / "inner", memory__max="max", memory__current=2**30)
    group(machine / "cgroup" / "outer", memory__max=3 * 2**30, memory__current=2 * 2**30)
    assert limit_of() == Limit(2 * 2**30, "free in this control group")
    group(machine / "cgroup" / "outer", memory__stat=f"anon 5\ninactive_file {2**30}")
    assert limit_of() == Limit(3 * 2**30, "free in this control group")


def test_a_group_of_version_1_allows_less(machine):
    (machine / "proc" / "self" / "cgroup").write_text("9:cpu:/\n4:memory:/job\n0::/\n")
    group(machine / "cgroup" / "memory", memory__limit_in_bytes=2**63 - 4096, memory__usage_in_bytes=2**30)
    assert limit_of() == Limit(9 * 2**30, "free on this machine")
    group(machine / "cgroup" / "memory" / "job", memory__limit_in_bytes=2**31, memory__usage_in_bytes=2**30)
    assert limit_of() == Limit(2**31, "free in this control group")


def test_where_nothing_is_known_nothing_is_refused(machine):
    (machine / "proc" / "meminfo").unlink()
    assert limit_of() is None
    require_memory(FEW, None, ["use less"])


def test_more_than_there_is_is_refused_in_one_sentence():
    assert exceeded(FEW, 2**30) is None
    with pytest.raises(UserError) as caught:
        require_memory(FEW, 2**28, ["use fewer images"])
    assert caught.value.problems == (
        "about 513 MiB of memory are foreseen (512 MiB of it for weights), and there are 256 MiB given with --memory; "
        "use fewer images, or allow more with --memory 513M",
    )
    require_memory(FEW, 513 * 2**20, [])
    assert str(FEW) == "about 513 MiB, about 12 s of a core: estimated from 3 neurons"


def test_a_small_address_space_is_seen():
    code = (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        "from tests.convert.memory.test_limits import FEW\nfrom convert.memory.foreseen import require_memory\n"
        "require_memory(FEW, None, ['use less'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (
        "about 1.5 GiB of address space are foreseen (512 MiB of it for weights), and there are 1 GiB of address space "
        "(ulimit -v); use less, or allow more with ulimit -v"
    ) in done.stderr
