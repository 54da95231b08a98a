"""The watts that one logical processor answers for, where its energy cannot be measured."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from convert.timings import processor_name

from .devices import PACKAGE_SOURCE, PACKAGE_WATTS_PER_CORE

CPUINFO = Path("/proc/cpuinfo")
THREADS_PER_CORE = 2
"""Of server processors with simultaneous multithreading, on whose cores virtual machines get logical processors."""


@dataclass(frozen=True)
class CoreWatts:
    """Power of one busy logical processor, and where the number comes from."""

    watts: float
    origin: str


def core_watts(package_watts: float | None = None, *, name: str | None = None, cpuinfo: Path = CPUINFO) -> CoreWatts:
    """A logical processor's share of ``package_watts`` (of all processors of this machine) or of the processor's TDP,
    by codecarbon's table; else the stated power of another processor."""
    if package_watts is not None:
        count = os.cpu_count() or 1
        given = f"{package_watts:g} W given for the {count} logical processors of this machine"
        return CoreWatts(package_watts / count, given)
    name = name or processor_name()
    tdp, why_not = _tdp(name)
    sharing = _logical_processors_of(name, cpuinfo)
    if tdp is not None and sharing is not None:
        return CoreWatts(
            tdp / sharing, f"a TDP of {tdp:g} W for {name} (codecarbon's table), {sharing} logical processors"
        )
    if tdp is not None:
        why_not = f"{name} has a TDP of {tdp:g} W, but a virtual machine does not say how many processors share it"
    return CoreWatts(PACKAGE_WATTS_PER_CORE, f"assumed: {PACKAGE_SOURCE}, not known to be this processor: {why_not}")


def _tdp(name: str) -> tuple[float | None, str]:
    """The thermal design power of the processor called ``name``, or why it is not known."""
    if find_spec("codecarbon") is None:
        return None, "codecarbon, which has a table, is not installed; pip install 'ann2loihi[power]' brings it"
    from codecarbon.core.cpu import TDP
    from codecarbon.input import DataSource

    table = DataSource().get_cpu_power_data()
    match = TDP._get_matching_cpu(TDP.__new__(TDP), name, table)
    if match is None:
        return None, f"codecarbon's table has no processor that is surely '{name}'"
    return TDP._get_cpu_constant_power(match, table), ""


def _logical_processors_of(name: str, cpuinfo: Path) -> int | None:
    """Logical processors of one package: counted, on a virtual machine by the cores in its name; None: not known."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        return None
    if " hypervisor" in text:
        cores = re.search(r"(\d+)-Core", name)
        return int(cores[1]) * THREADS_PER_CORE if cores else None
    siblings = re.search(r"^siblings\s*:\s*(\d+)$", text, re.MULTILINE)
    return int(siblings[1]) if siblings else None
